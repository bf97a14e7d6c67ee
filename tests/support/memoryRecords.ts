import type { AuditEntry, CallbackOutbox, KeyBinding, Records } from '../../domain/ports';
import { guestLockSchema, migrationRecordSchema, type GuestLock, type MigrationRecord } from '../../domain/record';
import { ServiceError } from '../../domain/serviceError';
import type { GrantRecord } from '../../domain/grants';
import { createMemoryCallbacks, type MemoryCallbacks } from './memoryCallbacks';

/** What is stored, for tests to look at and to set up. */
export interface MemoryRecords extends Records, MemoryCallbacks {
  readonly migrations: Map<string, MigrationRecord>;
  readonly locks: Map<string, GuestLock>;
  readonly auditLog: AuditEntry[];
  readonly controls: Map<string, string>;
  /** Reserved deletions: migration → day. */
  readonly deletions: Map<string, string>;
  /** While true every method throws ServiceError('storage'), as during an outage. */
  outage: boolean;
  /** Runs before each operation; tests use it to let another writer in at an awkward moment. */
  before: (operation: keyof Records) => void | Promise<void>;
}

/**
 * Records in memory with the semantics of the port: conditional inserts and replaces, writes that lose against a
 * writer in between, values that are copied in and out and pass the strict schemas. Every call gives others a turn
 * first, so that racing callers really interleave.
 */
export function createMemoryRecords(now: () => Date): MemoryRecords {
  const bindings = new Map<string, KeyBinding>();
  const results = new Map<string, Map<number, GrantRecord>>();
  const versions = new Map<string, number>();
  const store: Omit<MemoryRecords, keyof Records | keyof MemoryCallbacks> = {
    migrations: new Map(),
    locks: new Map(),
    auditLog: [],
    controls: new Map(),
    deletions: new Map(),
    outage: false,
    before: () => undefined,
  };

  const put = (record: MigrationRecord) => {
    store.migrations.set(record.id, migrationRecordSchema.parse(structuredClone(record)));
    versions.set(record.id, (versions.get(record.id) ?? 0) + 1);
  };
  const get = (id: string) => structuredClone(store.migrations.get(id));
  const turn = async (operation: keyof Records): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (records.outage) throw new ServiceError({ service: 'storage', status: 503, code: 'ServerBusy' });
    await records.before(operation);
  };
  const deletionsOn = (day: string) => [...store.deletions.values()].filter((each) => each === day).length;
  const sameLock = (a: GuestLock | undefined, b: GuestLock) =>
    a?.migrationId === b.migrationId && a.lockedAt === b.lockedAt;

  const migrations: Pick<
    Records,
    'createMigration' | 'readMigration' | 'updateMigration' | 'decideOnMigration' | 'listMigrations'
  > = {
    createMigration: async (record) => {
      await turn('createMigration');
      if (store.migrations.has(record.id)) return false;
      put(record);
      return true;
    },
    readMigration: async (id) => {
      await turn('readMigration');
      return get(id);
    },
    updateMigration: async (id, change) => {
      await turn('updateMigration');
      const record = get(id);
      if (record === undefined) throw new ServiceError({ service: 'storage', status: 404, code: 'ResourceNotFound' });
      put({ ...record, updatedAt: now().toISOString(), ...change });
    },
    decideOnMigration: async (id, decide) => {
      for (;;) {
        await turn('decideOnMigration');
        const version = versions.get(id);
        const record = get(id);
        const change = record && decide(record);
        if (record === undefined || change === undefined) return record;
        await new Promise((resolve) => setImmediate(resolve));
        if (versions.get(id) !== version) continue;
        put({ ...record, updatedAt: now().toISOString(), ...change });
        return get(id);
      }
    },
    listMigrations: async ({ status, top, after }) => {
      await turn('listMigrations');
      const found = [...store.migrations.values()]
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .filter((record) => status === undefined || record.status === status)
        .filter((record) => after === undefined || record.id > after);
      return { records: structuredClone(found.slice(0, top)), more: found.length > top };
    },
  };

  const locks: Pick<Records, 'lockGuest' | 'replaceLock' | 'readLock' | 'listLocks' | 'releaseGuest'> = {
    lockGuest: async (lock) => {
      await turn('lockGuest');
      const held = store.locks.get(lock.guestId);
      if (held !== undefined) return { ...held };
      store.locks.set(lock.guestId, guestLockSchema.parse(lock));
      return { ...lock };
    },
    replaceLock: async (dead, lock) => {
      await turn('replaceLock');
      if (!sameLock(store.locks.get(dead.guestId), dead)) return false;
      store.locks.set(lock.guestId, guestLockSchema.parse(lock));
      return true;
    },
    readLock: async (guestId) => {
      await turn('readLock');
      return structuredClone(store.locks.get(guestId));
    },
    listLocks: async () => {
      await turn('listLocks');
      return structuredClone([...store.locks.values()]);
    },
    releaseGuest: async (guestId, migrationId) => {
      await turn('releaseGuest');
      if (store.locks.get(guestId)?.migrationId === migrationId) store.locks.delete(guestId);
    },
  };

  const ledgers: Omit<Records, keyof typeof migrations | keyof typeof locks | keyof CallbackOutbox> = {
    audit: async (entry) => {
      await turn('audit');
      store.auditLog.push({ ...entry });
    },
    saveGrantResults: async (migrationId, saved) => {
      await turn('saveGrantResults');
      const kept = results.get(migrationId) ?? new Map<number, GrantRecord>();
      for (const result of saved) kept.set(result.index, { ...result });
      results.set(migrationId, kept);
    },
    readGrantResults: async (migrationId) => {
      await turn('readGrantResults');
      return [...(results.get(migrationId)?.values() ?? [])].sort((a, b) => a.index - b.index);
    },
    clearGrantResults: async (migrationId) => {
      await turn('clearGrantResults');
      results.delete(migrationId);
    },
    bindKey: async (binding) => {
      await turn('bindKey');
      const bound = bindings.get(binding.keyHash) ?? { ...binding };
      bindings.set(binding.keyHash, bound);
      return { ...bound };
    },
    readControl: async (name) => {
      await turn('readControl');
      return store.controls.get(name);
    },
    writeControl: async (name, value) => {
      await turn('writeControl');
      store.controls.set(name, value);
    },
    decideOnControl: async (name, decide) => {
      for (;;) {
        await turn('decideOnControl');
        const present = store.controls.get(name);
        const value = decide(present);
        if (value === undefined) return present;
        await new Promise((resolve) => setImmediate(resolve));
        if (store.controls.get(name) !== present) continue;
        store.controls.set(name, value);
        return value;
      }
    },
    reserveDeletion: async ({ day, migrationId, limit }) => {
      for (;;) {
        await turn('reserveDeletion');
        const used = deletionsOn(day);
        if (store.deletions.has(migrationId)) return { granted: true, used };
        if (used >= limit) return { granted: false, used };
        await new Promise((resolve) => setImmediate(resolve));
        if (deletionsOn(day) !== used) continue;
        store.deletions.set(migrationId, day);
        return { granted: true, used: used + 1 };
      }
    },
    deletionsOn: async (day) => {
      await turn('deletionsOn');
      return deletionsOn(day);
    },
  };
  const { store: callbacks, outbox } = createMemoryCallbacks(now, turn);
  const records: MemoryRecords = Object.assign(store, callbacks, migrations, locks, ledgers, outbox);
  return records;
}
