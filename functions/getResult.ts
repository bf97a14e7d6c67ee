import { knownMigration } from './getMigration';
import { json, noQuery, readQuery, type Handler } from './http';
import { acceptedHeaders, hasEnded, toMigration } from './migrationView';

/** GET /migrations/{id}/result: 202 until the migration has ended, then 200; the way Logic Apps polls. */
export const getResult: Handler = async (request, services) => {
  readQuery(request, noQuery);
  const record = await knownMigration(request, services);
  const { baseUrl } = services.settings;
  const migration = toMigration(record, services.settings);
  return hasEnded(record) ? json(200, migration) : json(202, migration, acceptedHeaders(baseUrl, record.id));
};
