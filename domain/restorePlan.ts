import type { Grant, GrantKind } from './grants';

/**
 * When a kind is restored. Attributes come first because rules of dynamic groups read them; directory roles last,
 * because a role holder becomes a privileged account that other writes may then be refused for.
 */
export const restoreWave: Record<GrantKind, number> = {
  profile: 0,
  groupMembership: 1,
  groupOwnership: 1,
  appRole: 1,
  azureRole: 1,
  directoryRole: 2,
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
