import { countResults } from '../domain/grants';
import { progressOf, statusOf } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import type { StepInput } from '../domain/steps';
import { announce } from './announce';
import { unmarked } from '../domain/stuck';
import { done, type Activity, type ActivityDeps } from './activity';
import { locksOf } from './locks';
import { recordOf } from './common';
import { reportOf } from './report';

/**
 * True when somebody wants the guest back at the identity they had, and asked before the end was written. What would end
 * with access given can turn back, and what ends the wait where the run says so. A run that has turned back already
 * does not end with access given on the way there: one that says this is a late duplicate, and must not end it in the
 * middle.
 */
function mustTurnBack({ wish, turnedBackAt, phase }: MigrationRecord, { outcome, mayTurnBack }: Ending): boolean {
  if (phase === 'ended') return false;
  const gives = outcome === 'completed' || outcome === 'completedWithGaps';
  if (gives) return wish?.kind === 'revert' || turnedBackAt !== null;
  return mayTurnBack === true && wish?.kind === 'revert' && turnedBackAt === null;
}

type Ending = StepInput<'finishMigration'>;

/**
 * Ends a migration: final counts, the row, the report's document, the event for the caller, and last the locks, so that
 * nobody can start anew before everything is written. Does not end what somebody wants to turn back: the row decides,
 * by a conditional write, so that such a wish is served or refused, never lost. Hence the row is the first thing written:
 * no document may say that it is over when it is not.
 * Safe to run twice: every write replaces itself, the event is stored once, and a lock is released only while this
 * migration holds it.
 */
export function createFinishMigration(deps: ActivityDeps): Activity<'finishMigration'> {
  const { records, documents } = deps;
  return async (ending, log) => {
    const { migrationId, outcome, error } = ending;
    const record = await recordOf(records, migrationId);
    if (mustTurnBack(record, ending)) return done({ wish: 'revert' });
    const access = countResults(record.access.captured, await records.readGrantResults(migrationId));
    const end = {
      status: statusOf(outcome),
      phase: 'ended',
      outcome,
      error,
      access,
      progress: progressOf('ended', { captured: access.captured, done: access.captured }),
      wish: null,
      ...unmarked(record),
    } as const;
    const ended = await records.decideOnMigration(migrationId, (current) =>
      mustTurnBack(current, ending) ? undefined : end,
    );
    if (ended?.phase !== 'ended') return done({ wish: 'revert' });
    await documents.writeReport(await reportOf({ ...record, outcome }, deps));
    await announce({ ...record, ...end }, deps);
    for (const lock of locksOf(record)) await records.releaseGuest(lock, migrationId);
    log.info('ended', { migrationId, outcome, code: error?.code ?? null });
    return done({});
  };
}
