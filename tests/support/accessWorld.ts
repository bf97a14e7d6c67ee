import type { AccessKind, Attempt, Outside } from '../../access/kind';
import { compareAccess, type Comparison } from '../../domain/comparison';
import type { Grant } from '../../domain/grants';
import { guests } from '../../local/tenant/seed/ids';
import type { RequestLogEntry } from './localStack';
import { newGuest } from './newGuest';
import { outsideOf } from './recordedCalls';
import { isWrite } from './requestLog';
import { tenantInProcess, type InProcess } from './tenantInProcess';

/** A collection of the tenant's document; tests state its shape by what they read from it. */
export type Rows = ReturnType<typeof JSON.parse>;

/** The simulated tenant with a guest who has just accepted an invitation with a personal account. */
export interface AccessWorld {
  tenant: InProcess;
  outside: Outside;
  newId: string;
  /** Another guest of that sort. */
  invite(address: string): Promise<string>;
  /** Moves the tenant's clock, which otherwise stands. */
  advance(minutes: number): Promise<void>;
  settings(change: object): Promise<void>;
  faults(...faults: object[]): Promise<void>;
  /** Loads the present state with some of it changed. */
  change(change: (state: Rows) => void): Promise<void>;
  rows(collection: string): Promise<Rows>;
  /** Requests since the world was made that change something, apart from invitations. */
  writes(): Promise<RequestLogEntry[]>;
  /** Results of a restore to the new guest. */
  restore(kind: AccessKind, grants: readonly Grant[]): Promise<Attempt[]>;
  /** The grants of one kind against what the new guest holds. */
  compare(kind: AccessKind, grants: readonly Grant[]): Promise<Comparison>;
}

const START = Date.parse('2026-03-02T09:00:00.000Z');

/** Builds one. Its clock stands: with replication, nothing arrives before it is moved. */
export async function accessWorld(): Promise<AccessWorld> {
  const tenant = tenantInProcess({ clock: { now: () => START } });
  const clock = { now: () => new Date(tenant.tenant.clock.now()) };
  const outside = outsideOf({ graph: tenant.graph, azure: tenant.azure, clock });
  const control = async (method: string, path: string, body?: unknown): Promise<void> => {
    await tenant.control(method, path, body);
  };
  const newId = await newGuest(tenant, 'mara.lindqvist@outlook.example');
  await control('DELETE', 'requests');
  return {
    tenant,
    outside,
    newId,
    invite: (address) => newGuest(tenant, address),
    advance: (minutes) => control('POST', 'clock', { advanceMs: minutes * 60_000 }),
    settings: (change) => control('PUT', 'settings', change),
    faults: (...faults) => control('PUT', 'faults', faults),
    change: async (change) => {
      const state: Rows = await tenant.state();
      change(state);
      await control('PUT', 'state', state);
    },
    rows: async (collection) => (await tenant.state())[collection as never],
    writes: async () => (await tenant.requests()).filter(isWrite),
    restore: (kind, grants) => kind.restore(grants, newId, outside),
    compare: async (kind, grants) => compareAccess(grants, await kind.capture(newId, outside, grants)),
  };
}

/** The grants of one kind that the seed's Mara holds. */
export function grantsOfMara(kind: AccessKind, { outside }: AccessWorld): Promise<Grant[]> {
  return kind.capture(guests.mara, outside);
}

/** `result` of each attempt. */
export function resultsOf(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ result }) => result);
}
