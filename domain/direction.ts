import type { IdentityVerdict } from './identityVerdict';
import type { Outcome } from './phases';
import type { MigrationRecord } from './record';
import type { Snapshot } from './snapshot';

/**
 * The identity that access may be given to: a personal account, or on the way back the work account that the guest had
 * (preflight lets nobody else in).
 */
export function wantedIdentity(back: boolean): IdentityVerdict {
  return back ? 'work' : 'personal';
}

/** True once the run has turned back to the identity that the guest had. */
export function isGoingBack({ turnedBackAt }: Pick<MigrationRecord, 'turnedBackAt'>): boolean {
  return turnedBackAt !== null;
}

/** The address that is invited: the one the caller names, or the guest's own; on the way back always the guest's own. */
export function addressToInvite(
  record: Pick<MigrationRecord, 'turnedBackAt' | 'request'>,
  { guest }: Pick<Snapshot, 'guest'>,
): string | null {
  return isGoingBack(record) ? guest.mail : (record.request.inviteEmail ?? guest.mail);
}

/**
 * True once there is no giving back of the guest as it was: the old guest is purged, or its redemption is reset. That a
 * reset was tried counts, because the answer may have been lost.
 */
export function isPastReturn(record: MigrationRecord): boolean {
  if (record.purgedAt !== null || record.resetAttemptedAt !== null) return true;
  // Versions that only waited did not write down when the purge was known; they invited only after it.
  const invited = record.inviteAttemptedAt !== null || record.guest.newId !== null;
  return record.mostRounds === null && record.purgeClaimedAt !== null && invited;
}

const unfinished: readonly (Outcome | null)[] = ['completedWithGaps', 'cancelled', 'expired', 'failed'];

/**
 * True when another migration can go on where this one ended: after the point of no return, with something left to do.
 * One that brought the guest back to the identity they had has nothing left.
 */
export function isResumable(record: MigrationRecord): boolean {
  const isBack = isGoingBack(record) && record.comparison !== null;
  const left = record.phase === 'ended' && unfinished.includes(record.outcome) && record.snapshotHash !== null;
  return left && !isBack && isPastReturn(record);
}
