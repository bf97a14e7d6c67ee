import type { OrchestrationContext } from 'durable-functions';
import type { Outcome } from '../domain/phases';
import { awaitApproval } from './awaitApproval';
import { handOver } from './handOver';
import { keepOldGuestUntilProven } from './keepOldGuest';
import { finish, oldGuestOf, type Plan } from './plan';
import { removeOldGuest, stopIfCancelled } from './removeOldGuest';
import { resetOldGuest } from './resetOldGuest';
import { resumed } from './resume';
import { inviteOnce, type Invited } from './invite';
import { whileUndoable } from './retryPolicies';
import { beginRun, type Durable, type Run } from './run';
import { enter, step } from './steps';
import { asStop, Stop, TurnBack } from './stop';
import { turnBack } from './turnBack';

/**
 * The story: a guest moves from a work account to a personal Microsoft account and gets back every access.
 * Deterministic: it decides and waits; everything that touches the world is a step.
 */
export function* switchGuest(context: OrchestrationContext): Durable<{ outcome: Outcome }> {
  const run = beginRun(context);
  try {
    if (run.resumes === true) return yield* restOfStory(run, ...(yield* resumed(run)));

    const found = yield* preflight(run);
    const plan = yield* capture(run, found);
    if (run.dryRun) return yield* finish(run, 'planned');

    yield* awaitApproval(run, plan);

    if (run.purgeAfterRedemption === true && plan.strategy === 'recreate') {
      return yield* orBack(run, plan, () => keepOldGuestUntilProven(run, plan));
    }
    if (plan.strategy === 'reset') return yield* restOfStory(run, plan, yield* resetOldGuest(run, plan));

    yield* removeOldGuest(run, oldGuestOf(plan));
    // ---- Point of no return: the old guest is purged. From here on the only way is forward, or back by invitation. ----
    return yield* restOfStory(run, plan, undefined);
  } catch (error) {
    const stop = asStop(error);
    return yield* finish(run, stop.outcome, stop.failure);
  }
}

/**
 * After the point of no return: invite, wait for the redemption, verify the identity, restore, verify the access.
 *
 * @param invited the guest, when it is invited already
 */
function* restOfStory(run: Run, plan: Plan, invited: Invited | undefined): Durable<{ outcome: Outcome }> {
  return yield* orBack(run, plan, function* () {
    const guest = invited ?? (yield* inviteOnce(run, plan));
    return yield* handOver(run, plan, guest);
  });
}

/** Tells a story; when somebody wants the guest back at the identity they had, tells it the other way round. */
function* orBack(run: Run, plan: Plan, story: () => Durable<{ outcome: Outcome }>): Durable<{ outcome: Outcome }> {
  try {
    return yield* story();
  } catch (error) {
    if (!(error instanceof TurnBack)) throw error;
    return yield* handOver(run, { ...plan, back: true }, yield* turnBack(run, plan, error.newId));
  }
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
