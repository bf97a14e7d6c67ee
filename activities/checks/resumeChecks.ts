import type { Check } from '../../domain/checks';
import { addressToInvite } from '../../domain/direction';
import type { Records } from '../../domain/ports';
import type { MigrationRecord } from '../../domain/record';
import type { Snapshot } from '../../domain/snapshot';
import type { ActivityDeps } from '../activity';
import { isThere, usersWithAddress } from '../common';
import { cameOfTry, triedBefore } from '../earlierInvitation';
import { breakerRow } from '../heldBack';
import { readBreaker } from '../inviteBreaker';
import { reservationOf, takeLock } from '../locks';
import { blocking, passed } from './check';

interface ToResume {
  record: MigrationRecord;
  parent: MigrationRecord;
  snapshot: Snapshot;
}

/** Whether a migration can go on where another ended: the directory is as that one left it, and the address is free. */
export async function checkToResume(toResume: ToResume, deps: ActivityDeps): Promise<Check[]> {
  const [breaker, resumable, free] = await Promise.all([
    readBreaker(deps.records),
    resumableRow(toResume, deps),
    addressRow(toResume, deps),
  ]);
  return [resumable, free, breakerRow(breaker)];
}

async function resumableRow({ parent, snapshot }: ToResume, { graph }: ActivityDeps): Promise<Check> {
  const id = 'migration-resumable';
  const guestId = snapshot.guest.id;
  const [active, deleted] = await Promise.all([
    isThere(graph, `/users/${guestId}`),
    isThere(graph, `/directory/deletedItems/${guestId}`),
  ]);
  if (parent.strategy === 'reset') {
    return active
      ? passed(id, 'The guest is there.')
      : blocking(
          id,
          'The guest is not there any more.',
          'Look in "Deleted users", restore the guest, and resume again.',
        );
  }
  if (active) {
    return blocking(id, 'The old guest is there: it was not purged.', 'Start a new migration for it.');
  }
  return deleted
    ? blocking(
        id,
        'The old guest lies in the recycle bin: it was not purged.',
        'Restore it from "Deleted users", and start a new migration.',
      )
    : passed(id, 'The old guest is purged.');
}

async function addressRow({ record, parent, snapshot }: ToResume, deps: ActivityDeps): Promise<Check> {
  const id = 'invite-address-free';
  const { graph, records, clock } = deps;
  const address = addressToInvite({ ...record, turnedBackAt: parent.turnedBackAt }, snapshot);
  if (address === null) return blocking(id, 'There is no address to invite.', 'Give one in inviteEmail.');
  const lock = { guestId: reservationOf(address), migrationId: record.id, lockedAt: clock.now().toISOString() };
  // On the way back the address is not one that the request names: nobody would release it at the end.
  const names = record.request.inviteEmail !== undefined && parent.turnedBackAt === null;
  const holder = names ? await takeLock(records, lock) : await holderOf(lock.guestId, record.id, records);
  if (holder !== undefined) {
    return blocking(
      id,
      'Another migration is inviting this address; both guests would become one account.',
      'Wait for the other migration to end.',
    );
  }
  const own = new Set([parent.guest.newId, snapshot.guest.id]);
  const strangers = (await usersWithAddress(graph, address)).filter((user) => !own.has(user.id.toLowerCase()));
  // One that still waits, or came of a try of ours, is the trace of an invitation whose answer was lost; the invitation
  // looks closer.
  const tried = triedBefore(address, parent, snapshot);
  const others = strangers.filter(
    (user) => user.externalUserState?.toLowerCase() !== 'pendingacceptance' && !cameOfTry(user, tried),
  );
  return others.length === 0
    ? passed(id, 'No other account holds the address.')
    : blocking(
        id,
        'Another account of the directory holds the address; access would go to that account.',
        'Remove the other account or its address, or give another address in inviteEmail.',
      );
}

/** The other migration that is working on what the lock stands for. */
async function holderOf(key: string, ownId: string, records: Records): Promise<MigrationRecord | undefined> {
  const lock = await records.readLock(key);
  if (lock === undefined || lock.migrationId === ownId) return undefined;
  const holder = await records.readMigration(lock.migrationId);
  return holder?.phase === 'ended' ? undefined : holder;
}
