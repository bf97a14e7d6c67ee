import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, type Activity, type ActivityDeps } from './activity';
import { auditor, isThere, recordOf, secondsUntilConsistent } from './common';

/**
 * Undoes the soft delete. Answers `present` when the guest is an active user again (or never was deleted) and
 * `gone` when a purge took effect after all, so that the story can only go on.
 *
 * Safe to run twice: restoring an active user answers 404, and what is there is then read; reads are believed only
 * when they had time to catch up with the last write, be it the deletion, the purge or a restore of ours whose answer
 * was lost. The row is touched after each of them, so its `updatedAt` is no earlier than any.
 */
export function createUndeleteGuest(deps: ActivityDeps): Activity<'undeleteGuest'> {
  const { graph, records, clock, settings } = deps;
  return async ({ migrationId, guestId }, log) => {
    const record = await recordOf(records, migrationId);
    if (record.deleteAttemptedAt === null) return done({ guest: 'present' });
    try {
      await graph.write('POST', `/directory/deletedItems/${guestId}/restore`);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (isTransient(error)) {
        await records.updateMigration(migrationId, { phase: 'undoing' });
        throw error;
      }
      return isNotFound(error) ? whereabouts(record, guestId) : failed('undo-failed', `${reasonOf(error)}.`);
    }
    await auditor(deps, migrationId, 'restoreDeleted')('after', guestId);
    log.info('undeleted', { migrationId, guestId });
    return done({ guest: 'present' });
  };

  async function whereabouts(
    record: MigrationRecord,
    guestId: string,
  ): Promise<StepOutcome<StepOutput<'undeleteGuest'>>> {
    const wait = secondsUntilConsistent(record.updatedAt, clock, settings.consistencySeconds);
    if (wait > 0) return notNow(Math.min(wait, 10));
    if (await isThere(graph, `/users/${guestId}`)) return done({ guest: 'present' });
    // By whomever: from here another migration can go on.
    await records.updateMigration(record.id, { purgedAt: record.purgedAt ?? clock.now().toISOString() });
    return done({ guest: 'gone' });
  }
}
