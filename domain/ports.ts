import type { z } from 'zod';
import type { Callback, CallbackAnswer, NewCallback, QueuedCallbacks } from './callbacks';
import type { GrantRecord } from './grants';
import type { GuestLock, MigrationRecord } from './record';
import type { Report } from './migration';
import type { Snapshot } from './snapshot';

/**
 * What activities and access kinds need of the outside, in words of ours. adapters/ implements them; tests may pass
 * object literals.
 */

/**
 * Microsoft Graph. Paths start with "/" and are relative to v1.0 unless they start with "/beta/"; values in them must
 * be encoded (`encodeURIComponent`). All methods throw ServiceError.
 */
export interface Graph {
  /** Reads one object. Reads of one tick travel together in a $batch of at most 20. */
  read<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>>;
  /** Reads all pages of a collection; the first page is batched like `read`. */
  readAll<T extends z.ZodType>(path: string, item: T): Promise<z.output<T>[]>;
  /** Asks with a POST that changes nothing, such as `getAvailableExtensionProperties`. Never batched. */
  query<T extends z.ZodType>(path: string, body: unknown, shape: T): Promise<z.output<T>>;
  /** Sends a write once; it is never repeated in the adapter, because the answer of a done write may be lost. */
  write(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Application permissions in the app's own token, and the object id of the app's service principal. */
  ownIdentity(): Promise<{ roles: string[]; servicePrincipalId: string }>;
}

/** Azure Resource Manager. Paths start with "/" and carry their own api-version. All methods throw ServiceError. */
export interface Azure {
  read<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>>;
  readAll<T extends z.ZodType>(path: string, item: T): Promise<z.output<T>[]>;
  /** Asks with a POST that changes nothing, such as a query of Resource Graph. */
  query<T extends z.ZodType>(path: string, body: unknown, shape: T): Promise<z.output<T>>;
  /** Sends a PUT once; its answer may be lost after it was done. */
  put(path: string, body: unknown): Promise<unknown>;
  /** Sends a DELETE once; what is gone already answers like what was there. */
  remove(path: string): Promise<void>;
}

/** Rows of the record tables. Methods throw ServiceError('storage') when the store does not answer. */
export interface Records extends CallbackOutbox {
  /** Inserts; false when a row with this id exists (a repeated start). */
  createMigration(record: MigrationRecord): Promise<boolean>;
  readMigration(id: string): Promise<MigrationRecord | undefined>;
  /**
   * Merges fields; `updatedAt` is set by the store unless the change names it, as one that is no progress does. Throws
   * when the row does not exist.
   */
  updateMigration(id: string, change: Partial<MigrationRecord>): Promise<void>;
  /** Reads, decides, writes; repeated when somebody else wrote in between. `decide` returns undefined to leave it. */
  decideOnMigration(
    id: string,
    decide: (record: MigrationRecord) => Partial<MigrationRecord> | undefined,
  ): Promise<MigrationRecord | undefined>;
  /** A page of migrations, newest first. `after` is the id that ended the page before. */
  listMigrations(query: {
    status?: string;
    top: number;
    after?: string;
  }): Promise<{ records: MigrationRecord[]; more: boolean }>;
  /** Takes the guest for a migration by conditional insert. Returns the lock that is in force afterwards. */
  lockGuest(lock: GuestLock): Promise<GuestLock>;
  /** Replaces a dead lock only if it still is the one that was read. False when somebody was faster. */
  replaceLock(dead: GuestLock, lock: GuestLock): Promise<boolean>;
  readLock(guestId: string): Promise<GuestLock | undefined>;
  listLocks(): Promise<GuestLock[]>;
  /** Removes the lock only if the migration holds it. */
  releaseGuest(guestId: string, migrationId: string): Promise<void>;
  /** Appends to the audit log; entries are never changed. */
  audit(entry: AuditEntry): Promise<void>;
  saveGrantResults(migrationId: string, results: readonly GrantRecord[]): Promise<void>;
  readGrantResults(migrationId: string): Promise<GrantRecord[]>;
  /** Forgets the results of all grants: they were given to an account that is not the guest's any more. */
  clearGrantResults(migrationId: string): Promise<void>;
  /** Binds an idempotency key (hashed by the caller) to a migration; returns the binding in force. */
  bindKey(binding: KeyBinding): Promise<KeyBinding>;
  readControl(name: string): Promise<string | undefined>;
  writeControl(name: string, value: string): Promise<void>;
  /**
   * Reads, decides, writes; repeated when somebody else wrote in between. `decide` returns undefined to leave it.
   *
   * @returns what is in force afterwards
   */
  decideOnControl(name: string, decide: (value: string | undefined) => string | undefined): Promise<string | undefined>;
  /**
   * Takes one of the day's deletions for a migration, all or nothing: of many callers exactly `limit` get one. A
   * migration has one for ever, whatever the day it asks again.
   *
   * @param day of UTC, such as `2026-03-01`
   */
  reserveDeletion(reservation: {
    day: string;
    migrationId: string;
    limit: number;
  }): Promise<{ granted: boolean; used: number }>;
  /** How many deletions of the day are taken. */
  deletionsOn(day: string): Promise<number>;
}

/** Events for callers on their way: stored with the migration's own rows, delivered by a timer. */
export interface CallbackOutbox {
  /**
   * Adds an event behind those that the migration has, unless it has this one, and queues the migration. Safe to repeat;
   * never shortens a lease or a pause.
   */
  putCallback(event: NewCallback): Promise<void>;
  /** All events of a migration, in order, delivered and dead ones included. */
  readCallbacks(migrationId: string): Promise<Callback[]>;
  /** Writes what an attempt made of an event; nothing when somebody else has settled it. */
  saveCallback(callback: Callback): Promise<void>;
  /** Queued migrations whose time has come at `now`, longest due first. */
  dueCallbacks(now: string, most: number): Promise<QueuedCallbacks[]>;
  /** Takes a queued migration until a time, only if it still is as it was read. Undefined when somebody was faster. */
  leaseCallbacks(queued: QueuedCallbacks, until: string): Promise<QueuedCallbacks | undefined>;
  /**
   * Ends a lease, if it still is in force: due again at `dueAt`, or, when that is undefined, out of the queue unless an
   * event was added meanwhile.
   */
  returnCallbacks(lease: QueuedCallbacks, dueAt: string | undefined): Promise<void>;
}

/** Delivers events to addresses that callers name. */
export interface CallbackSender {
  /** What is wrong with an address, as a text for its caller; undefined when events may be sent there. */
  refusalOf(url: string): string | undefined;
  /** One attempt, bounded in time. Never throws: whatever goes wrong is a `problem`, a word without the address. */
  send(url: string, event: { id: string; body: string }): Promise<CallbackAnswer>;
}

export interface AuditEntry {
  migrationId: string;
  at: string;
  /** Who acts: the caller's name for starts and cancels, `app` for steps. */
  by: string;
  action: string;
  stage: 'before' | 'after' | 'refused' | 'requested';
  targetId: string;
  detail: string;
}

export interface KeyBinding {
  keyHash: string;
  migrationId: string;
  bodyHash: string;
}

/** Documents in blob storage. */
export interface Documents {
  /**
   * Writes the snapshot once and reads it back. When one exists it is kept and its hash returned: a late duplicate
   * of the capture must not overwrite what the deletion relies on.
   *
   * @returns SHA-256 of the stored bytes
   */
  writeSnapshot(snapshot: Snapshot): Promise<string>;
  /** The snapshot whose stored bytes have this hash; undefined when it is absent, altered or not readable. */
  readSnapshot(migrationId: string, hash: string): Promise<Snapshot | undefined>;
  writeReport(report: Report): Promise<void>;
  /** The redeem URL is a secret: it lives in its own document and nowhere else. */
  writeRedeemUrl(migrationId: string, round: number, url: string): Promise<void>;
  /** The redeem URL of a round; undefined when none was written. */
  readRedeemUrl(migrationId: string, round: number): Promise<string | undefined>;
}

/** Facts about the process that deterministic code must not ask for itself. */
export interface Clock {
  now(): Date;
}

/** Structured log without personal data. `event` is a fixed word; fields are ids, counts and codes. */
export interface Log {
  info(event: string, fields?: Record<string, string | number | boolean | null>): void;
  warn(event: string, fields?: Record<string, string | number | boolean | null>): void;
}
