import { cancelRequestSchema } from '../domain/migration';
import type { MigrationRecord } from '../domain/record';
import { wake } from './approvals';
import { json, noQuery, readId, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, toMigration } from './migrationView';
import { Problem } from './problems';
import { parseBody, readOptionalJson } from './requestBody';
import { CALLER } from './startMigration';

/**
 * POST /migrations/{id}/cancel: asks the migration to undo and end. Possible until the purge was claimed; the claim
 * and the request are decided on the same row, so exactly one of them wins.
 */
export const cancelMigration: Handler = async (request, services) => {
  const { records, clock, settings } = services;
  readQuery(request, noQuery);
  const id = readId(request);
  const body = parseBody(cancelRequestSchema, (await readOptionalJson(request)) ?? {});
  if (body.mode === 'revert') {
    throw new Problem('feature-not-available', 'Going back after the purge is not in this version.', { field: 'mode' });
  }
  const now = clock.now().toISOString();
  const record = await records.decideOnMigration(id, (current) =>
    refusalOf(current) === undefined && current.cancelRequestedAt === null ? { cancelRequestedAt: now } : undefined,
  );
  if (record === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  const refusal = refusalOf(record);
  if (refusal !== undefined) throw refusal;
  // Asked for before: the first request is the one in the audit log.
  if (record.cancelRequestedAt === now) {
    await records.audit({
      migrationId: id,
      at: now,
      by: body.by ?? CALLER,
      action: 'cancelMigration',
      stage: 'requested',
      targetId: record.guest.oldId ?? '',
      detail: body.comment ?? '',
    });
  }
  await wake(record, services);
  return json(202, toMigration(record, settings), acceptedHeaders(settings.baseUrl, id));
};

function refusalOf(record: MigrationRecord): Problem | undefined {
  if (hasEnded(record)) return new Problem('migration-ended', 'There is nothing left to cancel.');
  if (record.purgeClaimedAt === null) return undefined;
  return new Problem('past-point-of-no-return', 'The migration goes on: invitation, redemption, restoring access.');
}
