import { blockers, type Check } from '../domain/checks';
import { addressToInvite, isGoingBack } from '../domain/direction';
import { noAccess } from '../domain/grants';
import { isOver, progressOf } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { planChunks } from '../domain/restorePlan';
import type { Snapshot } from '../domain/snapshot';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { CHUNK } from './captureAccess';
import { checkApp } from './checks/appChecks';
import { checkToResume } from './checks/resumeChecks';
import { recordOf, verifiedSnapshot } from './common';
import { triedBefore } from './earlierInvitation';
import { findInvited, whileFirst } from './findInvited';

/**
 * Takes over from the migration that this one continues: checks that the directory is where that one left it, copies its
 * snapshot under the own id, and finds the guest that it invited.
 *
 * Safe to run twice: the snapshot is written once, what is copied into the row is the same every time, and see
 * findInvited. A late duplicate, when the run has gone on, does nothing at all: the guest may have been taken away since.
 */
export function createContinueMigration(deps: ActivityDeps): Activity<'continueMigration'> {
  const { records, documents } = deps;
  return async ({ migrationId }, log) => {
    const record = await recordOf(records, migrationId);
    if (record.resumes === null) throw new Error('continueMigration: this migration continues none');
    if (isOver('preflight', record.phase)) throw new Error('continueMigration: the run has gone on');
    const parent = await recordOf(records, record.resumes);
    const snapshot = await snapshotOf(parent);
    if (snapshot === undefined) {
      return failed('snapshot-unverified', 'The snapshot of the earlier migration cannot be read.');
    }
    const checks = await checksOf({ record, parent, snapshot }, deps);
    await whileFirst(records, migrationId, { checks });
    const failedChecks = blockers(checks).map(({ id }) => id);
    log.info('resume-checked', { migrationId, blocking: failedChecks.length });
    if (failedChecks.length > 0) return done({ failedChecks, plan: null, invited: null });

    const snapshotHash = await copy(snapshot, parent, migrationId);
    if (snapshotHash === undefined) {
      return failed('snapshot-unverified', 'The copy that was read back is not the snapshot that was written.');
    }
    const copied = whatIsCopied({ record, parent, snapshot }, snapshotHash);
    const own = await whileFirst(records, migrationId, copied);
    const invited = await findInvited({ record: own, parent, snapshot }, deps, log);
    if (!invited.ok) return invited;
    return done({ failedChecks, plan: planOf(parent, snapshot, snapshotHash), invited: invited.value });
  };

  async function snapshotOf({ id, snapshotHash }: MigrationRecord): Promise<Snapshot | undefined> {
    return snapshotHash === null ? undefined : verifiedSnapshot(documents, { migrationId: id, snapshotHash });
  }

  /** Writes the snapshot under the id of the new migration and reads it back; undefined when that is not the same. */
  async function copy(
    snapshot: Snapshot,
    { id, snapshotHash }: MigrationRecord,
    migrationId: string,
  ): Promise<string | undefined> {
    const copiedFrom = { migrationId: id, snapshotHash: snapshotHash ?? '' };
    const hash = await documents.writeSnapshot({ ...snapshot, migrationId, copiedFrom });
    const of = { migrationId, snapshotHash: hash, guestId: snapshot.guest.id };
    return (await verifiedSnapshot(documents, of)) === undefined ? undefined : hash;
  }
}

async function checksOf(
  toResume: { record: MigrationRecord; parent: MigrationRecord; snapshot: Snapshot },
  deps: ActivityDeps,
): Promise<Check[]> {
  const [ofApp, others] = await Promise.all([
    checkApp({ grants: toResume.snapshot.grants, refused: [] }, strategyOf(toResume.parent), deps),
    checkToResume(toResume, deps),
  ]);
  // Nothing privileged is deleted any more: the old guest is gone.
  return [...ofApp.filter(({ id }) => id === 'app-permissions'), ...others];
}

function strategyOf({ strategy }: MigrationRecord): 'recreate' | 'reset' {
  return strategy === 'reset' ? 'reset' : 'recreate';
}

function planOf(parent: MigrationRecord, { guest, grants }: Snapshot, snapshotHash: string) {
  return {
    guestId: guest.id,
    snapshotHash,
    grants: grants.length,
    chunks: planChunks(grants, CHUNK),
    strategy: strategyOf(parent),
    back: isGoingBack(parent),
  };
}

/** What later steps need of the earlier migration, as if this one had come so far itself. */
function whatIsCopied(
  { record, parent, snapshot }: { record: MigrationRecord; parent: MigrationRecord; snapshot: Snapshot },
  snapshotHash: string,
): Partial<MigrationRecord> {
  const { guest, grants } = snapshot;
  const captured = grants.length;
  const address = addressToInvite({ ...record, turnedBackAt: parent.turnedBackAt }, snapshot);
  return {
    snapshotHash,
    strategy: parent.strategy,
    recommendation: parent.recommendation,
    turnedBackAt: parent.turnedBackAt,
    deleteAttemptedAt: parent.deleteAttemptedAt,
    purgedAt: parent.purgedAt ?? parent.resetAttemptedAt ?? parent.purgeClaimedAt,
    // Only a try whose answer was lost, to invite this very address: nobody else is of our making.
    inviteAttemptedAt: triedBefore(address, parent, snapshot),
    guest: { oldId: guest.id, newId: null, displayName: guest.displayName },
    access: { ...noAccess, captured },
    progress: progressOf('preflight', { captured, done: 0 }),
  };
}
