import { noAccess } from '../domain/grants';
import type { MigrationRecord } from '../domain/record';
import type { Snapshot } from '../domain/snapshot';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { auditor, recordOf, verifiedSnapshot } from './common';
import { takeAway } from './takeAway';

/**
 * Turns a migration back to the identity that the guest had, for good: from now on the original address is invited and
 * access is given to a work account only. The guest that was invited is taken away, with whatever it was given; where the
 * same account serves the way back (same address, or a reset), it is kept, and its id is answered.
 *
 * Safe to run twice, and late: the direction is switched once, by a conditional write; what concerns the invited guest is
 * done only while the row still names it. Results of grants are forgotten before the row says so, because they belong
 * to the account that is left.
 */
export function createTurnBack(deps: ActivityDeps): Activity<'turnBack'> {
  const { records, documents, clock } = deps;
  return async (input, log) => {
    const { migrationId, newId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: nothing was changed.');
    const found = await recordOf(records, migrationId);
    if (found.phase === 'ended') throw new Error('turnBack: the migration has ended');
    if (snapshot.guest.mail === null) {
      return failed('invitation-refused', 'The guest had no mail address to go back to: nothing was changed.');
    }
    const keeps = keepsAccount(found, snapshot);
    const record = found.turnedBackAt === null ? await switchDirection(found, newId) : found;
    if (keeps) return done({ newId });
    if (record.guest.newId !== newId) {
      // An earlier execution may have died before it let go of it.
      await records.releaseGuest(newId, migrationId);
      return done({ newId: null });
    }
    const taken = await takeAway({ record, newId, evenAccepted: true }, deps, log);
    if (!taken.ok) return taken;
    await forgetInvited(newId, record);
    log.info('turned-back', { migrationId });
    return done({ newId: null });
  };

  async function switchDirection({ id, guest }: MigrationRecord, newId: string): Promise<MigrationRecord> {
    if (guest.newId !== newId) throw new Error('turnBack: the id is not the invited guest of this migration');
    const turnedBackAt = clock.now().toISOString();
    await auditor(deps, id, 'turnBack')('before', newId);
    await records.clearGrantResults(id);
    const record = await records.decideOnMigration(id, (current) =>
      current.turnedBackAt === null && current.guest.newId === newId
        ? {
            ...startAnew(current),
            turnedBackAt,
            wish: current.wish?.kind === 'revert' ? null : current.wish,
            resetAttemptedAt: null,
            addressAddedAt: null,
            purgedAt: current.purgedAt ?? current.resetAttemptedAt,
          }
        : undefined,
    );
    if (record === undefined) throw new Error('the migration has no row');
    return record;
  }

  /** The invited guest is gone: the next invitation starts from nothing. */
  async function forgetInvited(newId: string, { id }: MigrationRecord): Promise<void> {
    await records.clearGrantResults(id);
    // Before the row forgets the id: afterwards nobody would know any more what is locked.
    await records.releaseGuest(newId, id);
    await auditor(deps, id, 'turnBack')('after', newId);
    await records.decideOnMigration(id, (current) =>
      current.guest.newId === newId
        ? { ...startAnew(current), guest: { ...current.guest, newId: null }, invitation: null, inviteAttemptedAt: null }
        : undefined,
    );
  }
}

/** What the row says of an account whose identity is open again. */
function startAnew({ access }: MigrationRecord): Partial<MigrationRecord> {
  return { access: { ...noAccess, captured: access.captured }, verdict: null, comparison: null, invitedAgain: null };
}

/** True when the invited account is the one that the way back leads to. */
function keepsAccount({ strategy, request }: MigrationRecord, { guest }: Snapshot): boolean {
  if (strategy === 'reset') return true;
  return request.inviteEmail === undefined || request.inviteEmail.toLowerCase() === guest.mail?.toLowerCase();
}
