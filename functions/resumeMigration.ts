import { randomBytes } from 'node:crypto';
import { isResumable } from '../domain/direction';
import { newMigrationId } from '../domain/ids';
import { resumeRequestSchema, type MigrationRequest } from '../domain/migration';
import { newRecord, type MigrationRecord } from '../domain/record';
import { claimGuest, confirmClaim } from './claimGuest';
import { json, noQuery, readId, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, linksOf, toMigration } from './migrationView';
import { Problem } from './problems';
import { refuseWhileBlocked } from './refuseStart';
import { parseBody, readOptionalJson } from './requestBody';
import type { Services } from './services';
import { CALLER } from './startMigration';
import { giveUp, resumeStart, startOrchestration } from './startOrchestration';

/**
 * POST /migrations/{id}/resume: a new migration goes on where this one ended after the point of no return, from its
 * snapshot. Of many callers one gets it: the old row names its successor by a conditional write.
 */
export const resumeMigration: Handler = async (request, services) => {
  readQuery(request, noQuery);
  const parentId = readId(request);
  const body = parseBody(resumeRequestSchema, await readOptionalJson(request));
  const { records, clock, settings } = services;
  const parent = await records.readMigration(parentId);
  if (parent === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  await refuse(parent, body.inviteEmail, services);
  await refuseWhileBlocked(services);
  const id = newMigrationId(clock.now().getTime(), randomBytes(10).toString('hex'));
  const now = clock.now().toISOString();
  const guestId = parent.guest.oldId ?? '';
  const claim = await claimGuest(records, { guestId, migrationId: id, lockedAt: now });
  if (claim.migrationId !== id) throw inTheWay('guest-already-migrating', claim.migrationId, services);
  await nameSuccessor(parent, id, services);
  const by = body.by ?? CALLER;
  const record = successorOf(parent, {
    id,
    by,
    now,
    inviteEmail: body.inviteEmail,
    mostRounds: settings.wrongAccountRounds,
  });
  const entry = { migrationId: id, at: now, by, action: 'resumeMigration', targetId: guestId };
  await records.audit({ ...entry, stage: 'requested', detail: [parentId, body.comment ?? ''].join(' ').trim() });
  await records.createMigration(record);
  if (!(await confirmClaim(records, claim, clock.now().toISOString()))) {
    await giveUp(id, services);
    const holder = await records.readLock(guestId);
    throw inTheWay('guest-already-migrating', holder?.migrationId ?? id, services);
  }
  await startOrchestration(record, services);
  return json(202, toMigration(record, settings), acceptedHeaders(settings.baseUrl, id));
};

async function refuse(parent: MigrationRecord, inviteEmail: string | undefined, services: Services): Promise<void> {
  if (!hasEnded(parent)) throw new Problem('nothing-to-resume', 'The migration has not ended.');
  if (!isResumable(parent)) {
    throw new Problem('nothing-to-resume', 'Nothing is left to do, or the guest was given back: start a new one.');
  }
  if (inviteEmail !== undefined && (parent.verdict === 'personal' || parent.turnedBackAt !== null)) {
    const detail = 'The guest has accepted already, or is on the way back: the address cannot be changed any more.';
    throw new Problem('invalid-body', detail, { field: 'inviteEmail' });
  }
  if (parent.resumedBy === null) return;
  if (await standsIn(parent.resumedBy, services)) throw inTheWay('already-resumed', parent.resumedBy, services);
}

/**
 * True when a successor has taken over; one that never began, or was refused, leaves the way to another. One whose start
 * died half way is started, unless its guest is lost.
 */
async function standsIn(successorId: string, services: Services): Promise<boolean> {
  const successor = await services.records.readMigration(successorId);
  if (successor === undefined) return false;
  if (!(await resumeStart(successor, services))) return false;
  return !hasEnded(successor) || (successor.snapshotHash !== null && successor.outcome !== 'rejected');
}

async function nameSuccessor(parent: MigrationRecord, id: string, services: Services): Promise<void> {
  const named = await services.records.decideOnMigration(parent.id, (current) =>
    // No progress of the migration that has ended: the time of its last change stays.
    current.resumedBy === parent.resumedBy ? { resumedBy: id, updatedAt: current.updatedAt } : undefined,
  );
  if (named?.resumedBy === id) return;
  await services.records.releaseGuest(parent.guest.oldId ?? '', id);
  throw inTheWay('already-resumed', named?.resumedBy ?? id, services);
}

interface Beginning {
  id: string;
  by: string;
  now: string;
  inviteEmail: string | undefined;
  mostRounds: number;
}

/** The row of the new migration. It begins past the point of no return, so it cannot be cancelled as if nothing was done. */
function successorOf(parent: MigrationRecord, { id, by, now, inviteEmail, mostRounds }: Beginning): MigrationRecord {
  const request: MigrationRequest = {
    ...parent.request,
    dryRun: false,
    approval: false,
    ...(inviteEmail === undefined ? {} : { inviteEmail }),
  };
  const { guest, strategy, purgeClaimedAt } = parent;
  const record = newRecord({ id, guestId: guest.oldId, request, startedBy: by, mostRounds, resumes: parent.id, now });
  return { ...record, strategy, purgeClaimedAt: purgeClaimedAt ?? now };
}

function inTheWay(
  code: 'guest-already-migrating' | 'already-resumed',
  migrationId: string,
  { settings }: Services,
): Problem {
  return new Problem(code, 'Look at that migration, and resume it when it has ended.', {
    migrationId,
    headers: { Location: linksOf(settings.baseUrl, migrationId).self },
  });
}
