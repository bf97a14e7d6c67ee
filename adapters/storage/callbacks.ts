import { randomUUID } from 'node:crypto';
import { odata } from '@azure/data-tables';
import {
  callbackKey,
  callbackSchema,
  queuedCallbacksSchema,
  type Callback,
  type QueuedCallbacks,
} from '../../domain/callbacks';
import type { CallbackOutbox, Clock } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';
import { columnsOf, rowAs } from './columns';

const QUEUE = 'callback';
/** Rows of the queue that one look takes in; the rest has its turn when these are gone. */
const MOST_LOOKED_AT = 1000;
const MOST_ROUNDS = 10;

/**
 * Callbacks: partition = migration, row key = phase or invitation; inserted once, so that an event is never told twice under two ids.
 * CallbackQueue: one row a migration that has something to deliver, so that looking for work does not read what is done.
 */
export function createCallbackOutbox(clients: StorageClients, clock: Clock): CallbackOutbox {
  const { callbacks, callbackQueue } = clients.tables;
  const readRow = async (id: string) => {
    const entity = await unlessStatus([404], callbackQueue.getEntity(QUEUE, id));
    return entity && { queued: decodeQueued(entity), etag: entity.etag };
  };
  return {
    putCallback: (event) =>
      inStorage(clients, async () => {
        const sequence = (await listOf(clients, event.migrationId)).length;
        const fresh = { ...event, sequence, state: 'pending', attempts: 0, firstTriedAt: null, problem: '' } as const;
        await unlessStatus([409], callbacks.createEntity(encode(fresh)));
        // After the event, and also when the event was there: a run that died in between is made good.
        await enqueue(clients, event.migrationId, event.at);
      }),
    readCallbacks: (id) => inStorage(clients, () => listOf(clients, id)),
    saveCallback: (callback) =>
      inStorage(clients, async () => {
        const entity = await unlessStatus([404], callbacks.getEntity(callback.migrationId, callbackKey(callback)));
        if (entity === undefined || decode(entity).state !== 'pending') return;
        const change = callbacks.updateEntity(encode(callback), 'Replace', { etag: entity.etag });
        await unlessStatus([404, 412], change);
      }),
    dueCallbacks: (now, most) => inStorage(clients, () => due(clients, now, most)),
    leaseCallbacks: (queued, until) =>
      inStorage(clients, async () => {
        const row = await readRow(queued.migrationId);
        if (row?.queued.lease !== queued.lease || row.queued.dueAt !== queued.dueAt) return undefined;
        const leased = { ...row.queued, dueAt: until, lease: randomUUID() };
        const change = callbackQueue.updateEntity(encodeQueued(leased), 'Replace', { etag: row.etag });
        return (await unlessStatus([404, 412], change)) && leased;
      }),
    returnCallbacks: (lease, dueAt) =>
      inStorage(clients, async () => {
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          const row = await readRow(lease.migrationId);
          if (row?.queued.lease !== lease.lease) return;
          const done = dueAt === undefined && row.queued.touched === lease.touched;
          const back = { ...row.queued, dueAt: dueAt ?? clock.now().toISOString(), lease: '' };
          const change = done
            ? callbackQueue.deleteEntity(QUEUE, lease.migrationId, { etag: row.etag })
            : callbackQueue.updateEntity(encodeQueued(back), 'Replace', { etag: row.etag });
          if ((await unlessStatus([404, 412], change)) !== undefined) return;
        }
        // The lease runs out by itself.
      }),
  };
}

async function listOf({ tables }: StorageClients, id: string): Promise<Callback[]> {
  const found: Callback[] = [];
  const filter = odata`PartitionKey eq ${id}`;
  for await (const entity of tables.callbacks.listEntities({ queryOptions: { filter } })) found.push(decode(entity));
  return found.sort((a, b) => a.sequence - b.sequence);
}

/** Puts a migration into the queue, or, if it is there, leaves its turn as it is and tells whoever works on it. */
async function enqueue({ tables }: StorageClients, migrationId: string, dueAt: string): Promise<void> {
  const table = tables.callbackQueue;
  const touched = randomUUID();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const fresh = encodeQueued({ migrationId, dueAt, lease: '', touched });
    if ((await unlessStatus([409], table.createEntity(fresh))) !== undefined) return;
    const touch = table.updateEntity({ partitionKey: QUEUE, rowKey: migrationId, touched }, 'Merge');
    if ((await unlessStatus([404], touch)) !== undefined) return;
  }
  throw new ServiceError({ service: 'storage', status: 503, code: 'too-many-writers' });
}

async function due({ tables }: StorageClients, now: string, most: number): Promise<QueuedCallbacks[]> {
  const filter = odata`PartitionKey eq ${QUEUE} and dueAt le ${now}`;
  const found: QueuedCallbacks[] = [];
  for await (const entity of tables.callbackQueue.listEntities({ queryOptions: { filter } })) {
    found.push(decodeQueued(entity));
    if (found.length >= MOST_LOOKED_AT) break;
  }
  return found.sort((a, b) => a.dueAt.localeCompare(b.dueAt)).slice(0, most);
}

function encode(callback: Callback) {
  const { migrationId, data, firstTriedAt, ...columns } = callback;
  return {
    partitionKey: migrationId,
    rowKey: callbackKey(callback),
    ...columns,
    data: JSON.stringify(data),
    firstTriedAt: firstTriedAt ?? '',
  };
}

function decode(entity: { partitionKey?: string; rowKey?: string }): Callback {
  const columns = columnsOf(entity);
  return rowAs(callbackSchema, {
    ...columns,
    migrationId: entity.partitionKey,
    // Rows of before there were events of invitations have it in their key only.
    phase: columns['phase'] ?? entity.rowKey,
    data: parsed(columns['data']),
    firstTriedAt: columns['firstTriedAt'] === '' ? null : columns['firstTriedAt'],
  });
}

function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
}

function encodeQueued({ migrationId, ...columns }: QueuedCallbacks) {
  return { partitionKey: QUEUE, rowKey: migrationId, ...columns };
}

function decodeQueued(entity: { rowKey?: string }): QueuedCallbacks {
  return rowAs(queuedCallbacksSchema, { ...columnsOf(entity), migrationId: entity.rowKey });
}
