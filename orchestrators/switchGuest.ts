import type { OrchestrationContext } from 'durable-functions';
import type { Outcome } from '../domain/phases';
import type { StepOutput } from '../domain/steps';
import { awaitApproval } from './awaitApproval';
import { removeOldGuest, stopIfCancelled } from './removeOldGuest';
import { restoreAccess, verifyRestored } from './restoreAccess';
import { whileUndoable } from './retryPolicies';
import { rewritePolicies } from './rewritePolicies';
import { beginRun, nowMs, type Durable, type Run } from './run';
import { enter, step } from './steps';
import { asStop, Stop } from './stop';
import { verifyIdentity, waitForRedemption } from './waitForRedemption';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The story: a guest moves from a work account to a personal Microsoft account and gets back every access.
 * Deterministic: it decides and waits; everything that touches the world is a step.
 */
export function* switchGuest(context: OrchestrationContext): Durable<{ outcome: Outcome }> {
  const run = beginRun(context);
  try {
    const guestId = yield* preflight(run);
    const plan = yield* capture(run, guestId);
    if (run.dryRun) return yield* end(run, 'planned');
    const { snapshotHash, chunks } = plan;

    yield* awaitApproval(run, { guestId, snapshotHash });

    yield* removeOldGuest(run, { guestId, snapshotHash });
    // ---- Point of no return: the old guest is purged. From here on the only way is forward. ----

    const deadlineMs = nowMs(run) + run.acceptWithinDays * DAY_MS;
    const { newId, expiresMs } = yield* invite(run, { guestId, snapshotHash }, deadlineMs);

    yield* rewritePolicies(run, { newId, snapshotHash });

    yield* enter(run, 'awaitingRedemption');
    yield* waitForRedemption(run, newId, expiresMs);

    yield* enter(run, 'verifyingIdentity');
    yield* verifyIdentity(run, newId);

    yield* enter(run, 'restoring');
    yield* restoreAccess(run, { newId, snapshotHash }, chunks);

    yield* enter(run, 'verifyingAccess');
    const complete = yield* verifyRestored(run, { newId, snapshotHash });
    return yield* end(run, complete ? 'completed' : 'completedWithGaps');
  } catch (error) {
    const stop = asStop(error);
    return yield* end(run, stop.outcome, stop.failure);
  }
}

/** Checks everything before anything is touched; returns the guest's id. */
function* preflight(run: Run): Durable<string> {
  stopIfCancelled(yield* enter(run, 'preflight'));
  const { guestId, failedChecks } = yield* step(run, 'preflight', { migrationId: run.migrationId }, whileUndoable);
  if (guestId !== null && failedChecks.length === 0) return guestId;
  throw new Stop('rejected', { code: 'preflight-failed', detail: `Failed: ${failedChecks.join(', ')}.` });
}

/** Writes the snapshot and reads it back: no verified snapshot, no deletion. */
function* capture(run: Run, guestId: string): Durable<StepOutput<'captureAccess'>> {
  stopIfCancelled(yield* enter(run, 'capturing'));
  return yield* step(run, 'captureAccess', { migrationId: run.migrationId, guestId }, whileUndoable);
}

/**
 * Invites once, listening for changes first, so that a quick redemption is not missed. An invitation that was held back
 * for days says itself until when it can be accepted.
 */
function* invite(
  run: Run,
  old: { guestId: string; snapshotHash: string },
  deadlineMs: number,
): Durable<{ newId: string; expiresMs: number }> {
  yield* enter(run, 'inviting');
  yield* step(run, 'ensureSubscription', {});
  const deadline = new Date(deadlineMs).toISOString();
  const invited = yield* step(run, 'inviteGuest', { migrationId: run.migrationId, ...old, deadline });
  const expiresMs = invited.deadline === undefined ? deadlineMs : Date.parse(invited.deadline);
  return { newId: invited.newId, expiresMs };
}

function* end(run: Run, outcome: Outcome, error: Stop['failure'] = null): Durable<{ outcome: Outcome }> {
  yield* step(run, 'finishMigration', { migrationId: run.migrationId, outcome, error });
  run.context.df.setCustomStatus({ phase: 'ended', outcome });
  return { outcome };
}
