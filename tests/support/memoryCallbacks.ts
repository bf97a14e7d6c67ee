import {
  callbackKey,
  callbackSchema,
  queuedCallbacksSchema,
  type Callback,
  type QueuedCallbacks,
} from '../../domain/callbacks';
import type { CallbackOutbox } from '../../domain/ports';

export interface MemoryCallbacks {
  /** By migration id and the event's key, joined with "/". */
  readonly callbacks: Map<string, Callback>;
  readonly callbackQueue: Map<string, QueuedCallbacks>;
}

/** The outbox in memory, with the semantics of the port. `turn` runs before each operation. */
export function createMemoryCallbacks(
  now: () => Date,
  turn: (operation: keyof CallbackOutbox) => Promise<void>,
): { store: MemoryCallbacks; outbox: CallbackOutbox } {
  const store: MemoryCallbacks = { callbacks: new Map(), callbackQueue: new Map() };
  let marks = 0;
  const mark = () => `mark-${(marks += 1)}`;
  const keyOf = (callback: Pick<Callback, 'migrationId' | 'phase' | 'data'>) =>
    `${callback.migrationId}/${callbackKey(callback)}`;
  const put = (callback: Callback) =>
    store.callbacks.set(keyOf(callback), callbackSchema.parse(structuredClone(callback)));
  const queue = (queued: QueuedCallbacks) =>
    store.callbackQueue.set(queued.migrationId, queuedCallbacksSchema.parse({ ...queued }));
  const listOf = (id: string) =>
    [...store.callbacks.values()]
      .filter(({ migrationId }) => migrationId === id)
      .sort((a, b) => a.sequence - b.sequence);

  const outbox: CallbackOutbox = {
    putCallback: async (event) => {
      await turn('putCallback');
      const sequence = listOf(event.migrationId).length;
      const fresh = { ...event, sequence, state: 'pending', attempts: 0, firstTriedAt: null, problem: '' } as const;
      if (!store.callbacks.has(keyOf(event))) put(fresh);
      const queued = store.callbackQueue.get(event.migrationId);
      queue({ migrationId: event.migrationId, dueAt: event.at, lease: '', ...queued, touched: mark() });
    },
    readCallbacks: async (id) => {
      await turn('readCallbacks');
      return structuredClone(listOf(id));
    },
    saveCallback: async (callback) => {
      await turn('saveCallback');
      if (store.callbacks.get(keyOf(callback))?.state === 'pending') put(callback);
    },
    dueCallbacks: async (at, most) => {
      await turn('dueCallbacks');
      const found = [...store.callbackQueue.values()].filter(({ dueAt }) => dueAt <= at);
      return structuredClone(found.sort((a, b) => a.dueAt.localeCompare(b.dueAt)).slice(0, most));
    },
    leaseCallbacks: async (read, until) => {
      await turn('leaseCallbacks');
      const queued = store.callbackQueue.get(read.migrationId);
      if (queued?.lease !== read.lease || queued.dueAt !== read.dueAt) return undefined;
      const leased = { ...queued, dueAt: until, lease: mark() };
      queue(leased);
      return { ...leased };
    },
    returnCallbacks: async (lease, dueAt) => {
      await turn('returnCallbacks');
      const queued = store.callbackQueue.get(lease.migrationId);
      if (queued?.lease !== lease.lease) return;
      if (dueAt === undefined && queued.touched === lease.touched) store.callbackQueue.delete(lease.migrationId);
      else queue({ ...queued, dueAt: dueAt ?? now().toISOString(), lease: '' });
    },
  };
  return { store, outbox };
}
