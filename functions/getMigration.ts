import type { HttpRequest } from '@azure/functions';
import type { MigrationRecord } from '../domain/record';
import { json, noQuery, readId, readQuery, RETRY_AFTER, type Handler } from './http';
import { hasEnded, toMigration } from './migrationView';
import { Problem } from './problems';
import type { Services } from './services';

/** GET /migrations/{id}: the monitor. Always 200 while the id is known. */
export const getMigration: Handler = async (request, services) => {
  readQuery(request, noQuery);
  const record = await knownMigration(request, services);
  const headers: Record<string, string> = hasEnded(record) ? {} : { 'Retry-After': RETRY_AFTER };
  return json(200, toMigration(record, services.settings), headers);
};

/**
 * The row that the address names.
 *
 * @throws Problem invalid-id or migration-not-found
 */
export async function knownMigration(request: HttpRequest, { records }: Services): Promise<MigrationRecord> {
  const record = await records.readMigration(readId(request));
  if (record === undefined) throw new Problem('migration-not-found', 'Look at GET /api/migrations for the ids.');
  return record;
}
