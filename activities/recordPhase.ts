import { withRow, type Check } from '../domain/checks';
import { isGoingBack, wantedIdentity } from '../domain/direction';
import { mayFollow, progressOf, type Phase } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { announce } from './announce';
import { unmarked } from '../domain/stuck';
import { done, type Activity, type ActivityDeps } from './activity';
import { passed, warning } from './checks/check';

/**
 * Writes the phase into the migration's row, stores the event for the caller, and reads whether a cancel, or the way
 * back, was asked for. Where an operator has to decide, a row says why.
 * Safe to run twice: the same phase is written again, a late duplicate does not go back to a phase that is over, and an
 * event is stored once. The event comes after the row, so that a try that died in between is made good by the next.
 */
export function createRecordPhase({
  records,
  clock,
}: Pick<ActivityDeps, 'records' | 'clock'>): Activity<'recordPhase'> {
  return async ({ migrationId, phase, nth }, log) => {
    const record = await records.decideOnMigration(migrationId, (current) => {
      if (isLate(phase, nth, current)) return undefined;
      const { restored, alreadyPresent, manual, failed, captured } = current.access;
      const done = restored + alreadyPresent + manual + failed;
      const free = { ...current, ...unmarked(current) };
      return {
        phase,
        status: 'Running',
        progress: progressOf(phase, { captured, done }),
        ...unmarked(current),
        checks: checksIn(phase, free),
        ...(nth === undefined ? {} : { phasesEntered: nth }),
      };
    });
    if (record === undefined) throw new Error('the migration has no row');
    if (record.phase === phase) await announce(record, { records, clock });
    else log.warn('phase-not-entered', { migrationId, phase, current: record.phase });
    log.info('phase', { migrationId, phase });
    const wantsBack = nth !== undefined && record.wish?.kind === 'revert' && !isGoingBack(record);
    return done({
      cancelRequested: record.cancelRequestedAt !== null,
      ...(wantsBack ? { wish: 'revert' as const } : {}),
    });
  };
}

function isLate(phase: Phase, nth: number | undefined, current: MigrationRecord): boolean {
  if (!mayFollow(phase, current.phase)) return true;
  return nth !== undefined && current.phasesEntered !== null && nth < current.phasesEntered;
}

const WHAT_NOW =
  'Ask the guest which account they used. Then POST …/resend to invite again, or POST …/cancel: with ' +
  '{"mode":"revert"} the guest gets back the account they had.';

/** The row about a wrong account: there while an operator has to decide, and settled when the run goes on. */
function checksIn(phase: Phase, record: MigrationRecord): Check[] {
  const { checks, verdict } = record;
  if (phase === 'needsOperator') {
    const wanted = wantedIdentity(isGoingBack(record));
    const detail = `The guest accepted with: ${verdict ?? 'unknown'}; wanted: ${wanted}. Nothing was restored.`;
    return withRow(checks, warning('accepted-with-wrong-account', detail, WHAT_NOW));
  }
  const wasWrong = checks.some(({ id, ok }) => id === 'accepted-with-wrong-account' && !ok);
  if (!wasWrong || phase === 'ended') return checks;
  return withRow(checks, passed('accepted-with-wrong-account', 'It went on after that.', 'warning'));
}
