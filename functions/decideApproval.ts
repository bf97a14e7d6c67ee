import { decisionRequestSchema, isSameCaller, type Approval } from '../domain/approval';
import type { MigrationRecord } from '../domain/record';
import { takesAnswer, wake } from './approvals';
import { json, noQuery, readId, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, toMigration } from './migrationView';
import { Problem } from './problems';
import { parseBody, readJson } from './requestBody';
import type { Services } from './services';
import { CALLER } from './startMigration';

/** POST /migrations/{id}/approve: the plan may be carried out. */
export const approveMigration: Handler = decide('approved', 'approveMigration');

/** POST /migrations/{id}/reject: the migration ends, and nothing was changed. */
export const rejectMigration: Handler = decide('rejected', 'rejectMigration');

/**
 * Answers the plan of a migration. The first answer wins, by a conditional write of its row; the run is only woken. The
 * same answer of the same caller again is no second one: it is what a caller sends who got no reply.
 */
function decide(decision: 'approved' | 'rejected', action: string): Handler {
  return async (request, services) => {
    readQuery(request, noQuery);
    const id = readId(request);
    const { by, comment = '' } = parseBody(decisionRequestSchema, await readJson(request));
    const { records, clock, settings } = services;
    const wanted: Approval = { decision, by, comment, at: clock.now().toISOString() };
    const before = await records.readMigration(id);
    if (before === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
    const record = isRepeated(before, wanted) ? before : await answer(before, wanted, action, services);
    await wake(record, services);
    return json(202, toMigration(record, settings), acceptedHeaders(settings.baseUrl, id));
  };
}

async function answer(
  before: MigrationRecord,
  wanted: Approval,
  action: string,
  services: Services,
): Promise<MigrationRecord> {
  const { records } = services;
  const refusedBefore = refusalOf(before, wanted, services);
  if (refusedBefore !== undefined) throw refusedBefore;
  const { id } = before;
  const { by, comment: detail, at } = wanted;
  const entry = { migrationId: id, at, by, action, targetId: before.guest.oldId ?? '', detail };
  // Before the answer: one that is in force without a trace of who gave it would be worse than a trace without effect.
  await records.audit({ ...entry, stage: 'requested' });
  const record = await records.decideOnMigration(id, (current) =>
    refusalOf(current, wanted, services) === undefined ? { approval: wanted } : undefined,
  );
  if (record === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  if (!isRepeated(record, wanted)) {
    await records.audit({ ...entry, stage: 'refused' });
    throw refusalOf(record, wanted, services) ?? alreadyDecided();
  }
  if (record.approval?.at === at) await records.audit({ ...entry, stage: 'after' });
  return record;
}

/** True when the answer in force is this one, given by the same caller. */
function isRepeated({ approval }: MigrationRecord, wanted: Approval): boolean {
  return approval?.decision === wanted.decision && isSameCaller(approval.by, wanted.by);
}

function refusalOf(record: MigrationRecord, wanted: Approval, { settings }: Services): Problem | undefined {
  if (hasEnded(record)) return new Problem('migration-ended', 'There is nothing left to decide.');
  if (record.approval !== null) return alreadyDecided();
  if (!takesAnswer(record)) return new Problem('approval-not-awaited', whyNot(record));
  if (!settings.approvalFourEyes || wanted.decision !== 'approved') return undefined;
  if (record.startedBy === CALLER) {
    const detail = 'It is not known who started this migration. Cancel it, and start it again with `by`.';
    return new Problem('approver-is-starter', detail, { field: 'by' });
  }
  if (!isSameCaller(record.startedBy, wanted.by)) return undefined;
  return new Problem('approver-is-starter', 'Somebody else has to approve it.', { field: 'by' });
}

function alreadyDecided(): Problem {
  return new Problem('already-decided', 'The first answer counts: see `approval` of the migration.');
}

function whyNot({ approvalHours, cancelRequestedAt }: MigrationRecord): string {
  if (approvalHours === null) return 'It was started without one.';
  return cancelRequestedAt === null ? 'It is past that.' : 'Somebody asked to cancel it.';
}
