import { odata, type TableClient } from '@azure/data-tables';
import type { Clock, Records } from '../../domain/ports';
import type { MigrationRecord } from '../../domain/record';
import { ServiceError } from '../../domain/serviceError';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';
import { decodeMigration, encodeMigration, MIGRATIONS } from './migrationRow';

type Migrations = Pick<
  Records,
  'createMigration' | 'readMigration' | 'updateMigration' | 'decideOnMigration' | 'listMigrations'
>;

/** So many writers in a row mean that something is wrong; the step that decides is retried later. */
const MOST_ROUNDS = 50;

/** The Migrations table: partition `migration`, row key = migration id, one column a field. */
export function createMigrations(clients: StorageClients, clock: Clock): Migrations {
  const table = clients.tables.migrations;
  const stamped = (change: Partial<MigrationRecord>) =>
    encodeMigration({ updatedAt: clock.now().toISOString(), ...change });
  return {
    createMigration: (record) =>
      inStorage(clients, async () => {
        const entity = { partitionKey: MIGRATIONS, rowKey: record.id, ...encodeMigration(record) };
        return (await unlessStatus([409], table.createEntity(entity))) !== undefined;
      }),
    readMigration: (id) => inStorage(clients, async () => (await readRow(table, id))?.record),
    updateMigration: (id, change) =>
      inStorage(clients, async () => {
        await table.updateEntity({ partitionKey: MIGRATIONS, rowKey: id, ...stamped(change) }, 'Merge');
      }),
    decideOnMigration: (id, decide) =>
      inStorage(clients, async () => {
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          const row = await readRow(table, id);
          const change = row && decide(row.record);
          if (row === undefined || change === undefined) return row?.record;
          const columns = stamped(change);
          const entity = { partitionKey: MIGRATIONS, rowKey: id, ...columns };
          const written = await unlessStatus([412], table.updateEntity(entity, 'Merge', { etag: row.etag }));
          if (written !== undefined) {
            return { ...row.record, ...change, updatedAt: columns['updatedAt'] ?? row.record.updatedAt };
          }
        }
        throw new ServiceError({ service: 'storage', status: 503, code: 'too-many-writers' });
      }),
    listMigrations: (query) => inStorage(clients, () => list(table, query)),
  };
}

async function readRow(table: TableClient, id: string): Promise<{ record: MigrationRecord; etag: string } | undefined> {
  const entity = await unlessStatus([404], table.getEntity(MIGRATIONS, id));
  return entity && { record: decodeMigration(entity), etag: entity.etag };
}

async function list(
  table: TableClient,
  query: { status?: string; top: number; after?: string },
): Promise<{ records: MigrationRecord[]; more: boolean }> {
  const conditions = [odata`PartitionKey eq ${MIGRATIONS}`];
  if (query.after !== undefined) conditions.push(odata`RowKey gt ${query.after}`);
  if (query.status !== undefined) conditions.push(odata`status eq ${query.status}`);
  const wanted = query.top + 1;
  const pages = table
    .listEntities({ queryOptions: { filter: conditions.join(' and ') } })
    .byPage({ maxPageSize: Math.min(wanted, 1000) });
  const records: MigrationRecord[] = [];
  // The service may answer short or empty pages before the end, when it looked at many rows that do not match.
  for await (const page of pages) {
    records.push(...page.map(decodeMigration));
    if (records.length >= wanted) break;
  }
  return { records: records.slice(0, query.top), more: records.length > query.top };
}
