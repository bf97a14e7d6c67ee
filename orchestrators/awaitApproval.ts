import { APPROVAL_DECIDED } from '../domain/events';
import type { MigrationError } from '../domain/failures';
import type { StepOutput } from '../domain/steps';
import { oldGuestOf, type Plan } from './plan';
import { stopIfCancelled } from './removeOldGuest';
import { whileUndoable } from './retryPolicies';
import { nowMs, type Durable, type Run } from './run';
import { Listener } from './signals';
import { enter, step } from './steps';
import { Stop } from './stop';

const HOUR_MS = 60 * 60 * 1000;

/**
 * Where an approval is needed: waits until somebody answers or the time is up, and returns only when the plan was
 * approved and still is what would be deleted and restored. Nothing has been changed by then, so every other answer
 * ends the run with the tenant as it was.
 */
export function* awaitApproval(run: Run, plan: Plan): Durable<void> {
  const { approvalHours } = run;
  if (approvalHours === undefined) return;
  stopIfCancelled(yield* enter(run, 'awaitingApproval'));
  yield* waitForDecision(run, nowMs(run) + approvalHours * HOUR_MS);
  yield* requireSamePlan(run, plan);
}

/**
 * Signals only wake it: what counts is what it then reads. The last read closes the decision, so that nobody can
 * approve what has timed out. The history grows by one read and one timer a day.
 */
function* waitForDecision(run: Run, deadlineMs: number): Durable<void> {
  const answers = new Listener(run, APPROVAL_DECIDED);
  for (;;) {
    const close = nowMs(run) >= deadlineMs;
    const { decision, cancelRequested } = yield* step(run, 'readApproval', { migrationId: run.migrationId, close });
    stopIfCancelled(cancelRequested);
    if (decision === 'approved') return;
    if (decision === 'rejected') {
      throw rejected({ code: 'approval-rejected', detail: 'Somebody rejected the plan. Nothing was changed.' });
    }
    if (decision === 'timedOut' || close) {
      throw rejected({ code: 'approval-timed-out', detail: 'Nobody approved the plan in time. Nothing was changed.' });
    }
    // The answer may be newer than the read.
    if (answers.heardMeanwhile()) continue;
    yield* answers.heardUntil(deadlineMs);
  }
}

/**
 * The wait may have taken weeks. A snapshot is written once, so it cannot be brought up to date; what was approved is
 * what is deleted and restored, or nothing is.
 */
function* requireSamePlan(run: Run, plan: Plan): Durable<void> {
  const old = oldGuestOf(plan);
  const { migrationId } = run;
  const now = yield* step(run, 'preflight', { migrationId, again: true }, whileUndoable);
  const { guestId, failedChecks, strategy = 'recreate' } = now;
  if (strategy !== plan.strategy) {
    throw rejected({ code: 'access-changed', detail: `Another strategy suits the guest by now: ${strategy}.` });
  }
  if (guestId !== old.guestId || failedChecks.length > 0) {
    throw rejected({ code: 'preflight-failed', detail: `Failed after the approval: ${failedChecks.join(', ')}.` });
  }
  const found = yield* step(run, 'confirmAccess', { migrationId, ...old }, whileUndoable);
  if (found.added + found.gone + found.changed > 0 || found.account === 'changed') {
    throw rejected({ code: 'access-changed', detail: differences(found) });
  }
}

function differences({ added, gone, changed, account }: StepOutput<'confirmAccess'>): string {
  const grants = `Grants added: ${added}, gone: ${gone}, changed: ${changed}.`;
  return account === 'same' ? grants : `${grants} The account itself changed.`;
}

function rejected(error: MigrationError): Stop {
  return new Stop('rejected', error);
}
