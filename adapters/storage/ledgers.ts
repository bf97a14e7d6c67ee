import { randomUUID } from 'node:crypto';
import { odata, type TransactionAction } from '@azure/data-tables';
import { z } from 'zod';
import { grantRecordSchema, type GrantRecord } from '../../domain/grants';
import { migrationId, sha256 } from '../../domain/ids';
import type { Records } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';
import { columnsOf, fitting, rowAs } from './columns';

type Ledgers = Pick<
  Records,
  | 'audit'
  | 'saveGrantResults'
  | 'readGrantResults'
  | 'clearGrantResults'
  | 'bindKey'
  | 'readControl'
  | 'writeControl'
  | 'decideOnControl'
>;

/** Entities in one transaction of a table. */
const TRANSACTION = 100;
const CONTROL = 'control';
/** So many writers in a row mean that something is wrong; who decides tries again later. */
const MOST_ROUNDS = 50;

const bindingSchema = z.strictObject({ keyHash: sha256, migrationId, bodyHash: sha256 });
const controlSchema = z.strictObject({ value: z.string() });

/** AuditLog, GrantResults, IdempotencyKeys and Controls: small tables that rows are put into and looked up in. */
export function createLedgers(clients: StorageClients): Ledgers {
  return { ...auditLog(clients), ...grantResults(clients), ...idempotencyKeys(clients), ...controls(clients) };
}

/** Partition = migration, row key = time and randomness; inserted only, so that nothing is ever overwritten. */
function auditLog(clients: StorageClients): Pick<Ledgers, 'audit'> {
  return {
    audit: ({ detail, ...entry }) =>
      inStorage(clients, async () => {
        await clients.tables.auditLog.createEntity({
          partitionKey: entry.migrationId,
          rowKey: `${entry.at}_${randomUUID()}`,
          ...entry,
          detail: fitting('detail', detail),
        });
      }),
  };
}

/** Partition = migration, row key = place of the grant in the snapshot; written again when a grant is tried again. */
function grantResults(
  clients: StorageClients,
): Pick<Ledgers, 'saveGrantResults' | 'readGrantResults' | 'clearGrantResults'> {
  const table = clients.tables.grantResults;
  return {
    saveGrantResults: (id, results) =>
      inStorage(clients, async () => {
        // A transaction refuses two changes of one row: the last result of a grant counts.
        const latest = [...new Map(results.map((result) => [result.index, result])).values()];
        for (let from = 0; from < latest.length; from += TRANSACTION) {
          const actions = latest.slice(from, from + TRANSACTION).map((result) => upsert(id, result));
          await table.submitTransaction(actions);
        }
      }),
    readGrantResults: (id) =>
      inStorage(clients, async () => {
        const results: GrantRecord[] = [];
        const filter = odata`PartitionKey eq ${id}`;
        for await (const entity of table.listEntities({ queryOptions: { filter } })) {
          results.push(rowAs(grantRecordSchema, columnsOf(entity)));
        }
        return results;
      }),
    clearGrantResults: (id) =>
      inStorage(clients, async () => {
        const queryOptions = { filter: odata`PartitionKey eq ${id}`, select: ['partitionKey', 'rowKey'] };
        const keys: { partitionKey: string; rowKey: string }[] = [];
        for await (const { partitionKey = id, rowKey = '' } of table.listEntities({ queryOptions })) {
          keys.push({ partitionKey, rowKey });
        }
        for (let from = 0; from < keys.length; from += TRANSACTION) {
          const actions = keys.slice(from, from + TRANSACTION).map((row): TransactionAction => ['delete', row]);
          // A twin of this call may have deleted some of them: then the rest is left to the next try.
          await unlessStatus([404], table.submitTransaction(actions));
        }
      }),
  };
}

function upsert(id: string, { index, result, detail }: GrantRecord): TransactionAction {
  const rowKey = String(index).padStart(8, '0');
  return ['upsert', { partitionKey: id, rowKey, index, result, detail: fitting('detail', detail) }, 'Replace'];
}

/** Partition = first two characters of the hash (spreads the load), row key = hash; inserted only. */
function idempotencyKeys(clients: StorageClients): Pick<Ledgers, 'bindKey'> {
  const table = clients.tables.idempotencyKeys;
  return {
    bindKey: (binding) =>
      inStorage(clients, async () => {
        const { keyHash, ...columns } = bindingSchema.parse(binding);
        const keys = { partitionKey: keyHash.slice(0, 2), rowKey: keyHash };
        if ((await unlessStatus([409], table.createEntity({ ...keys, ...columns }))) !== undefined) return binding;
        const entity = await table.getEntity(keys.partitionKey, keys.rowKey);
        return rowAs(bindingSchema, { ...columnsOf(entity), keyHash });
      }),
  };
}

/** Partition `control`, row key = name. */
function controls(clients: StorageClients): Pick<Ledgers, 'readControl' | 'writeControl' | 'decideOnControl'> {
  const table = clients.tables.controls;
  return {
    readControl: (name) =>
      inStorage(clients, async () => {
        const entity = await unlessStatus([404], table.getEntity(CONTROL, name));
        return entity && rowAs(controlSchema, columnsOf(entity)).value;
      }),
    writeControl: (name, value) =>
      inStorage(clients, async () => {
        const entity = { partitionKey: CONTROL, rowKey: name, value: fitting('value', value) };
        await table.upsertEntity(entity, 'Replace');
      }),
    decideOnControl: (name, decide) =>
      inStorage(clients, async () => {
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          const row = await unlessStatus([404], table.getEntity(CONTROL, name));
          const present = row && rowAs(controlSchema, columnsOf(row)).value;
          const value = decide(present);
          if (value === undefined) return present;
          const entity = { partitionKey: CONTROL, rowKey: name, value: fitting('value', value) };
          const write = row
            ? unlessStatus([404, 412], table.updateEntity(entity, 'Replace', { etag: row.etag }))
            : unlessStatus([409], table.createEntity(entity));
          if ((await write) !== undefined) return value;
        }
        throw new ServiceError({ service: 'storage', status: 503, code: 'too-many-writers' });
      }),
  };
}
