import { inviteOnce, type Invited } from './invite';
import { oldGuestOf, type Plan } from './plan';
import { stopIfCancelled } from './removeOldGuest';
import { whileUndoable } from './retryPolicies';
import type { Durable, Run } from './run';
import { enter, step, untilDone } from './steps';
import { asStop, failure } from './stop';

/**
 * Strategy reset: takes away the roles that Graph refuses to reset, then has the guest accept anew, as the same object.
 * Until the reset everything can be undone, and is undone here: the roles are given back.
 */
export function* resetOldGuest(run: Run, plan: Plan): Durable<Invited> {
  const old = oldGuestOf(plan);
  stopIfCancelled(yield* enter(run, 'inviting'));
  try {
    yield* untilDone(run, 'removeRoles', old, whileUndoable);
    const { claimed } = yield* step(run, 'claimPurge', { migrationId: run.migrationId }, whileUndoable);
    stopIfCancelled(!claimed);
    return yield* inviteOnce(run, plan);
  } catch (error) {
    const stop = asStop(error);
    yield* undo(run, old);
    throw stop;
  }
}

function* undo(run: Run, old: { guestId: string; snapshotHash: string }): Durable<void> {
  try {
    yield* enter(run, 'undoing');
    yield* untilDone(run, 'giveBackRoles', old);
  } catch (error) {
    throw failure({ code: 'roles-not-returned', detail: asStop(error).failure?.detail ?? '' });
  }
}
