import type { AccessKind, Attempt, Outside } from '../../access/kind';
import type { Grant } from '../../domain/grants';
import { guests } from '../../local/tenant/seed/ids';
import { newGuest, purgeGuest } from './newGuest';
import { outsideOf } from './recordedCalls';
import { isWrite } from './requestLog';
import { tenantInProcess, type InProcess } from './tenantInProcess';

const CENTURY_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/**
 * A guest of the built-in tenant (Mara, who holds something of every kind) and the new guest of the same person, for
 * tests of one kind of access against the simulated tenant: the app's own adapters, no network, no orchestration.
 */
export class ReplacedGuest {
  readonly tenant: InProcess = tenantInProcess();
  readonly outside: Outside = outsideOf({ graph: this.tenant.graph, azure: this.tenant.azure });
  readonly oldId: string = guests.mara;
  newId = '';
  grants: Grant[] = [];

  constructor(readonly kind: AccessKind) {}

  /** What the old guest holds of the kind. */
  async capture(): Promise<Grant[]> {
    this.grants = await this.kind.capture(this.oldId, this.outside);
    return this.grants;
  }

  /**
   * Captures, purges the old guest and lets the new one accept. `unknown` leaves the new guest unknown to every
   * replica, as in the first moments after an invitation.
   */
  async replace({ unknown = false } = {}): Promise<void> {
    await this.capture();
    await purgeGuest(this.tenant, this.oldId);
    if (unknown) await this.settings({ replicationMs: CENTURY_MS });
    this.newId = await newGuest(this.tenant, 'mara.lindqvist@outlook.example', 'Mara Lindqvist');
    await this.tenant.control('DELETE', 'requests');
  }

  /** One attempt to give the new guest what can be given. */
  restore(): Promise<Attempt[]> {
    return this.kind.restore(this.restorable(), this.newId, this.outside);
  }

  /** The results of one attempt. */
  async results(): Promise<Attempt['result'][]> {
    return (await this.restore()).map(({ result }) => result);
  }

  /** Grants that are not left to people. */
  restorable(): Grant[] {
    return this.grants.filter(({ instruction }) => instruction === undefined);
  }

  captureNew(): Promise<Grant[]> {
    return this.kind.capture(this.newId, this.outside, this.grants);
  }

  settings(change: object): Promise<unknown> {
    return this.tenant.control('PUT', 'settings', change);
  }

  /** Breaks the next requests of a method other than GET. */
  faultOnWrites(fault: object): Promise<unknown> {
    const writes = ['PATCH', 'PUT', 'POST'].map((method) => ({ path: '/users/', method, ...fault }));
    return this.tenant.control('PUT', 'faults', writes);
  }

  /** Writes that reached the services: method and path. */
  async writes(): Promise<string[]> {
    return (await this.tenant.requests()).filter(isWrite).map(({ method, path }) => `${method} ${path}`);
  }

  close(): void {
    this.tenant.close();
  }
}
