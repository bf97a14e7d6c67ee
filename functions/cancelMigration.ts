import { isGoingBack } from '../domain/direction';
import { cancelRequestSchema } from '../domain/migration';
import type { MigrationRecord } from '../domain/record';
import { wishing } from '../domain/wishes';
import { wake } from './approvals';
import { json, noQuery, readId, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, toMigration } from './migrationView';
import { Problem } from './problems';
import { parseBody, readOptionalJson } from './requestBody';
import { CALLER } from './startMigration';
import { wakeWaiting } from './wishes';

type Mode = 'undo' | 'revert';

/**
 * POST /migrations/{id}/cancel: asks the migration to undo and end. Possible until the purge was claimed; the claim
 * and the request are decided on the same row, so exactly one of them wins. After that `{"mode":"revert"}` brings the
 * guest back to the identity they had, and while an operator is asked for the migration may simply be ended.
 */
export const cancelMigration: Handler = async (request, services) => {
  const { records, clock, settings } = services;
  readQuery(request, noQuery);
  const id = readId(request);
  const { mode, by = CALLER, comment = '' } = parseBody(cancelRequestSchema, await readOptionalJson(request));
  const at = clock.now().toISOString();
  const taken = { change: {} as Partial<MigrationRecord> | undefined };
  const record = await records.decideOnMigration(id, (current) => {
    taken.change = refusalOf(current, mode) === undefined ? changeFor(current, mode, { by, at }) : undefined;
    return taken.change;
  });
  if (record === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  const refusal = refusalOf(record, mode);
  if (refusal !== undefined) throw refusal;
  // Asked for before: the first request is the one in the audit log.
  if (taken.change !== undefined) {
    await records.audit({
      migrationId: id,
      at,
      by,
      action: taken.change.wish?.kind === 'revert' ? 'revertMigration' : 'cancelMigration',
      stage: 'requested',
      targetId: record.guest.oldId ?? '',
      detail: comment,
    });
  }
  await wake(record, services);
  await wakeWaiting(record, services);
  return json(202, toMigration(record, settings), acceptedHeaders(settings.baseUrl, id));
};

/** What the request changes in the row; undefined when it was asked for already. */
function changeFor(
  current: MigrationRecord,
  mode: Mode,
  { by, at }: { by: string; at: string },
): Partial<MigrationRecord> | undefined {
  if (current.purgeClaimedAt === null) {
    return current.cancelRequestedAt === null ? { cancelRequestedAt: at } : undefined;
  }
  if (mode === 'undo') return wishing(current, { kind: 'stop', by, at });
  return isGoingBack(current) ? undefined : wishing(current, { kind: 'revert', by, at });
}

function refusalOf(record: MigrationRecord, mode: Mode): Problem | undefined {
  if (hasEnded(record)) return new Problem('migration-ended', 'There is nothing left to cancel.');
  if (record.purgeClaimedAt === null) return undefined;
  if (mode === 'revert') {
    if (record.mostRounds !== null) return undefined;
    const detail = 'This migration was begun by a version that could not go back.';
    return new Problem('feature-not-available', detail, { field: 'mode' });
  }
  if (record.phase === 'needsOperator') return undefined;
  return new Problem(
    'past-point-of-no-return',
    'The migration goes on: invitation, redemption, restoring access. {"mode":"revert"} brings the old identity back.',
  );
}
