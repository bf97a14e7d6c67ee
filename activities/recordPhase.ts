import { progressOf } from '../domain/phases';
import { done, type Activity, type ActivityDeps } from './activity';
import { recordOf } from './common';

/**
 * Writes the phase into the migration's row, and reads whether a cancel was asked for.
 * Safe to run twice: the same phase is written again.
 */
export function createRecordPhase({ records }: Pick<ActivityDeps, 'records'>): Activity<'recordPhase'> {
  return async ({ migrationId, phase }, log) => {
    const record = await recordOf(records, migrationId);
    const { restored, alreadyPresent, manual, failed, captured } = record.access;
    await records.updateMigration(migrationId, {
      phase,
      status: 'Running',
      progress: progressOf(phase, { captured, done: restored + alreadyPresent + manual + failed }),
    });
    log.info('phase', { migrationId, phase });
    return done({ cancelRequested: record.cancelRequestedAt !== null });
  };
}
