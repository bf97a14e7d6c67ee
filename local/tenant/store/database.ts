import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Collection, Collections, Entity } from './snapshot';

/** One written object: `after` undefined means removed. */
export interface Write {
  readonly collection: string;
  readonly id: string;
  readonly after: Entity | undefined;
}

/**
 * The tenant's file. Every call has reached the operating system when it returns, so a killed process loses nothing
 * it has answered for (power failure is another matter: the tenant is a test double).
 */
export class Database {
  private readonly db: DatabaseSync;

  /** @param file path of the database, or `:memory:` */
  constructor(file: string) {
    this.db = new DatabaseSync(file);
    if (file !== ':memory:') chmodSync(file, 0o600);
    this.db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS objects (collection TEXT, id TEXT, json TEXT NOT NULL, PRIMARY KEY (collection, id));
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, json TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS requests (at INTEGER, json TEXT NOT NULL);
    `);
  }

  /** All collections in the order their objects were created (an update keeps the row's place). */
  load(): Collections {
    const collections = new Map<string, Map<string, Entity>>();
    for (const row of this.db.prepare('SELECT collection, json FROM objects ORDER BY rowid').iterate()) {
      const name = String(row['collection']);
      const entity = JSON.parse(String(row['json'])) as Entity;
      const collection = collections.get(name) ?? new Map<string, Entity>();
      collections.set(name, collection.set(entity.id, entity));
    }
    return collections;
  }

  /** Applies the writes of one transaction, all or none. */
  apply(writes: readonly Write[]): void {
    const put = this.db.prepare(
      'INSERT INTO objects (collection, id, json) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
    );
    const drop = this.db.prepare('DELETE FROM objects WHERE collection = ? AND id = ?');
    this.atomically(() => {
      for (const { collection, id, after } of writes) {
        if (after === undefined) drop.run(collection, id);
        else put.run(collection, id, JSON.stringify(after));
      }
    });
  }

  /** Replaces everything the tenant holds. */
  replaceAll(collections: ReadonlyMap<string, Collection>): void {
    const put = this.db.prepare('INSERT INTO objects (collection, id, json) VALUES (?, ?, ?)');
    this.atomically(() => {
      this.db.exec('DELETE FROM objects');
      for (const [name, collection] of collections) {
        for (const entity of collection.values()) put.run(name, entity.id, JSON.stringify(entity));
      }
    });
  }

  /** A value kept beside the objects (settings, faults, clock); undefined when never written. */
  readMeta(key: string): unknown {
    const row = this.db.prepare('SELECT json FROM meta WHERE key = ?').get(key);
    return row === undefined ? undefined : JSON.parse(String(row['json']));
  }

  writeMeta(key: string, value: unknown): void {
    this.db
      .prepare('INSERT INTO meta (key, json) VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json')
      .run(key, JSON.stringify(value));
  }

  /** Adds one line to the request log and forgets lines beyond the newest `keep`. */
  addRequest(at: number, entry: unknown, keep: number): void {
    const { lastInsertRowid } = this.db
      .prepare('INSERT INTO requests (at, json) VALUES (?, ?)')
      .run(at, JSON.stringify(entry));
    const newest = Number(lastInsertRowid);
    // Now and then is enough: the limit keeps the file small, nobody counts on it.
    if (newest % 1000 === 0) this.db.prepare('DELETE FROM requests WHERE rowid <= ?').run(newest - keep);
  }

  /** The request log, oldest first. */
  requests(): unknown[] {
    return this.db
      .prepare('SELECT json FROM requests ORDER BY rowid')
      .all()
      .map((row) => JSON.parse(String(row['json'])) as unknown);
  }

  clearRequests(): void {
    this.db.exec('DELETE FROM requests');
  }

  close(): void {
    this.db.close();
  }

  private atomically(work: () => void): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.db.exec('COMMIT');
    } catch (error) {
      this.db.exec('ROLLBACK');
      throw error;
    }
  }
}
