import type { MigrationError } from '../domain/failures';
import type { MigrationRecord } from '../domain/record';
import { steps, type StepOutcome } from '../domain/steps';
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
  // On the way back `resetAttemptedAt` is open again; that the guest was reset before is in `purgedAt`.
  const notReset = record.resetAttemptedAt === null && record.purgedAt === null;
  if (record.rolesRemovedAt !== null && notReset && snapshotHash !== null) {
    return hindrance(await undo.giveBackRoles({ migrationId, guestId: oldId, snapshotHash }, log));
  }
  if (!mayBeInRecycleBin(record)) return undefined;
  const undeleted = await undo.undeleteGuest({ migrationId, guestId: oldId }, log);
  const hindered = hindrance(undeleted);
  // Without the old guest the invited one is all there is.
  const isBack = undeleted.ok && steps.undeleteGuest.output.parse(undeleted.value).guest === 'present';
  if (hindered !== undefined || newId === null || !isBack) return hindered;
  return hindrance(await undo.removeInvited({ migrationId, newId, evenAccepted: true }, log));
}

/**
 * Until the purge is known to have taken effect. Versions that only waited did not write that down: there a guest who was
 * invited after a claimed purge follows a purge that took effect.
 */
function mayBeInRecycleBin(record: MigrationRecord): boolean {
  if (record.deleteAttemptedAt === null || record.purgedAt !== null) return false;
  if (record.mostRounds !== null) return true;
  return record.purgeClaimedAt === null || (record.inviteAttemptedAt === null && record.guest.newId === null);
}

function hindrance(outcome: StepOutcome<unknown>): MigrationError | 'later' | undefined {
  if (outcome.ok) return hasRetry(outcome.value) ? 'later' : undefined;
  return 'failure' in outcome ? outcome.failure : 'later';
}

function hasRetry(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'retry' in value && value.retry === true;
}
