import type { OrchestrationContext } from 'durable-functions';
import type { Outcome } from '../domain/phases';
import { awaitApproval } from './awaitApproval';
import { awaitIdentity, giveAccess } from './handOver';
import { inviteOnce } from './invite';
import { keepOldGuestUntilProven } from './keepOldGuest';
import { finish, oldGuestOf, type Plan } from './plan';
import { removeOldGuest, stopIfCancelled } from './removeOldGuest';
import { resetOldGuest } from './resetOldGuest';
import { resumed } from './resume';
import { whileUndoable } from './retryPolicies';
import { beginRun, type Durable, type Run } from './run';
import { enter, step } from './steps';
import { asStop, Stop, TurnBack } from './stop';
import { turnBack } from './turnBack';

/**
 * The story: a guest moves from a work account to a personal Microsoft account and gets back every access; or, when
 * somebody changes their mind after the point of no return, back to the work account.
 * Deterministic: it decides and waits; everything that touches the world is a step.
 */
export function* switchGuest(context: OrchestrationContext): Durable<{ outcome: Outcome }> {
  const run = beginRun(context);
  try {
    return yield* thereOrBack(run);
  } catch (error) {
    const stop = asStop(error);
    return yield* finish(run, stop.outcome, stop.failure);
  }
}

function* thereOrBack(run: Run): Durable<{ outcome: Outcome }> {
  try {
    return yield* thereToItsEnd(run);
  } catch (error) {
    if (!(error instanceof TurnBack)) throw error;
    const back = { ...error.plan, back: true };
    const guest = yield* turnBack(run, back, error.newId);
    yield* awaitIdentity(run, back, guest);
    return yield* giveAccess(run, back, guest.newId);
  }
}

/** There. Where the wait ends it, the end is written here: a wish to go back may still come before that. */
function* thereToItsEnd(run: Run): Durable<{ outcome: Outcome }> {
  try {
    return yield* run.resumes === true ? goOn(run) : there(run);
  } catch (error) {
    if (!(error instanceof Stop) || error.turning === undefined) throw error;
    return yield* finish(run, error.outcome, error.failure, error.turning);
  }
}

/** The whole way, in its seven steps. */
function* there(run: Run): Durable<{ outcome: Outcome }> {
  const found = yield* preflight(run);
  const plan = yield* capture(run, found);
  if (run.dryRun) return yield* finish(run, 'planned');
  yield* awaitApproval(run, plan);

  const newId = yield* switchIdentity(run, plan);
  return yield* giveAccess(run, plan, newId);
}

/** From where an earlier migration ended. */
function* goOn(run: Run): Durable<{ outcome: Outcome }> {
  const { plan, invited } = yield* resumed(run);
  const guest = invited ?? (yield* inviteOnce(run, plan));
  yield* awaitIdentity(run, plan, guest);
  return yield* giveAccess(run, plan, guest.newId);
}

/** Checks everything before anything is touched; returns the guest's id, and the strategy that suits them. */
function* preflight(run: Run): Durable<Pick<Plan, 'guestId' | 'strategy'>> {
  stopIfCancelled(yield* enter(run, 'preflight'));
  const found = yield* step(run, 'preflight', { migrationId: run.migrationId }, whileUndoable);
  const { guestId, failedChecks, strategy = 'recreate' } = found;
  if (guestId !== null && failedChecks.length === 0) return { guestId, strategy };
  throw new Stop('rejected', { code: 'preflight-failed', detail: `Failed: ${failedChecks.join(', ')}.` });
}

/** Writes the snapshot and reads it back: no verified snapshot, no deletion. */
function* capture(run: Run, found: Pick<Plan, 'guestId' | 'strategy'>): Durable<Plan> {
  stopIfCancelled(yield* enter(run, 'capturing'));
  const { guestId } = found;
  const captured = yield* step(run, 'captureAccess', { migrationId: run.migrationId, guestId }, whileUndoable);
  return { ...found, ...captured, back: false };
}

/** Removes or resets the old guest, invites, waits for the redemption, verifies the identity; returns the guest's id. */
function* switchIdentity(run: Run, plan: Plan): Durable<string> {
  if (plan.strategy === 'reset') {
    const guest = yield* resetOldGuest(run, plan);
    yield* awaitIdentity(run, plan, guest);
    return guest.newId;
  }
  if (run.purgeAfterRedemption === true) return yield* keepOldGuestUntilProven(run, plan);

  yield* removeOldGuest(run, oldGuestOf(plan));
  // ---- Point of no return: the old guest is purged. From here on the only way is forward, or back by invitation. ----
  const guest = yield* inviteOnce(run, plan);
  yield* awaitIdentity(run, plan, guest);
  return guest.newId;
}
