import type { IdentityVerdict } from './identityVerdict';
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
 * True once there is no giving back of the guest as it was: the old guest is purged, or its redemption is reset. What
 * was tried counts, because the answer may have been lost.
 */
export function isPastReturn(
  record: Pick<MigrationRecord, 'purgedAt' | 'inviteAttemptedAt' | 'resetAttemptedAt' | 'guest' | 'strategy'>,
): boolean {
  return record.purgedAt !== null || record.resetAttemptedAt !== null || hasInvitedAfterPurge(record);
}

/** Rows of versions that did not write down when the purge was known: they invited only after it. */
function hasInvitedAfterPurge({
  inviteAttemptedAt,
  guest,
  strategy,
}: Pick<MigrationRecord, 'inviteAttemptedAt' | 'guest' | 'strategy'>): boolean {
  return strategy === 'recreate' && (inviteAttemptedAt !== null || guest.newId !== null);
}
