import type { MigrationError } from '../domain/failures';
import type { MigrationRecord } from '../domain/record';
import type { StepOutcome } from '../domain/steps';
import type { Services } from './services';

/**
 * Undoes what a migration did that was stopped from outside before its point of no return: a soft-deleted guest is
 * given back and what was invited beside it is taken away; roles that were taken away for a reset are given back. The
 * steps are safe to run twice, so this may be repeated.
 *
 * @returns what hindered it for good; undefined when nothing did; `later` when it has to be tried again
 */
export async function undoStopped(
  record: MigrationRecord,
  services: Pick<Services, 'undo' | 'log'>,
): Promise<MigrationError | 'later' | undefined> {
  const { id: migrationId, guest, snapshotHash } = record;
  const { oldId, newId } = guest;
  // One that continues another begins after the point of no return.
  if (oldId === null || record.resumes !== null) return undefined;
  const { undo, log } = services;
  if (record.rolesRemovedAt !== null && record.resetAttemptedAt === null && snapshotHash !== null) {
    return hindrance(await undo.giveBackRoles({ migrationId, guestId: oldId, snapshotHash }, log));
  }
  if (!mayBeInRecycleBin(record)) return undefined;
  const hindered = hindrance(await undo.undeleteGuest({ migrationId, guestId: oldId }, log));
  if (hindered !== undefined || newId === null) return hindered;
  return hindrance(await undo.removeInvited({ migrationId, newId, evenAccepted: true }, log));
}

/** A guest who was invited after a claimed purge follows a purge that took effect; before the claim nothing is purged. */
function mayBeInRecycleBin(record: MigrationRecord): boolean {
  if (record.deleteAttemptedAt === null || record.purgedAt !== null) return false;
  return record.purgeClaimedAt === null || (record.inviteAttemptedAt === null && record.guest.newId === null);
}

function hindrance(outcome: StepOutcome<unknown>): MigrationError | 'later' | undefined {
  if (outcome.ok) return hasRetry(outcome.value) ? 'later' : undefined;
  return 'failure' in outcome ? outcome.failure : 'later';
}

function hasRetry(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'retry' in value && value.retry === true;
}
