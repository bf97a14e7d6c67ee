import type { Clock } from './clock';
import type { Database, Write } from './database';
import { View, type Collection, type Collections, type Entity } from './snapshot';

/** What a transaction did to one object. `before` undefined = created, `after` undefined = removed. */
export interface Change {
  readonly collection: string;
  readonly id: string;
  readonly before: Entity | undefined;
  readonly after: Entity | undefined;
}

/** Called inside every transaction after its work, before it is written: derived data and outgoing messages. */
export type TransactionHook = (tx: Transaction) => void;

/** Read and write access within one all-or-nothing change. */
export class Transaction extends View {
  private readonly writable = new Map<string, Map<string, Entity>>();
  private readonly touched = new Map<string, Set<string>>();

  constructor(private readonly base: Collections) {
    super(base);
  }

  /** Creates or replaces an object. */
  put(name: string, entity: Entity): void {
    this.edit(name, entity.id).set(entity.id, entity);
  }

  /** Changes some properties of an existing object and returns it. Throws when it does not exist. */
  patch(name: string, id: string, changes: Readonly<Record<string, unknown>>): Entity {
    const before = this.get(name, id);
    if (before === undefined) throw new Error(`No object in ${name} has this id.`);
    const after: Entity = { ...before, ...changes, id };
    this.put(name, after);
    return after;
  }

  remove(name: string, id: string): void {
    if (this.has(name, id)) this.edit(name, id).delete(id);
  }

  /** Everything changed so far; objects written back unchanged are left out. */
  changes(): Change[] {
    const changes: Change[] = [];
    for (const [collection, ids] of this.touched) {
      for (const id of ids) {
        const before = this.base.get(collection)?.get(id);
        const after = this.get(collection, id);
        if (before !== after) changes.push({ collection, id, before, after });
      }
    }
    return changes;
  }

  /** The collections as this transaction leaves them; untouched ones are shared with the state before. */
  result(): Collections {
    return new Map<string, Collection>([...this.base, ...this.writable]);
  }

  protected override collection(name: string): Collection {
    return this.writable.get(name) ?? super.collection(name);
  }

  private edit(name: string, id: string): Map<string, Entity> {
    this.touched.set(name, (this.touched.get(name) ?? new Set<string>()).add(id));
    const existing = this.writable.get(name);
    if (existing !== undefined) return existing;
    const copy = new Map(super.collection(name));
    this.writable.set(name, copy);
    return copy;
  }
}

/** The tenant's state: one primary that every write goes to, and how it looked a while ago for replicated reads. */
export class Store {
  private current: Collections;
  private history: { readonly at: number; readonly state: Collections }[] = [];
  private readonly hooks: TransactionHook[] = [];
  private readonly listeners: (() => void)[] = [];

  /** @param longestLagMs how far back `replica` may be asked to look, in milliseconds of the tenant's clock */
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly longestLagMs: () => number,
  ) {
    this.current = database.load();
    this.history = [{ at: -Infinity, state: this.current }];
  }

  addHook(hook: TransactionHook): void {
    this.hooks.push(hook);
  }

  /** Called after every change that became durable. */
  onChanged(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The newest state. */
  primary(): View {
    return new View(this.current);
  }

  /** The state some replica shows: as it was `lagMs` ago. */
  replica(lagMs: number): View {
    const moment = this.clock.now() - lagMs;
    const seen = this.history.findLast(({ at }) => at <= moment) ?? this.history[0];
    return new View(seen?.state ?? this.current);
  }

  /** Runs `work` on the primary; when it returns, its changes are durable. An exception leaves everything as it was. */
  transaction<T>(work: (tx: Transaction) => T): T {
    const tx = new Transaction(this.current);
    const result = work(tx);
    for (const hook of this.hooks) hook(tx);
    const writes: Write[] = tx.changes();
    if (writes.length === 0) return result;
    this.database.apply(writes);
    this.advanceTo(tx.result());
    for (const listener of this.listeners) listener();
    return result;
  }

  /** Loads another tenant; replicas see it at once. */
  replaceAll(collections: Collections): void {
    this.database.replaceAll(collections);
    this.current = collections;
    this.history = [{ at: -Infinity, state: collections }];
  }

  private advanceTo(state: Collections): void {
    const now = this.clock.now();
    this.current = state;
    this.history.push({ at: now, state });
    const oldestNeeded = this.history.findLastIndex(({ at }) => at <= now - this.longestLagMs());
    if (oldestNeeded > 0) this.history.splice(0, oldestNeeded);
  }
}
