import type { AccessKind, Attempt, Outside } from '../../access/kind';
import type { Grant } from '../../domain/grants';
import { newGuest, purgeGuest } from './newGuest';
import { outsideOf } from './recordedCalls';
import { tenantInProcess, type InProcess } from './tenantInProcess';

type State = Record<string, unknown>;

/** A tenant in this process, what kinds of access get of it, and what tests of Azure do to it. */
export interface AzureWorld extends Omit<InProcess, 'change'> {
  outside: Outside;
  /** Loads the present state with some collections changed. */
  change(change: (state: State) => State): Promise<void>;
  faults(...faults: object[]): Promise<unknown>;
  settings(change: object): Promise<unknown>;
  advance(ms: number): Promise<unknown>;
  /** Deletes and purges a guest, invites and redeems anew; answers the new guest's id. */
  switchGuest(oldId: string): Promise<string>;
}

export function azureWorld(): AzureWorld {
  const tenant = tenantInProcess();
  const { graph, azure } = tenant;
  const control = (method: string, path: string, body?: unknown): Promise<unknown> =>
    tenant.control(method, path, body);
  const clock = { now: () => new Date(tenant.tenant.clock.now()) };
  return {
    ...tenant,
    outside: outsideOf({ graph, azure, clock }),
    change: async (change) => {
      await control('PUT', 'state', change((await control('GET', 'state')) as State));
    },
    faults: (...faults) => control('PUT', 'faults', faults),
    settings: (change) => control('PUT', 'settings', change),
    advance: (advanceMs) => control('POST', 'clock', { advanceMs }),
    switchGuest: async (oldId) => {
      await purgeGuest(tenant, oldId);
      return newGuest(tenant, `${oldId}@personal.example`);
    },
  };
}

/** The objects of one collection of a state. */
export function listOf(state: unknown, collection: string): Record<string, unknown>[] {
  return (state as Record<string, Record<string, unknown>[]>)[collection] ?? [];
}

/** The results of attempts, in order. */
export function results(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ result }) => result);
}

/** Keys of grants, sorted. */
export function keys(grants: readonly Grant[]): string[] {
  return grants.map(({ key }) => key).sort();
}

/** What everybody but these identities has in Azure, as text: role assignments, schedules and access policies. */
export async function azureOfOthers(world: AzureWorld, ids: readonly string[]): Promise<string[]> {
  const state = await world.state();
  const vaults = listOf(state, 'azureResources').flatMap(({ id, properties }) =>
    ((properties as { accessPolicies?: unknown[] } | undefined)?.accessPolicies ?? []).map((policy) => ({
      id,
      policy,
    })),
  );
  const rows = [
    ...listOf(state, 'azureRoleAssignments'),
    ...listOf(state, 'azureRoleEligibilitySchedules'),
    ...listOf(state, 'azureRoleAssignmentSchedules'),
    ...vaults,
  ].map((row) => JSON.stringify(row));
  return rows.filter((row) => !ids.some((id) => row.includes(id))).sort();
}

/** Restores all grants to the new guest and fails unless each of them ends as `restored`. */
export async function restoreAll(
  kind: AccessKind,
  grants: readonly Grant[],
  newId: string,
  outside: Outside,
): Promise<void> {
  const attempts = await kind.restore(grants, newId, outside);
  expect(attempts).toEqual(grants.map(() => ({ result: 'restored', detail: '' })));
}
