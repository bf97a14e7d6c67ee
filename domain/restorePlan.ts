import type { Grant, GrantKind } from './grants';

/**
 * When a kind is restored; what is in one wave is restored side by side.
 * - 0: attributes, because rules of dynamic groups read them and licences need the usage location; and policies, which
 *   should know the guest before anything else does.
 * - 1: access packages, because they bring groups and app roles themselves.
 * - 2: everything that needs neither.
 * - 3: channels, because their members must be members of the team.
 * - 4: directory roles and administrative units, because they make the guest a privileged or a guarded account, for
 *   which other writes may then be refused.
 */
export const restoreWave: Record<GrantKind, number> = {
  profile: 0,
  directoryExtension: 0,
  openExtension: 0,
  customSecurityAttribute: 0,
  conditionalAccess: 0,
  accessPackage: 1,
  license: 1,
  manager: 1,
  directReport: 1,
  sponsor: 1,
  sponsorOf: 1,
  groupMembership: 2,
  groupOwnership: 2,
  pimGroup: 2,
  appRole: 2,
  delegatedPermission: 2,
  applicationOwnership: 2,
  azureRole: 2,
  pimAzureRole: 2,
  keyVaultPolicy: 2,
  authenticationMethod: 2,
  outsideGraph: 2,
  teamsChannel: 3,
  administrativeUnit: 4,
  directoryRole: 4,
  pimDirectoryRole: 4,
};

/** A run of grants [from, to) of the snapshot that one activity restores. */
export interface Chunk {
  wave: number;
  from: number;
  to: number;
}

/** Sorts grants into restore order: by wave, then kind, then key. The order is the snapshot's order from then on. */
export function inRestoreOrder(grants: readonly Grant[]): Grant[] {
  return [...grants].sort(
    (a, b) => restoreWave[a.kind] - restoreWave[b.kind] || a.kind.localeCompare(b.kind) || a.key.localeCompare(b.key),
  );
}

/** Cuts ordered grants into chunks of one kind and at most `size` grants; together they cover every grant once. */
export function planChunks(grants: readonly Grant[], size: number): Chunk[] {
  const chunks: Chunk[] = [];
  grants.forEach((grant, index) => {
    const open = chunks.at(-1);
    const first = open && grants[open.from];
    if (open && first?.kind === grant.kind && open.to - open.from < size) open.to = index + 1;
    else chunks.push({ wave: restoreWave[grant.kind], from: index, to: index + 1 });
  });
  return chunks;
}
