import { createHash } from 'node:crypto';
import type { Records } from '../domain/ports';
import type { GuestLock, MigrationRecord } from '../domain/record';
import { TransientFailure } from './activity';

/**
 * Two migrations that invite one address would both restore to the one account that comes of it: the access of two
 * people to one of them. So an address that a request names is locked like a guest.
 *
 * Key of an invited address in the table of guest locks: a GUID made of the address's SHA-256, so that the address
 * itself is not stored there. Without case, as mail addresses compare.
 */
export function reservationOf(address: string): string {
  const hash = createHash('sha256').update(address.toLowerCase(), 'utf8').digest('hex');
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/**
 * Takes a row of the guest locks for a migration, also from one that has ended and did not get to release it.
 *
 * @returns the migration that is in the way; undefined when the row was taken
 */
export async function takeLock(records: Records, wanted: GuestLock): Promise<MigrationRecord | undefined> {
  const inForce = await records.lockGuest(wanted);
  if (inForce.migrationId === wanted.migrationId) return undefined;
  const holder = await records.readMigration(inForce.migrationId);
  if (holder !== undefined && holder.phase !== 'ended') return holder;
  if (await records.replaceLock(inForce, wanted)) return undefined;
  throw new TransientFailure('a lock changed hands at this moment');
}

/** The rows of guest locks that a migration may hold. */
export function locksOf({ guest, removedId, request }: MigrationRecord): string[] {
  const reserved = request.inviteEmail === undefined ? null : reservationOf(request.inviteEmail);
  return [guest.oldId, guest.newId, removedId, reserved].filter((id) => id !== null);
}
