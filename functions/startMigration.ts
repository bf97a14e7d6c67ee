import { createHash, randomBytes } from 'node:crypto';
import type { HttpRequest } from '@azure/functions';
import { newMigrationId, objectId } from '../domain/ids';
import { migrationRequestSchema, type MigrationRequest } from '../domain/migration';
import { newRecord, type MigrationRecord } from '../domain/record';
import { approvalHoursOf } from './approvals';
import { claimGuest, confirmClaim } from './claimGuest';
import { findGuestId } from './guestLookup';
import { json, noQuery, readQuery, type Handler } from './http';
import { acceptedHeaders, linksOf, toMigration } from './migrationView';
import { Problem } from './problems';
import { refuseStart } from './refuseStart';
import { parseBody, readJson } from './requestBody';
import type { Services } from './services';
import { giveUp, resumeStart, startOrchestration } from './startOrchestration';

/** Who acts in the audit log when the request does not say: a function key carries no name. */
export const CALLER = 'function-key';

/** POST /migrations: takes the guest, stores the row, starts the orchestration, answers 202. */
export const startMigration: Handler = async (request, services) => {
  readQuery(request, noQuery);
  const key = readIdempotencyKey(request);
  const wanted = parseBody(migrationRequestSchema, await readJson(request));
  refuseLateReminders(wanted);
  refuseCallback(wanted, services);
  requireStarter(wanted, services);
  const id = await chooseId(key, wanted, services);
  const before = key === undefined ? undefined : await services.records.readMigration(id);
  const record = before === undefined ? await begin(id, wanted, services) : await again(before, services);
  const { baseUrl } = services.settings;
  return json(202, toMigration(record, services.settings), acceptedHeaders(baseUrl, id));
};

function readIdempotencyKey(request: HttpRequest): string | undefined {
  const key = request.headers.get('idempotency-key');
  if (key === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem('invalid-header', 'An Idempotency-Key has 1 to 255 visible ASCII characters.', {
    field: 'Idempotency-Key',
  });
}

/** A reminder on the day on which the time to accept ends, or after it, would never be sent. */
function refuseLateReminders({ remindAfterDays = [], acceptWithinDays }: MigrationRequest): void {
  const late = remindAfterDays.find((days) => days >= acceptWithinDays);
  if (late === undefined) return;
  throw new Problem('invalid-body', `${late} is not below acceptWithinDays (${acceptWithinDays}).`, {
    field: 'remindAfterDays',
  });
}

/** Callbacks go to the hosts that the operator named, and nowhere else. */
function refuseCallback({ callbackUrl }: MigrationRequest, { callbacks }: Services): void {
  const refusal = callbackUrl === undefined ? undefined : callbacks.refusalOf(callbackUrl);
  if (refusal !== undefined) throw new Problem('callback-not-allowed', refusal, { field: 'callbackUrl' });
}

/** Where starter and approver must not be the same, it has to be known who starts. */
function requireStarter(request: MigrationRequest, { settings }: Services): void {
  if (!settings.approvalFourEyes || request.by !== undefined || approvalHoursOf(request, settings) === null) return;
  throw new Problem('invalid-body', 'Say who starts it: somebody else has to approve it.', { field: 'by' });
}

/** A new id, or the one that an earlier request with the same key got. */
async function chooseId(key: string | undefined, wanted: MigrationRequest, services: Services): Promise<string> {
  const { records, clock } = services;
  const id = newMigrationId(clock.now().getTime(), randomBytes(10).toString('hex'));
  if (key === undefined) return id;
  const binding = { keyHash: sha256(key), migrationId: id, bodyHash: sha256(canonical(wanted)) };
  const inForce = await records.bindKey(binding);
  if (inForce.bodyHash !== binding.bodyHash) {
    throw new Problem('idempotency-key-reused', 'Use a new Idempotency-Key for another request.', {
      field: 'Idempotency-Key',
    });
  }
  return inForce.migrationId;
}

async function begin(id: string, wanted: MigrationRequest, services: Services): Promise<MigrationRecord> {
  const { records, graph, clock } = services;
  if (!wanted.dryRun) await refuseStart(services);
  const guestId = await findGuestId(graph, wanted.guest);
  const now = clock.now().toISOString();
  const claim = guestId === null ? undefined : await claimGuest(records, { guestId, migrationId: id, lockedAt: now });
  if (claim !== undefined && claim.migrationId !== id) throw alreadyMigrating(claim.migrationId, services);
  const startedBy = wanted.by ?? CALLER;
  const approvalHours = approvalHoursOf(wanted, services.settings);
  const mostRounds = services.settings.wrongAccountRounds;
  const record = newRecord({ id, guestId, request: wanted, startedBy, approvalHours, mostRounds, now });
  // Before the row: a start that dies in between is resumed by its row and would never be in the audit log.
  await records.audit({
    migrationId: id,
    at: now,
    by: startedBy,
    action: 'startMigration',
    stage: 'requested',
    targetId: guestId ?? '',
    detail: wanted.dryRun ? 'dry run' : '',
  });
  if (!(await records.createMigration(record))) {
    // A twin request with the same key was faster.
    return again((await records.readMigration(id)) ?? record, services);
  }
  if (claim !== undefined && !(await confirmClaim(records, claim, clock.now().toISOString()))) {
    await giveUp(id, services);
    const holder = await records.readLock(claim.guestId);
    throw alreadyMigrating(holder?.migrationId ?? id, services);
  }
  await startOrchestration(record, services);
  return record;
}

/** The present state of a migration that exists already; a start that was interrupted half way is finished first. */
async function again(record: MigrationRecord, services: Services): Promise<MigrationRecord> {
  if (await resumeStart(record, services)) return record;
  return (await services.records.readMigration(record.id)) ?? record;
}

function alreadyMigrating(migrationId: string, { settings }: Services): Problem {
  return new Problem('guest-already-migrating', 'Wait for that migration to end, or cancel it.', {
    migrationId,
    headers: { Location: linksOf(settings.baseUrl, migrationId).self },
  });
}

/** One text for one meaning: defaults filled in, keys sorted, object ids in lower case. */
function canonical(request: MigrationRequest): string {
  const guest = objectId.safeParse(request.guest).data ?? request.guest;
  return JSON.stringify(
    Object.entries({ ...request, guest })
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}

function sha256(value: string): string {
  return createHash('sha256').update(value, 'utf8').digest('hex');
}
