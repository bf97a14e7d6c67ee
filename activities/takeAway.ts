import { z } from 'zod';
import type { Graph, Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type ActivityDeps } from './activity';
import { auditor, secondsUntilConsistent } from './common';

type Taken = StepOutcome<StepOutput<'removeInvited'>>;

const stateShape = z.object({ externalUserState: z.string().nullish() });

/** A guest to take away, as the row of the migration names them. */
interface Invited {
  record: MigrationRecord;
  newId: string;
  evenAccepted: boolean;
}

/**
 * Moves a guest that this migration invited into the recycle bin, where it can be found for 30 days: an invitation does
 * not expire by itself, and Graph has no call that revokes one. With `evenAccepted: false` a guest who has accepted
 * keeps the account; one who accepts between the look and the deletion is given back.
 *
 * Safe to run twice: what is in the recycle bin already is answered alike. The row is touched before each write, and reads
 * are believed only when they had time to catch up with it: "not found" always, and after a deletion of ours also that the
 * guest is there, because a replica may know of the acceptance and not yet of the deletion. A write whose answer was lost
 * touches the row again: it may have taken effect later than it was begun.
 */
export async function takeAway(invited: Invited, deps: ActivityDeps, log: Log): Promise<Taken> {
  const { record, newId, evenAccepted } = invited;
  requireOurs(record, newId);
  const { graph, records, clock, settings } = deps;
  const triedBefore = record.removedId === newId;
  const wait = secondsUntilConsistent(record.updatedAt, clock, settings.consistencySeconds);
  if (triedBefore && wait > 0) return notNow(wait);

  const state = await stateAt(graph, `/users/${newId}`);
  if (state === 'accepted' && !evenAccepted) {
    // Given back by an earlier execution whose answer was lost, or a deletion of ours never took effect.
    if (triedBefore) await records.updateMigration(record.id, { removedId: null });
    return done({ invited: 'accepted' });
  }
  if (state !== undefined) return remove(invited, deps, log);
  if (wait > 0) return notNow(wait);
  const deletedState = await stateAt(graph, `/directory/deletedItems/${newId}`);
  if (deletedState === undefined) return done({ invited: 'gone' });
  // Deleted by somebody else: then it is not for us to give it back.
  if (!triedBefore) return done({ invited: 'removed' });
  await auditor(deps, record.id, 'removeInvited')('after', newId, 'found removed');
  return deletedState === 'accepted' && !evenAccepted ? giveBack(invited, deps, log) : done({ invited: 'removed' });
}

async function remove({ record, newId, evenAccepted }: Invited, deps: ActivityDeps, log: Log): Promise<Taken> {
  const { graph, records, settings } = deps;
  await records.updateMigration(record.id, { removedId: newId });
  const audit = auditor(deps, record.id, 'removeInvited');
  await audit('before', newId);
  try {
    await graph.write('DELETE', `/users/${newId}`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (isTransient(error)) {
      await touch(record, deps);
      throw error;
    }
    if (isNotFound(error)) throw new TransientFailure('takeAway: the invited guest was not found');
    const before = record.removedId === newId ? null : record.removedId;
    await records.updateMigration(record.id, { removedId: before });
    await audit('refused', newId, reasonOf(error));
    return failed('delete-refused', `${reasonOf(error)}. The invited guest was not removed.`);
  }
  log.info('invited-removed', { migrationId: record.id, newId });
  // Whether the guest accepted meanwhile shows in the recycle bin, when reads have had time to catch up; that look also
  // says in the audit log what it found.
  if (!evenAccepted) return notNow(settings.consistencySeconds);
  await audit('after', newId);
  return done({ invited: 'removed' });
}

async function giveBack({ record, newId }: Invited, deps: ActivityDeps, log: Log): Promise<Taken> {
  const { graph, records } = deps;
  const audit = auditor(deps, record.id, 'restoreInvited');
  await touch(record, deps);
  await audit('before', newId);
  try {
    await graph.write('POST', `/directory/deletedItems/${newId}/restore`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (isTransient(error)) {
      await touch(record, deps);
      throw error;
    }
    if (isNotFound(error)) throw new TransientFailure('takeAway: the removed guest was not found');
    await audit('refused', newId, reasonOf(error));
    const detail = `${reasonOf(error)}. The invited guest accepted and was removed at the same time.`;
    return failed('undo-failed', detail);
  }
  await records.updateMigration(record.id, { removedId: null });
  await audit('after', newId);
  log.info('invited-given-back', { migrationId: record.id, newId });
  return done({ invited: 'accepted' });
}

/** From now on reads have to catch up with something. */
async function touch({ id }: MigrationRecord, { records }: ActivityDeps): Promise<void> {
  await records.updateMigration(id, {});
}

async function stateAt(graph: Graph, path: string): Promise<'accepted' | 'other' | undefined> {
  try {
    const { externalUserState } = await graph.read(`${path}?$select=id,externalUserState`, stateShape);
    return externalUserState?.toLowerCase() === 'accepted' ? 'accepted' : 'other';
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Refuses ids that are not the guest that this migration invited, and never takes away the old guest: after a reset that
 * is the invited one.
 */
function requireOurs({ guest, phase, strategy }: MigrationRecord, newId: string): void {
  if (guest.newId !== newId || guest.oldId === newId || strategy === 'reset') {
    throw new Error('takeAway: the id is not an invited guest of this migration that may be removed');
  }
  if (phase === 'ended') throw new Error('takeAway: the migration has ended');
}
