import type { Records } from '../domain/ports';
import type { GuestLock } from '../domain/record';
import { hasEnded } from './migrationView';

/** Milliseconds after which a lock without a migration row is a start that died half way. */
export const START_DIES_AFTER_MS = 2 * 60_000;
const ROUNDS = 5;

/**
 * Takes a guest for a migration. A lock that outlived its migration is replaced, and only if it is still the one that
 * was judged, so of many starters one gets through.
 *
 * @returns the lock that is in force: it names this migration, or the one that is in the way
 */
export async function claimGuest(records: Records, wanted: GuestLock): Promise<GuestLock> {
  let inForce = await records.lockGuest(wanted);
  for (let round = 0; round < ROUNDS; round += 1) {
    if (inForce.migrationId === wanted.migrationId) return inForce;
    if (!(await isDead(records, inForce, wanted.lockedAt))) return inForce;
    if (await records.replaceLock(inForce, wanted)) return wanted;
    inForce = await records.lockGuest(wanted);
  }
  return inForce;
}

/**
 * Confirms a claim after the migration's row was written, by renewing the lock. Without it a starter that was paused
 * between lock and row could go on although somebody else took its lock for dead meanwhile.
 *
 * @returns false when the guest now belongs to another migration or to none
 */
export async function confirmClaim(records: Records, claim: GuestLock, now: string): Promise<boolean> {
  if (await records.replaceLock(claim, { ...claim, lockedAt: now })) return true;
  // A second request with the same idempotency key may have renewed it first: then the guest still is ours.
  return (await records.readLock(claim.guestId))?.migrationId === claim.migrationId;
}

/**
 * Frees a lock whose start died half way. The lock is first given to nobody, conditionally: a starter that wakes up
 * then fails to confirm its claim instead of running without a lock.
 *
 * @returns false when the lock was no longer the one that was judged
 */
export async function freeDeadLock(records: Records, dead: GuestLock, now: string): Promise<boolean> {
  const nobody = `freed-${dead.migrationId}`.slice(0, 100);
  if (!(await records.replaceLock(dead, { ...dead, migrationId: nobody, lockedAt: now }))) return false;
  await records.releaseGuest(dead.guestId, nobody);
  return true;
}

async function isDead(records: Records, lock: GuestLock, now: string): Promise<boolean> {
  const record = await records.readMigration(lock.migrationId);
  if (record !== undefined) return hasEnded(record);
  return Date.parse(now) - Date.parse(lock.lockedAt) > START_DIES_AFTER_MS;
}
