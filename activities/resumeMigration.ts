import { z } from 'zod';
import { blockers, type Check } from '../domain/checks';
import { addressToInvite, isGoingBack } from '../domain/direction';
import { noAccess } from '../domain/grants';
import { isOver, progressOf } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { planChunks } from '../domain/restorePlan';
import { isNotFound } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutput } from '../domain/steps';
import { done, failed, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { CHUNK } from './captureAccess';
import { checkApp } from './checks/appChecks';
import { checkToResume } from './checks/resumeChecks';
import { auditor, recordOf, verifiedSnapshot } from './common';
import { takeLock } from './locks';
import { takeAway } from './takeAway';

type Invited = StepOutput<'resumeMigration'>['invited'];

/**
 * Takes over from the migration that this one continues: checks that the directory is where that one left it, copies its
 * snapshot under the own id, and finds the guest that it invited. A guest that was taken away because the time was up is
 * given back first.
 *
 * Safe to run twice: the snapshot is written once, what is copied into the row is the same every time, and a guest who is
 * there already is not restored again. Once the run has gone on nothing is written any more.
 */
export function createResumeMigration(deps: ActivityDeps): Activity<'resumeMigration'> {
  const { graph, records, documents, clock } = deps;
  return async ({ migrationId }, log) => {
    const record = await recordOf(records, migrationId);
    if (record.resumes === null) throw new Error('resumeMigration: this migration continues none');
    const parent = await recordOf(records, record.resumes);
    const of = { migrationId: parent.id, snapshotHash: parent.snapshotHash ?? '' };
    const snapshot = parent.snapshotHash === null ? undefined : await verifiedSnapshot(documents, of);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot of the earlier migration cannot be read.');

    const checks = await checksOf(record, parent, snapshot);
    await ifStillFirst(record, { checks, guest: { ...record.guest, displayName: snapshot.guest.displayName } });
    const failedChecks = blockers(checks).map(({ id }) => id);
    log.info('resume-checked', { migrationId, blocking: failedChecks.length });
    if (failedChecks.length > 0) return done({ failedChecks, plan: null, invited: null });

    const snapshotHash = await documents.writeSnapshot({
      ...snapshot,
      migrationId,
      copiedFrom: { migrationId: parent.id, snapshotHash: of.snapshotHash },
    });
    if ((await verifiedSnapshot(documents, { migrationId, snapshotHash, guestId: snapshot.guest.id })) === undefined) {
      return failed(
        'snapshot-unverified',
        'The copy of the snapshot that was read back is not the one that was written.',
      );
    }
    const copied = await ifStillFirst(record, whatIsCopied(parent, snapshot, snapshotHash));
    const invited = await findInvited(copied, parent, snapshot);
    if (invited === 'taken') {
      return failed('invited-someone-else', 'Another migration works on the guest that was invited.');
    }
    return done({
      failedChecks,
      plan: {
        guestId: snapshot.guest.id,
        snapshotHash,
        grants: snapshot.grants.length,
        chunks: planChunks(snapshot.grants, CHUNK),
        strategy: parent.strategy === 'reset' ? 'reset' : 'recreate',
        back: isGoingBack(parent),
      },
      invited,
    });

    async function findInvited(
      own: MigrationRecord,
      from: MigrationRecord,
      taken: Snapshot,
    ): Promise<Invited | 'taken'> {
      const { newId } = from.guest;
      if (newId === null) return null;
      const reuses = addressToInvite(own, taken)?.toLowerCase() === addressToInvite(from, taken)?.toLowerCase();
      const state = (await stateOf(newId)) ?? (reuses ? await giveBack(newId) : undefined);
      if (state === undefined) return null;
      const lock = { guestId: newId, migrationId, lockedAt: clock.now().toISOString() };
      if ((await takeLock(records, lock)) !== undefined) return 'taken';
      const named = await ifStillFirst(own, { guest: { ...own.guest, newId } });
      if (reuses) return { newId, state };
      // Somebody gave another address: whoever holds the invitation to the first one must not be left beside it.
      const away = await takeAway({ record: named, newId, evenAccepted: true }, deps, log);
      if (!away.ok) throw new TransientFailure('resumeMigration: the guest that was invited before is still there');
      await ifStillFirst(named, { guest: { ...named.guest, newId: null }, inviteAttemptedAt: null });
      await records.releaseGuest(newId, migrationId);
      return null;
    }

    /** Only what the earlier migration itself took away is given back. */
    async function giveBack(newId: string): Promise<'pending' | undefined> {
      if (parent.removedId !== newId) return undefined;
      const audit = auditor(deps, migrationId, 'restoreInvited');
      await audit('before', newId);
      try {
        await graph.write('POST', `/directory/deletedItems/${newId}/restore`);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
      await audit('after', newId);
      return 'pending';
    }

    async function stateOf(newId: string): Promise<'pending' | 'accepted' | undefined> {
      try {
        const { externalUserState } = await graph.read(`/users/${newId}?$select=id,externalUserState`, stateShape);
        return externalUserState?.toLowerCase() === 'accepted' ? 'accepted' : 'pending';
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    }
  };

  async function checksOf(record: MigrationRecord, parent: MigrationRecord, snapshot: Snapshot): Promise<Check[]> {
    const [ofApp, others] = await Promise.all([
      checkApp({ grants: snapshot.grants, refused: [] }, deps),
      checkToResume({ record, parent, snapshot }, deps),
    ]);
    // Nothing privileged is deleted any more: the old guest is gone.
    return [...ofApp.filter(({ id }) => id === 'app-permissions'), ...others];
  }

  /** Changes the row unless the run has gone on: a late duplicate must not undo what came after it. */
  async function ifStillFirst(record: MigrationRecord, change: Partial<MigrationRecord>): Promise<MigrationRecord> {
    const changed = await records.decideOnMigration(record.id, (current) =>
      isOver('preflight', current.phase) ? undefined : change,
    );
    if (changed === undefined) throw new Error('the migration has no row');
    return changed;
  }
}

const stateShape = z.object({ externalUserState: z.string().nullish() });

/** What later steps need of the earlier migration, as if this one had come so far itself. */
function whatIsCopied(parent: MigrationRecord, snapshot: Snapshot, snapshotHash: string): Partial<MigrationRecord> {
  const captured = snapshot.grants.length;
  return {
    snapshotHash,
    strategy: parent.strategy,
    recommendation: parent.recommendation,
    turnedBackAt: parent.turnedBackAt,
    deleteAttemptedAt: parent.deleteAttemptedAt,
    purgeClaimedAt: parent.purgeClaimedAt,
    purgedAt: parent.purgedAt ?? parent.resetAttemptedAt ?? parent.purgeClaimedAt,
    inviteAttemptedAt: parent.inviteAttemptedAt,
    access: { ...noAccess, captured },
    progress: progressOf('preflight', { captured, done: 0 }),
  };
}
