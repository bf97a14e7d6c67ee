import { z } from 'zod';
import { accessKinds } from '../access';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import type { Snapshot } from '../domain/snapshot';

/** The role grants of a snapshot, kind by kind: what Graph wants gone before it resets a redemption. */
export function rolesIn({
  grants,
}: Pick<Snapshot, 'grants'>): { kind: 'directoryRole' | 'pimDirectoryRole'; roles: Grant[] }[] {
  return (['directoryRole', 'pimDirectoryRole'] as const)
    .filter((kind) => accessKinds[kind].remove !== undefined)
    .map((kind) => ({ kind, roles: grants.filter((grant) => grant.kind === kind && isTakenAway(grant)) }))
    .filter(({ roles }) => roles.length > 0);
}

/**
 * Whether a role is taken away for a reset: one that an app can give back, and that is active. Whether eligible roles keep
 * Graph from resetting is not documented, so they stay; a reset that is refused is undone.
 */
export function isTakenAway({ instruction, data }: Pick<Grant, 'instruction' | 'data'>): boolean {
  return instruction === undefined && data['list'] !== 'eligible';
}

const assignment = z.object({ id: z.string() });

/** How many active directory roles the directory shows for a guest, by whichever way they came. */
export async function countRoles(guestId: string, graph: Graph): Promise<number> {
  const filter = encodeURIComponent(`principalId eq '${guestId}'`);
  return (await graph.readAll(`/roleManagement/directory/roleAssignments?$filter=${filter}`, assignment)).length;
}
