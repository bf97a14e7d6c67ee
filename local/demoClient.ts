import { setTimeout as delay } from 'node:timers/promises';
import { request } from './request';
import type { Stack } from './stack';
import { accessIn } from './tenantAccess';

/** The parts of the app's answers that the demo shows. */
export interface Migration {
  id: string;
  phase: string;
  outcome: string | null;
  guest: { oldId: string | null; newId: string | null };
  progress: { done: number; total: number };
  access: { captured: number; restored: number; alreadyPresent: number; manual: number; failed: number };
  checks: { id: string; ok: boolean; severity: string; detail: string; fix: string }[];
  error: { code: string; detail: string } | null;
}

export interface Report {
  grants: { kind: string; key: string; name: string; scope?: string; result: string; detail: string }[];
  comparison: { equal: number; missing: { kind: string; key: string; name: string }[]; extra: unknown[] } | null;
}

/** A guest as the tenant's administrator sees it. */
export interface GuestView {
  id: string;
  displayName: string;
  userPrincipalName: string;
  issuer: string;
  groups: number;
  roles: number;
  apps: number;
  azureRoles: number;
  /** Everything that the tenant's own state gives to the guest, one text each: what old and new guest have compares. */
  access: string[];
}

interface TenantState {
  [collection: string]: unknown;
  users: {
    id: string;
    displayName: string;
    userPrincipalName: string;
    userType?: string;
    identities?: { signInType: string; issuer: string }[];
  }[];
  groups: { members: string[]; owners: string[] }[];
  roleAssignments: { principalId: string }[];
  appRoleAssignments: { principalId: string }[];
  azureRoleAssignments: { properties: { principalId: string } }[];
}

/** Speaks to the app as an administrator would, and to the simulated tenant as its guest and its control panel. */
export class DemoClient {
  constructor(private readonly stack: Stack) {}

  async tenantSettings(settings: object): Promise<void> {
    await this.tenant('PUT', '/_tenant/settings', settings);
  }

  /** The guest with a work account who holds the most. */
  async workGuest(): Promise<GuestView> {
    const state = await this.state();
    const guests = state.users
      .filter((user) => user.userType === 'Guest' && issuerOf(user) === 'ExternalAzureAD')
      .map((user) => view(user.id, state))
      .sort((a, b) => b.access.length - a.access.length);
    const [first] = guests;
    if (first === undefined) throw new Error('the simulated tenant has no guest with a work account');
    return first;
  }

  async guest(id: string): Promise<GuestView> {
    return view(id, await this.state());
  }

  async start(guest: string, inviteEmail: string): Promise<Migration> {
    return this.app('POST', '/api/migrations', 202, { guest, inviteEmail, reason: 'demo' });
  }

  async migration(id: string): Promise<Migration> {
    return this.app('GET', `/api/migrations/${id}`, 200);
  }

  async report(id: string): Promise<Report> {
    return this.app('GET', `/api/migrations/${id}/report`, 200);
  }

  /** Redeems as the guest, with the personal account; tried again while a lagging replica does not know the guest. */
  async redeem(userId: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.send('POST', `${this.stack.tenant}/_tenant/redeem`, { userId, account: 'personal' });
      if (answer.status < 300) return;
      if (tries === 20) throw new Error(`the invitation could not be redeemed: ${answer.text}`);
      await delay(100);
    }
  }

  private async state(): Promise<TenantState> {
    return this.tenant('GET', '/_tenant/state');
  }

  private async tenant<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.send(method, `${this.stack.tenant}${path}`, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
  }

  private async app<T>(method: string, path: string, expected: number, body?: object): Promise<T> {
    const headers = { 'x-functions-key': this.stack.hostKey };
    const answer = await this.send(method, `${this.stack.app}${path}`, body, headers);
    if (answer.status !== expected) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }

  private send(method: string, url: string, body?: object, headers: Record<string, string> = {}) {
    return request(method, url, { body, headers, certificate: this.stack.certificate });
  }
}

function view(id: string, state: TenantState): GuestView {
  const user = state.users.find((one) => one.id === id);
  if (user === undefined) throw new Error(`the tenant has no user ${id}`);
  const held = (rows: { principalId: string }[]): number => rows.filter((row) => row.principalId === id).length;
  return {
    id,
    displayName: user.displayName,
    userPrincipalName: user.userPrincipalName,
    issuer: issuerOf(user),
    groups: state.groups.reduce(
      (sum, group) => sum + Number(group.members.includes(id)) + Number(group.owners.includes(id)),
      0,
    ),
    roles: held(state.roleAssignments),
    apps: held(state.appRoleAssignments),
    azureRoles: held(state.azureRoleAssignments.map((row) => row.properties)),
    access: accessIn(state, id),
  };
}

function issuerOf(user: TenantState['users'][number]): string {
  return user.identities?.find((identity) => identity.signInType !== 'userPrincipalName')?.issuer ?? '(not redeemed)';
}
