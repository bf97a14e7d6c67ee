import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { HistoryEvent, RuntimeStatus } from './events';

/** One orchestration instance. Times are milliseconds since 1970; `input`, `output` and `custom_status` JSON texts. */
export interface InstanceRow {
  id: string;
  /** Changes with each generation (continueAsNew, overwriting): answers to an earlier one are dropped. */
  execution_id: string;
  name: string;
  version: string | null;
  parent_id: string | null;
  parent_execution_id: string | null;
  parent_task_id: number | null;
  input: string;
  status: RuntimeStatus;
  custom_status: string | null;
  output: string | null;
  created_at: number;
  updated_at: number;
}

/** An activity that was scheduled and has no recorded result. */
export interface ActivityRow {
  seq: number;
  instance_id: string;
  execution_id: string;
  task_id: number;
  name: string;
  input: string;
}

/** A timer that has not fired. `fire_at` is milliseconds since 1970. */
export interface TimerRow {
  seq: number;
  instance_id: string;
  execution_id: string;
  task_id: number;
  fire_at: number;
}

/** A message that waits to be delivered to an instance in its next episode. */
export interface InboxRow {
  seq: number;
  instance_id: string;
  /** `null` for messages that any generation takes (external events, suspend, resume, terminate). */
  execution_id: string | null;
  control: number;
  event: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS instances (
    id TEXT PRIMARY KEY, execution_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT,
    parent_id TEXT, parent_execution_id TEXT, parent_task_id INTEGER,
    input TEXT NOT NULL, status TEXT NOT NULL, custom_status TEXT, output TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS instances_by_age ON instances (created_at, id);
  CREATE TABLE IF NOT EXISTS history (
    instance_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (instance_id, seq)) STRICT;
  CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT,
    control INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS inbox_by_instance ON inbox (instance_id, seq);
  CREATE TABLE IF NOT EXISTS activities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS timers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL, fire_at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS timers_by_time ON timers (fire_at, seq);
  CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** The host's database: one SQLite file, or `:memory:`. Survives the death of the process, not of the machine. */
export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    // Exclusive: a second host on the same file would run every activity twice.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#database.exec(SCHEMA);
  }

  close(): void {
    this.#database.close();
  }

  /** All or nothing. Nothing in `work` may wait: other work would join the transaction. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  instance(id: string): InstanceRow | undefined {
    return this.#row('SELECT * FROM instances WHERE id = ?', id) as InstanceRow | undefined;
  }

  /** Instances by age, from `after` on (exclusive), that satisfy a condition with its values. */
  instances(condition: string, values: SQLInputValue[], limit: number): InstanceRow[] {
    const sql = `SELECT * FROM instances WHERE ${condition} ORDER BY created_at, id LIMIT ?`;
    return this.#rows(sql, ...values, limit) as InstanceRow[];
  }

  insertInstance(row: InstanceRow): void {
    const columns = Object.keys(row);
    this.#run(
      `INSERT INTO instances (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      ...(Object.values(row) as SQLInputValue[]),
    );
  }

  updateInstance(id: string, changes: Partial<Omit<InstanceRow, 'id'>>): void {
    const columns = Object.keys(changes);
    this.#run(
      `UPDATE instances SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
      ...(Object.values(changes) as SQLInputValue[]),
      id,
    );
  }

  /** Removes an instance with its history and everything pending. */
  deleteInstance(id: string): void {
    this.#run('DELETE FROM instances WHERE id = ?', id);
    this.deleteHistory(id);
    for (const table of ['inbox', 'activities', 'timers']) this.#run(`DELETE FROM ${table} WHERE instance_id = ?`, id);
  }

  history(instanceId: string): HistoryEvent[] {
    const sql = 'SELECT event FROM history WHERE instance_id = ? ORDER BY seq';
    const rows = this.#rows(sql, instanceId) as { event: string }[];
    return rows.map((row) => JSON.parse(row.event) as HistoryEvent);
  }

  appendHistory(instanceId: string, from: number, events: HistoryEvent[]): void {
    events.forEach((event, index) => {
      this.#run(
        'INSERT INTO history (instance_id, seq, event) VALUES (?, ?, ?)',
        instanceId,
        from + index,
        JSON.stringify(event),
      );
    });
  }

  deleteHistory(instanceId: string): void {
    this.#run('DELETE FROM history WHERE instance_id = ?', instanceId);
  }

  inbox(instanceId: string): InboxRow[] {
    return this.#rows('SELECT * FROM inbox WHERE instance_id = ? ORDER BY seq', instanceId) as InboxRow[];
  }

  /** Instances with something to deliver; a suspended one only takes control messages. */
  instancesWithMail(): string[] {
    const rows = this.#rows(
      `SELECT DISTINCT instances.id FROM inbox JOIN instances ON instances.id = inbox.instance_id
       WHERE instances.status <> 'Suspended' OR inbox.control = 1`,
    ) as { id: string }[];
    return rows.map((row) => row.id);
  }

  post(instanceId: string, executionId: string | null, event: HistoryEvent, control = false): void {
    this.#run(
      'INSERT INTO inbox (instance_id, execution_id, control, event) VALUES (?, ?, ?, ?)',
      instanceId,
      executionId,
      control ? 1 : 0,
      JSON.stringify(event),
    );
  }

  deleteMail(seqs: number[]): void {
    for (const seq of seqs) this.#run('DELETE FROM inbox WHERE seq = ?', seq);
  }

  activities(limit: number): ActivityRow[] {
    return this.#rows('SELECT * FROM activities ORDER BY seq LIMIT ?', limit) as ActivityRow[];
  }

  insertActivity(row: Omit<ActivityRow, 'seq'>): void {
    this.#run(
      'INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)',
      row.instance_id,
      row.execution_id,
      row.task_id,
      row.name,
      row.input,
    );
  }

  deleteActivity(seq: number): void {
    this.#run('DELETE FROM activities WHERE seq = ?', seq);
  }

  nextTimer(): TimerRow | undefined {
    return this.#row('SELECT * FROM timers ORDER BY fire_at, seq LIMIT 1') as TimerRow | undefined;
  }

  insertTimer(row: Omit<TimerRow, 'seq'>): void {
    this.#run(
      'INSERT INTO timers (instance_id, execution_id, task_id, fire_at) VALUES (?, ?, ?, ?)',
      row.instance_id,
      row.execution_id,
      row.task_id,
      row.fire_at,
    );
  }

  deleteTimer(seq: number): void {
    this.#run('DELETE FROM timers WHERE seq = ?', seq);
  }

  deleteTimersOf(instanceId: string): void {
    this.#run('DELETE FROM timers WHERE instance_id = ?', instanceId);
  }

  setting(key: string): string | undefined {
    return (this.#row('SELECT value FROM settings WHERE key = ?', key) as { value: string } | undefined)?.value;
  }

  setSetting(key: string, value: string): void {
    this.#run(
      'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = ?',
      key,
      value,
      value,
    );
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #row(sql: string, ...values: SQLInputValue[]): unknown {
    return this.#statement(sql).get(...values);
  }

  #rows(sql: string, ...values: SQLInputValue[]): unknown[] {
    return this.#statement(sql).all(...values);
  }
}
