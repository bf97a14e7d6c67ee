import type { Task } from 'durable-functions';
import { APPROVAL_DECIDED } from '../domain/events';
import type { MigrationError } from '../domain/failures';
import type { StepOutput } from '../domain/steps';
import { stopIfCancelled, type OldGuest } from './removeOldGuest';
import { whileUndoable } from './retryPolicies';
import { nowMs, type Durable, type Run } from './run';
import { enter, step } from './steps';
import { Stop } from './stop';

const HOUR_MS = 60 * 60 * 1000;
/** Timers stay far below six days, beyond which durable-functions 3 replays a cancelled timer wrongly. */
const LONGEST_TIMER_MS = 24 * HOUR_MS;

/**
 * Where an approval is needed: waits until somebody answers or the time is up, and returns only when the plan was
 * approved and still is what would be deleted and restored. Nothing has been changed by then, so every other answer
 * ends the run with the tenant as it was.
 */
export function* awaitApproval(run: Run, old: OldGuest): Durable<void> {
  const { approvalHours } = run;
  if (approvalHours === undefined) return;
  stopIfCancelled(yield* enter(run, 'awaitingApproval'));
  yield* waitForDecision(run, nowMs(run) + approvalHours * HOUR_MS);
  yield* requireSamePlan(run, old);
}

/**
 * Signals only wake it: what counts is what it then reads. The last read closes the decision, so that nobody can
 * approve what has timed out. The history grows by one read and one timer a day.
 */
function* waitForDecision(run: Run, deadlineMs: number): Durable<void> {
  let passedBy: Task[] = [];
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
    // A signal that comes during the read goes to a wait of an earlier day: the answer may be newer than the read.
    const answered = passedBy.some((signal) => signal.isCompleted);
    passedBy = passedBy.filter((signal) => !signal.isCompleted);
    if (answered) continue;
    passedBy.push(yield* signalOrTimer(run, Math.min(deadlineMs, nowMs(run) + LONGEST_TIMER_MS)));
  }
}

/** Races a signal against a timer, cancels the timer when it loses, and returns the wait for the signal. */
function* signalOrTimer({ context }: Run, untilMs: number): Durable<Task> {
  const signal = context.df.waitForExternalEvent(APPROVAL_DECIDED);
  const timer = context.df.createTimer(new Date(untilMs));
  yield context.df.Task.any([signal, timer]);
  if (!timer.isCompleted) timer.cancel();
  return signal;
}

/**
 * The wait may have taken weeks. A snapshot is written once, so it cannot be brought up to date; what was approved is
 * what is deleted and restored, or nothing is.
 */
function* requireSamePlan(run: Run, old: OldGuest): Durable<void> {
  const { migrationId } = run;
  const { guestId, failedChecks } = yield* step(run, 'preflight', { migrationId, again: true }, whileUndoable);
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
