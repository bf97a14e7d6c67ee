import { addressToInvite } from '../domain/direction';
import { isOver } from '../domain/phases';
import type { Log, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, reasonOf, TransientFailure, type ActivityDeps } from './activity';
import { auditor, foundUser, foundUserSelect, wasInvitedAs, type FoundUser } from './common';
import { sameAddress } from './earlierInvitation';
import { takeLock } from './locks';
import { takeAway } from './takeAway';

/** A migration that continues another, and what both work on. */
interface Continued {
  record: MigrationRecord;
  parent: MigrationRecord;
  snapshot: Snapshot;
}

/**
 * Finds the guest that an earlier migration invited, and takes it for the one that continues it. One that was taken away
 * because the time was up is given back; one whose address is not the wanted one any more is taken away, so that nobody
 * is left with an invitation.
 *
 * Safe to run twice: a guest who is there is not restored again, and one who was taken away is found gone.
 *
 * @returns null when nobody is there; a failure when another migration works on the guest
 */
export async function findInvited(
  continued: Continued,
  deps: ActivityDeps,
  log: Log,
): Promise<StepOutcome<StepOutput<'continueMigration'>['invited']>> {
  const { record, parent, snapshot } = continued;
  const { records, clock } = deps;
  // A reset whose answer was lost did not get to name its guest: it is the old one.
  const newId = parent.guest.newId ?? (parent.strategy === 'reset' ? snapshot.guest.id : null);
  if (newId === null) return done(null);
  const there = await userAt(`/users/${newId}`, deps);
  const mayBeRemoved = there === undefined && parent.removedId === newId;
  const removed = mayBeRemoved ? await userAt(`/directory/deletedItems/${newId}`, deps) : undefined;
  const found = there ?? removed;
  const reuses = found !== undefined && isWanted(found, continued);
  if (found === undefined || (removed !== undefined && !reuses)) return done(null);
  const lock = { guestId: newId, migrationId: record.id, lockedAt: clock.now().toISOString() };
  if ((await takeLock(records, lock)) !== undefined) {
    return failed('invited-someone-else', 'Another migration works on the guest that was invited.');
  }
  const refused = removed === undefined ? undefined : await giveBack(newId, record.id, deps);
  if (refused !== undefined) {
    await records.releaseGuest(newId, record.id);
    return refused;
  }
  const named = await whileFirst(records, record.id, { guest: { ...record.guest, newId } });
  if (reuses) return done({ newId, state: stateOf(found) });
  const away = await takeAway({ record: named, newId, evenAccepted: true }, deps, log);
  if (!away.ok) return away;
  await whileFirst(records, record.id, { guest: { ...named.guest, newId: null }, inviteAttemptedAt: null });
  await records.releaseGuest(newId, record.id);
  return done(null);
}

/**
 * True for the guest who is to accept. After a reset it is the guest's own account, whatever the address. Where the earlier
 * migration turned back, its row may still name the guest that it invited before: the directory says which one it is.
 */
function isWanted(found: FoundUser, { record, parent, snapshot }: Continued): boolean {
  if (parent.strategy === 'reset') return true;
  const address = addressToInvite(record, snapshot);
  if (parent.turnedBackAt !== null) return address !== null && wasInvitedAs(found, address);
  return sameAddress(address, addressToInvite(parent, snapshot));
}

/** Changes the row unless the run has gone on: a late duplicate must not undo what came after it. */
export async function whileFirst(
  records: Records,
  id: string,
  change: Partial<MigrationRecord>,
): Promise<MigrationRecord> {
  const changed = await records.decideOnMigration(id, (current) =>
    isOver('preflight', current.phase) ? undefined : change,
  );
  if (changed === undefined) throw new Error('the migration has no row');
  return changed;
}

/**
 * Gives back what the earlier migration itself took away.
 *
 * @returns a failure when the directory refuses it; undefined when the guest is there
 */
async function giveBack(
  newId: string,
  migrationId: string,
  deps: ActivityDeps,
): Promise<StepOutcome<never> | undefined> {
  const audit = auditor(deps, migrationId, 'restoreInvited');
  await audit('before', newId);
  try {
    await deps.graph.write('POST', `/directory/deletedItems/${newId}/restore`);
  } catch (error) {
    if (!(error instanceof ServiceError) || isTransient(error)) throw error;
    if (isNotFound(error)) throw new TransientFailure('findInvited: the removed guest was not found');
    await audit('refused', newId, reasonOf(error));
    return failed('undo-failed', `${reasonOf(error)}. It is the guest that the earlier migration invited.`);
  }
  await audit('after', newId);
  return undefined;
}

async function userAt(path: string, { graph }: ActivityDeps): Promise<FoundUser | undefined> {
  try {
    return await graph.read(`${path}?$select=${foundUserSelect}`, foundUser);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function stateOf({ externalUserState }: FoundUser): 'pending' | 'accepted' {
  return externalUserState?.toLowerCase() === 'accepted' ? 'accepted' : 'pending';
}
