import type { MigrationRecord } from '../domain/record';
import { takesResend, wishing, wishRequestSchema } from '../domain/wishes';
import { json, noQuery, readId, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, toMigration } from './migrationView';
import { Problem } from './problems';
import { parseBody, readOptionalJson } from './requestBody';
import { CALLER } from './startMigration';
import { wakeWaiting } from './wishes';

/**
 * POST /migrations/{id}/resend: has the invitation sent again, with the whole time to accept; after a wrong account it is
 * reset. Asking again before it was done changes nothing.
 */
export const resendInvitation: Handler = async (request, services) => {
  const { records, clock, settings } = services;
  readQuery(request, noQuery);
  const id = readId(request);
  const { by = CALLER, comment = '' } = parseBody(wishRequestSchema, await readOptionalJson(request));
  const at = clock.now().toISOString();
  const record = await records.decideOnMigration(id, (current) =>
    refusalOf(current) === undefined ? wishing(current, { kind: 'resend', by, at }) : undefined,
  );
  if (record === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  const refusal = refusalOf(record);
  if (refusal !== undefined) throw refusal;
  if (record.wish?.at === at) {
    const targetId = record.guest.newId ?? '';
    const entry = { migrationId: id, at, by, action: 'resendInvitation', targetId, detail: comment };
    await records.audit({ ...entry, stage: 'requested' });
  }
  await wakeWaiting(record, services);
  return json(202, toMigration(record, settings), acceptedHeaders(settings.baseUrl, id));
};

function refusalOf(record: MigrationRecord): Problem | undefined {
  if (hasEnded(record)) return new Problem('migration-ended', 'Look at `links.resume`: another can go on from here.');
  if (record.mostRounds === null) {
    return new Problem('feature-not-available', 'This migration was begun by a version that only waited.');
  }
  if (record.wish?.kind === 'revert') {
    return new Problem('nothing-to-resend', 'The migration turns back: another invitation follows by itself.');
  }
  if (takesResend(record)) return undefined;
  return new Problem('nothing-to-resend', `Nobody is waited for in the phase ${record.phase}.`);
}
