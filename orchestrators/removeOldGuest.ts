import { whileUndoable } from './retryPolicies';
import type { Durable, Run } from './run';
import { enter, step } from './steps';
import { asStop, failure, Stop } from './stop';

/** The old guest and the snapshot that deleting it relies on. */
export interface OldGuest {
  guestId: string;
  snapshotHash: string;
}

/** Ends the run as cancelled when somebody asked for it. */
export function stopIfCancelled(requested: boolean): void {
  if (requested) throw new Stop('cancelled', null);
}

/**
 * Soft delete, then purge: everything up to the purge can be undone, and is undone here when a step fails or somebody
 * cancels. When the undo finds that the purge took effect after all, the only way is forward.
 */
export function* removeOldGuest(run: Run, old: OldGuest): Durable<void> {
  const of = { migrationId: run.migrationId, ...old };
  const progress = { claimed: false };
  stopIfCancelled(yield* enter(run, 'deleting'));
  try {
    yield* step(run, 'softDeleteGuest', of, whileUndoable);
    yield* purge(run, old, progress);
  } catch (error) {
    const stop = asStop(error);
    const guest = yield* undo(run, old.guestId);
    if (guest === 'present') throw stop;
    if (!progress.claimed) {
      throw failure({ code: 'guest-vanished', detail: 'Somebody else purged the guest while it was soft-deleted.' });
    }
  }
}

/** Claims the purge, which shuts out a cancel, and purges. `progress` tells how far it got when something is thrown. */
export function* purge(run: Run, old: OldGuest, progress: { claimed: boolean }): Durable<void> {
  const { migrationId } = run;
  stopIfCancelled(yield* enter(run, 'purging'));
  const { claimed } = yield* step(run, 'claimPurge', { migrationId }, whileUndoable);
  progress.claimed = claimed;
  stopIfCancelled(!claimed);
  yield* step(run, 'purgeGuest', { migrationId, ...old }, whileUndoable);
}

/** Whatever hinders it is told as `undo-failed`: the operator must know that the guest is left in the recycle bin. */
export function* undo(run: Run, guestId: string): Durable<'present' | 'gone'> {
  try {
    yield* enter(run, 'undoing');
    const { guest } = yield* step(run, 'undeleteGuest', { migrationId: run.migrationId, guestId });
    return guest;
  } catch (error) {
    throw failure({ code: 'undo-failed', detail: asStop(error).failure?.detail ?? '' });
  }
}
