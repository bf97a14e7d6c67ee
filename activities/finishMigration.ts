import { countResults } from '../domain/grants';
import { progressOf, statusOf } from '../domain/phases';
import { announce } from './announce';
import { unmarked } from '../domain/stuck';
import { done, type Activity, type ActivityDeps } from './activity';
import { locksOf } from './locks';
import { recordOf } from './common';
import { reportOf } from './report';

/**
 * Ends a migration: final counts, the report's document, the row, the event for the caller, and last the locks, so that
 * nobody can start anew before everything is written.
 * Safe to run twice: every write replaces itself, the event is stored once, and a lock is released only while this
 * migration holds it.
 */
export function createFinishMigration(deps: ActivityDeps): Activity<'finishMigration'> {
  const { records, documents } = deps;
  return async ({ migrationId, outcome, error }, log) => {
    const record = await recordOf(records, migrationId);
    const access = countResults(record.access.captured, await records.readGrantResults(migrationId));
    await documents.writeReport(await reportOf({ ...record, outcome }, deps));
    const end = {
      status: statusOf(outcome),
      phase: 'ended',
      outcome,
      error,
      access,
      progress: progressOf('ended', { captured: access.captured, done: access.captured }),
      ...unmarked(record),
    } as const;
    await records.updateMigration(migrationId, end);
    await announce({ ...record, ...end }, deps);
    for (const lock of locksOf(record)) await records.releaseGuest(lock, migrationId);
    log.info('ended', { migrationId, outcome, code: error?.code ?? null });
    return done({});
  };
}
