import { done, type Activity, type ActivityDeps } from './activity';
import { recordOf } from './common';
import { stopWhenBlocked } from './deletionGate';

/**
 * Decides the race between a cancel and the purge, once and for all, by a conditional write of the row: whoever
 * writes first wins, and the other one sees it.
 * Nothing is claimed while the invite breaker is open: the guest can still be given back, and could not be invited. One
 * who is invited already does not depend on it.
 * Safe to run twice: a purge that is claimed stays claimed.
 */
export function createClaimPurge({ records, clock }: Pick<ActivityDeps, 'records' | 'clock'>): Activity<'claimPurge'> {
  return async ({ migrationId }) => {
    const before = await recordOf(records, migrationId);
    if (before.purgeClaimedAt === null && before.guest.newId === null) {
      const stopped = await stopWhenBlocked({ records, clock }, migrationId);
      if (stopped !== undefined) return stopped;
    }
    const record = await records.decideOnMigration(migrationId, ({ cancelRequestedAt, purgeClaimedAt }) =>
      cancelRequestedAt === null && purgeClaimedAt === null ? { purgeClaimedAt: clock.now().toISOString() } : undefined,
    );
    if (record === undefined) throw new Error('the migration has no row');
    return done({ claimed: record.purgeClaimedAt !== null });
  };
}
