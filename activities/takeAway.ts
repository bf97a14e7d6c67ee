import { z } from 'zod';
import type { Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type ActivityDeps } from './activity';
import { auditor, secondsUntilConsistent } from './common';

type Taken = StepOutcome<StepOutput<'removeInvited'>>;

const stateShape = z.object({ externalUserState: z.string().nullish() });

/**
 * Moves a guest that this migration invited into the recycle bin, where it can be found for 30 days: an invitation does
 * not expire by itself, and Graph has no call that revokes one. With `evenAccepted: false` a guest who has accepted
 * keeps the account; one who accepts between the look and the deletion is given back.
 *
 * Safe to run twice: what is in the recycle bin already is answered alike. The row is touched before each write, and reads
 * are believed only when they had time to catch up with it: "not found" always, and after a deletion of ours also that the
 * guest is there, because a replica may know of the acceptance and not yet of the deletion.
 */
export async function takeAway(
  { record, newId, evenAccepted }: { record: MigrationRecord; newId: string; evenAccepted: boolean },
  deps: ActivityDeps,
  log: Log,
): Promise<Taken> {
  requireOurs(record, newId);
  const { graph, records, clock, settings } = deps;
  const isOurDeletion = record.removedId === newId;
  const wait = secondsUntilConsistent(record.updatedAt, clock, settings.consistencySeconds);
  if (isOurDeletion && wait > 0) return notNow(wait);
  const state = await stateAt(`/users/${newId}`);
  if (state === 'accepted' && !evenAccepted) return keep();
  if (state !== undefined) return remove();
  if (wait > 0) return notNow(wait);
  const deletedState = await stateAt(`/directory/deletedItems/${newId}`);
  if (deletedState === undefined) return done({ invited: 'gone' });
  // Deleted by somebody else: then it is not for us to give it back.
  if (deletedState === 'accepted' && !evenAccepted && isOurDeletion) return giveBack();
  // The process may have died between the deletion and its entry.
  if (isOurDeletion) await auditor(deps, record.id, 'removeInvited')('after', newId, 'found removed');
  return done({ invited: 'removed' });

  async function keep(): Promise<Taken> {
    // Given back by an earlier execution whose answer was lost.
    if (isOurDeletion) await records.updateMigration(record.id, { removedId: null });
    return done({ invited: 'accepted' });
  }

  async function remove(): Promise<Taken> {
    await records.updateMigration(record.id, { removedId: newId });
    const audit = auditor(deps, record.id, 'removeInvited');
    await audit('before', newId);
    try {
      await graph.write('DELETE', `/users/${newId}`);
    } catch (error) {
      if (!(error instanceof ServiceError) || isTransient(error)) throw error;
      if (isNotFound(error)) throw new TransientFailure('takeAway: the invited guest was not found');
      await audit('refused', newId, reasonOf(error));
      return failed('delete-refused', `${reasonOf(error)}. The invited guest was not removed.`);
    }
    await audit('after', newId);
    log.info('invited-removed', { migrationId: record.id, newId });
    // Whether the guest accepted meanwhile shows in the recycle bin, when reads have had time to catch up.
    return evenAccepted ? done({ invited: 'removed' }) : notNow(settings.consistencySeconds);
  }

  async function giveBack(): Promise<Taken> {
    // Touches the row: reads right after it may still lag.
    await records.updateMigration(record.id, { removedId: newId });
    const audit = auditor(deps, record.id, 'restoreInvited');
    await audit('before', newId);
    await graph.write('POST', `/directory/deletedItems/${newId}/restore`);
    await records.updateMigration(record.id, { removedId: null });
    await audit('after', newId);
    log.info('invited-given-back', { migrationId: record.id, newId });
    return done({ invited: 'accepted' });
  }

  async function stateAt(path: string): Promise<'accepted' | 'other' | undefined> {
    try {
      const { externalUserState } = await graph.read(`${path}?$select=id,externalUserState`, stateShape);
      return externalUserState?.toLowerCase() === 'accepted' ? 'accepted' : 'other';
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Refuses ids that are not the guest that this migration invited, and never takes away the old guest. */
function requireOurs(record: MigrationRecord, newId: string): void {
  if (record.guest.newId !== newId || record.guest.oldId === newId) {
    throw new Error('takeAway: the id is not the invited guest of this migration');
  }
  if (record.phase === 'ended') throw new Error('takeAway: the migration has ended');
}
