import { z } from 'zod';
import { addressToInvite } from '../domain/direction';
import { isOver } from '../domain/phases';
import type { Log, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, type ActivityDeps } from './activity';
import { auditor } from './common';
import { takeLock } from './locks';
import { takeAway } from './takeAway';

const stateShape = z.object({ externalUserState: z.string().nullish() });
type State = 'pending' | 'accepted';

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
  { record, parent, snapshot }: { record: MigrationRecord; parent: MigrationRecord; snapshot: Snapshot },
  deps: ActivityDeps,
  log: Log,
): Promise<StepOutcome<StepOutput<'continueMigration'>['invited']>> {
  const { records, clock } = deps;
  const { newId } = parent.guest;
  if (newId === null) return done(null);
  // After a reset the account is the guest's own, whatever the address.
  const reuses =
    parent.strategy === 'reset' || sameAddress(addressToInvite(record, snapshot), addressToInvite(parent, snapshot));
  const state =
    (await stateOf(newId, deps)) ?? (reuses ? await giveBack({ parent, newId }, record.id, deps) : undefined);
  if (state === undefined) return done(null);
  const lock = { guestId: newId, migrationId: record.id, lockedAt: clock.now().toISOString() };
  if ((await takeLock(records, lock)) !== undefined) {
    return failed('invited-someone-else', 'Another migration works on the guest that was invited.');
  }
  const named = await whileFirst(records, record.id, { guest: { ...record.guest, newId } });
  if (reuses) return done({ newId, state });
  const away = await takeAway({ record: named, newId, evenAccepted: true }, deps, log);
  if (!away.ok) return away;
  await whileFirst(records, record.id, { guest: { ...named.guest, newId: null }, inviteAttemptedAt: null });
  await records.releaseGuest(newId, record.id);
  return done(null);
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

function sameAddress(one: string | null, other: string | null): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}

/** Only what the earlier migration itself took away, and took away last, is given back. */
async function giveBack(
  { parent, newId }: { parent: MigrationRecord; newId: string },
  migrationId: string,
  deps: ActivityDeps,
): Promise<State | undefined> {
  if (parent.removedId !== newId) return undefined;
  const audit = auditor(deps, migrationId, 'restoreInvited');
  await audit('before', newId);
  try {
    await deps.graph.write('POST', `/directory/deletedItems/${newId}/restore`);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  await audit('after', newId);
  return 'pending';
}

async function stateOf(newId: string, { graph }: ActivityDeps): Promise<State | undefined> {
  try {
    const { externalUserState } = await graph.read(`/users/${newId}?$select=id,externalUserState`, stateShape);
    return externalUserState?.toLowerCase() === 'accepted' ? 'accepted' : 'pending';
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
