import { awaitIdentity } from './handOver';
import { inviteOnce, type Invited } from './invite';
import { oldGuestOf, type Plan } from './plan';
import { purge, stopIfCancelled, undo } from './removeOldGuest';
import { whileUndoable } from './retryPolicies';
import type { Durable, Run } from './run';
import { enter, step } from './steps';
import { asStop, failure } from './stop';

/**
 * The story with a safety net: the old guest stays in the recycle bin until the new identity is proven. Every ending
 * before the purge takes the invited guest away and gives the old one back.
 *
 * @returns the new guest's id
 */
export function* keepOldGuestUntilProven(run: Run, plan: Plan): Durable<string> {
  const old = oldGuestOf(plan);
  const progress = { proven: false, claimed: false };
  let guest: Invited | undefined;
  stopIfCancelled(yield* enter(run, 'deleting'));
  try {
    yield* step(run, 'softDeleteGuest', { migrationId: run.migrationId, ...old }, whileUndoable);
    guest = yield* inviteOnce(run, plan);
    yield* awaitIdentity(run, plan, guest);
    progress.proven = true;
    yield* purge(run, old, progress);
  } catch (error) {
    const stop = asStop(error);
    const oldGuest = yield* undo(run, plan.guestId);
    if (oldGuest === 'present') {
      if (guest !== undefined) yield* removeInvited(run, guest.newId);
      throw stop;
    }
    if (guest === undefined || !progress.proven || !progress.claimed) {
      throw failure({ code: 'guest-vanished', detail: 'Somebody else purged the guest while it was soft-deleted.' });
    }
  }
  return guest.newId;
}

/** The guest has the old account again: the new one must not stay beside it. */
function* removeInvited(run: Run, newId: string): Durable<void> {
  yield* step(run, 'removeInvited', { migrationId: run.migrationId, newId, evenAccepted: true });
}
