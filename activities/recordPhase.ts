import { isOver, progressOf } from '../domain/phases';
import { announce } from './announce';
import { unmarked } from '../domain/stuck';
import { done, type Activity, type ActivityDeps } from './activity';

/**
 * Writes the phase into the migration's row, stores the event for the caller, and reads whether a cancel was asked for.
 * Safe to run twice: the same phase is written again, a late duplicate does not go back to a phase that is over, and an
 * event is stored once. The event comes after the row, so that a try that died in between is made good by the next.
 */
export function createRecordPhase({
  records,
  clock,
}: Pick<ActivityDeps, 'records' | 'clock'>): Activity<'recordPhase'> {
  return async ({ migrationId, phase }, log) => {
    const record = await records.decideOnMigration(migrationId, (current) => {
      if (isOver(phase, current.phase)) return undefined;
      const { restored, alreadyPresent, manual, failed, captured } = current.access;
      const done = restored + alreadyPresent + manual + failed;
      return { phase, status: 'Running', progress: progressOf(phase, { captured, done }), ...unmarked(current) };
    });
    if (record === undefined) throw new Error('the migration has no row');
    if (record.phase === phase) await announce(record, { records, clock });
    log.info('phase', { migrationId, phase });
    return done({ cancelRequested: record.cancelRequestedAt !== null });
  };
}
