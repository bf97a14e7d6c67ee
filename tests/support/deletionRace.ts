import { createSoftDeleteGuest } from '../../activities/softDeleteGuest';
import type { ActivityDeps } from '../../activities/activity';
import type { Records } from '../../domain/ports';
import { newRecord } from '../../domain/record';
import type { StepOutcome } from '../../domain/steps';
import { createWorld, oldGuest } from './activityWorld';

export interface DeletionRace {
  /** Runs the soft delete of one migration; throws when it is hindered. */
  run(migrationId: string): Promise<StepOutcome<unknown>>;
  ids: string[];
  /** Guests that are in the recycle bin. */
  deleted(): number;
  deps: ActivityDeps;
  advanceSeconds(seconds: number): void;
}

/**
 * Migrations that are all ready to delete, each another guest.
 *
 * @param recordsAt the record store of the race, given its clock; in memory by default
 */
export async function deletionRace(
  starters: number,
  dailyBudget: number,
  recordsAt?: (now: () => Date) => Records,
): Promise<DeletionRace> {
  const world = await createWorld();
  const { clock } = world.deps;
  const records = recordsAt?.(() => clock.now()) ?? world.records;
  const deps = { ...world.deps, records, settings: { ...world.deps.settings, dailyBudget } };
  world.directory.users.clear();
  const hashes = new Map<string, { guestId: string; snapshotHash: string }>();
  for (let n = 1; n <= starters; n += 1) {
    const migrationId = `race-${starters}-${dailyBudget}-${n}`;
    const guestId = `01d00000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const guest = { ...oldGuest(), id: guestId };
    world.directory.users.set(guestId, guest);
    const request = { ...world.row().request, guest: guestId };
    const start = { id: migrationId, guestId, request, startedBy: 'test', now: clock.now().toISOString() };
    await records.createMigration({ ...newRecord(start), status: 'Running', phase: 'deleting' });
    const { id, displayName, userPrincipalName, mail, createdDateTime, identities } = guest;
    const snapshotHash = await world.storeSnapshot({
      migrationId,
      guest: { id, displayName, userPrincipalName, mail, preferredLanguage: null, createdDateTime, identities },
    });
    hashes.set(migrationId, { guestId, snapshotHash });
  }
  const softDelete = createSoftDeleteGuest(deps);
  const quiet = { info: () => undefined, warn: () => undefined };
  return {
    run: async (migrationId) => {
      const input = hashes.get(migrationId);
      if (input === undefined) throw new Error('There is no such migration.');
      return softDelete({ migrationId, ...input }, quiet);
    },
    ids: [...hashes.keys()],
    deleted: () => world.directory.deleted.size,
    deps,
    advanceSeconds: (seconds) => world.advanceSeconds(seconds),
  };
}
