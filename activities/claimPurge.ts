import { done, type Activity, type ActivityDeps } from './activity';

/**
 * Decides the race between a cancel and the purge, once and for all, by a conditional write of the row: whoever
 * writes first wins, and the other one sees it.
 * Safe to run twice: a purge that is claimed stays claimed.
 */
export function createClaimPurge({ records, clock }: Pick<ActivityDeps, 'records' | 'clock'>): Activity<'claimPurge'> {
  return async ({ migrationId }) => {
    const record = await records.decideOnMigration(migrationId, ({ cancelRequestedAt, purgeClaimedAt }) =>
      cancelRequestedAt === null && purgeClaimedAt === null ? { purgeClaimedAt: clock.now().toISOString() } : undefined,
    );
    if (record === undefined) throw new Error('the migration has no row');
    return done({ claimed: record.purgeClaimedAt !== null });
  };
}
