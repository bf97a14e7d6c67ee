import type { Phase } from '../../domain/phases';
import type { TenantState } from './localStack';
import type { MemoryRecords } from './memoryRecords';
import type { InProcess } from './tenantInProcess';

/** A guest that a migration invited, or reset. */
export interface InvitedGuest {
  migrationId: string;
  id: string;
  /** Issuer that they accepted with; null while they have not, or are deleted. */
  issuer: string | null;
  /** Whether the migration was on the way back. */
  back: boolean;
}

/** A step of a row from one phase to another. */
export interface PhaseStep {
  id: string;
  from: Phase;
  to: Phase;
}

/** Sees every write of a row. */
export function observeRows({ migrations }: MemoryRecords): {
  phaseSteps: PhaseStep[];
  invitedIds: Map<string, Set<string>>;
  overlaps: string[];
} {
  const phaseSteps: PhaseStep[] = [];
  const invitedIds = new Map<string, Set<string>>();
  const overlaps: string[] = [];
  const set = migrations.set.bind(migrations);
  migrations.set = (id, record) => {
    const from = migrations.get(id)?.phase;
    if (from !== undefined && from !== record.phase) phaseSteps.push({ id, from, to: record.phase });
    const { newId, oldId } = record.guest;
    if (newId !== null) invitedIds.set(id, (invitedIds.get(id) ?? new Set()).add(newId));
    for (const other of migrations.values()) {
      const both = other.id !== id && other.status === 'Running' && record.status === 'Running';
      if (both && other.guest.oldId === oldId) overlaps.push(`${other.id} ${id}`);
    }
    return set(id, record);
  };
  return { phaseSteps, invitedIds, overlaps };
}

/** How the guests that migrations invited stand in the directory at this moment. */
export function invitedNow(
  { tenant }: InProcess,
  { migrations }: MemoryRecords,
  invitedIds: ReadonlyMap<string, ReadonlySet<string>>,
): InvitedGuest[] {
  const directory = tenant.store.primary();
  const runs = (migrationId: string): boolean => migrations.get(migrationId)?.phase !== 'ended';
  const heirs = new Set([...invitedIds].filter(([id]) => runs(id)).flatMap(([, ids]) => [...ids]));
  return [...invitedIds].flatMap(([migrationId, ids]) => {
    const row = migrations.get(migrationId);
    const back = row !== undefined && row.turnedBackAt !== null;
    // A guest that another migration goes on with is that one's.
    return [...ids]
      .filter((id) => runs(migrationId) || !heirs.has(id))
      .map((id) => {
        const user = directory.get('users', id) as TenantState['users'][number] | undefined;
        const accepted = user?.externalUserState === 'Accepted';
        const identity = user?.identities?.find(({ signInType }) => signInType !== 'userPrincipalName');
        return { migrationId, id, back, issuer: accepted ? (identity?.issuer ?? '') : null };
      });
  });
}
