import { isOver } from '../domain/phases';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import { done, failed, reasonOf, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { stopBeforeDeletion } from './deletionGate';
import { auditor, isThere, recordOf, secondsUntilConsistent, verifiedSnapshot } from './common';

/**
 * Moves the old guest into the recycle bin. Refuses without a verified snapshot of this very guest, without the approval
 * that the migration needs, and when the run undoes or has ended: a late duplicate of this step would delete the guest
 * that was given back.
 * Looks at the invite breaker, and takes one of the day's deletions, at the last moment before anything is destroyed.
 * Safe to run twice: a guest that is found in the recycle bin counts as deleted. "Not found" in both places is
 * believed only after reads had time to catch up with the first try.
 */
export function createSoftDeleteGuest(deps: ActivityDeps): Activity<'softDeleteGuest'> {
  const { graph, records, documents, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    if ((await verifiedSnapshot(documents, input)) === undefined) {
      return failed('snapshot-unverified', 'There is no verified snapshot of this guest: nothing was deleted.');
    }
    const record = await recordOf(records, migrationId);
    if (isOver('purging', record.phase)) {
      return failed('delete-refused', 'The deletion is over for this migration: nothing was deleted.');
    }
    if (record.approvalHours !== null && record.approval?.decision !== 'approved') {
      return failed('delete-refused', 'Nobody approved the plan: nothing was deleted.');
    }
    const stopped = await stopBeforeDeletion(deps, record);
    if (stopped !== undefined) return stopped;
    const firstTry = record.deleteAttemptedAt ?? clock.now().toISOString();
    if (record.deleteAttemptedAt === null) {
      await records.updateMigration(migrationId, { deleteAttemptedAt: firstTry });
    }
    const audit = auditor(deps, migrationId, 'softDelete');
    await audit('before', guestId);
    try {
      await graph.write('DELETE', `/users/${guestId}`);
    } catch (error) {
      if (!(error instanceof ServiceError) || isTransient(error)) throw error;
      if (!isNotFound(error)) {
        await audit('refused', guestId, reasonOf(error));
        return failed('delete-refused', `${reasonOf(error)}.`);
      }
      if (!(await isThere(graph, `/directory/deletedItems/${guestId}`))) {
        if (secondsUntilConsistent(firstTry, clock, settings.consistencySeconds) > 0) {
          throw new TransientFailure('softDeleteGuest: the guest is neither active nor deleted yet');
        }
        return failed('guest-vanished', 'The guest is neither an active nor a deleted user any more.');
      }
    }
    await audit('after', guestId);
    log.info('soft-deleted', { migrationId, guestId });
    return done({});
  };
}
