import { isOver } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { StepOutcome } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { stopWhenBlocked } from './deletionGate';
import { auditor, isThere, recordOf, secondsUntilConsistent, verifiedSnapshot } from './common';

/**
 * Deletes the old guest permanently: the point of no return. Refuses without a verified snapshot of this very guest,
 * without the claim that shuts out a cancel, while the invite breaker is open (unless the new guest is there), and when the run undoes or has ended (a
 * late duplicate of this step).
 *
 * Safe to run twice: the try is written down before the call. "Not found" counts as purged only when a try was made
 * and reads had time to catch up with it; without a try it means that the soft delete has not replicated yet.
 */
export function createPurgeGuest(deps: ActivityDeps): Activity<'purgeGuest'> {
  const { graph, records, documents, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    if ((await verifiedSnapshot(documents, input)) === undefined) {
      return failed('snapshot-unverified', 'There is no verified snapshot of this guest: nothing was purged.');
    }
    const record = await recordOf(records, migrationId);
    if (record.purgeClaimedAt === null) return failed('purge-refused', 'The purge was not claimed.');
    if (isOver('purging', record.phase)) {
      return failed('purge-refused', 'The purge is over for this migration: nothing was purged.');
    }

    if (!(await isThere(graph, `/directory/deletedItems/${guestId}`))) {
      return confirmGone(record, guestId);
    }
    const stopped = record.guest.newId === null ? await stopWhenBlocked(deps, migrationId) : undefined;
    if (stopped !== undefined) return stopped;
    await records.updateMigration(migrationId, { purgeAttemptedAt: clock.now().toISOString() });
    const audit = auditor(deps, migrationId, 'purge');
    await audit('before', guestId);
    try {
      await graph.write('DELETE', `/directory/deletedItems/${guestId}`);
    } catch (error) {
      if (!(error instanceof ServiceError) || isTransient(error)) throw error;
      if (isNotFound(error)) throw new TransientFailure('purgeGuest: the deleted guest was not found');
      await audit('refused', guestId, reasonOf(error));
      return failed('purge-refused', `${reasonOf(error)}.`);
    }
    await records.updateMigration(migrationId, { purgedAt: clock.now().toISOString() });
    await audit('after', guestId);
    log.info('purged', { migrationId, guestId });
    return done({});
  };

  async function confirmGone(record: MigrationRecord, guestId: string): Promise<StepOutcome<object>> {
    const { id, purgeAttemptedAt: attemptedAt } = record;
    if (attemptedAt === null) throw new TransientFailure('purgeGuest: the soft delete is not visible yet');
    const wait = secondsUntilConsistent(attemptedAt, clock, settings.consistencySeconds);
    if (wait > 0) return notNow(wait);
    if (await isThere(graph, `/users/${guestId}`)) {
      return failed('purge-refused', 'Somebody restored the guest while it was being purged.');
    }
    await records.updateMigration(id, { purgedAt: record.purgedAt ?? clock.now().toISOString() });
    await auditor(deps, id, 'purge')('after', guestId, 'found purged');
    return done({});
  }
}
