import type { Clock } from '../clock';
import { neverCrash, type CrashPlan } from '../crash';
import { silentLog, type Log } from '../log';
import { createInstance, newExecutionId } from './commit';
import { Dispatcher } from './dispatcher';
import { EventType, hasEnded, historyEvent, type HistoryEvent } from './events';
import type { DurableFunctions } from './contract';
import { instanceIds, listInstances, statusOf, type InstanceFilter, type InstanceStatus } from './queries';
import { rewindInstance } from './rewind';
import type { InstanceRow, Store } from './store';

/** Why an operation on an instance was refused; the durable client sees it as an HTTP status. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly code: 'badRequest' | 'notFound' | 'ended' | 'notFailed' | 'alreadyExists';

  constructor(code: EngineError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface EngineOptions {
  store: Store;
  functions: DurableFunctions;
  clock: Clock;
  crash?: CrashPlan;
  log?: Log;
  /** Activities that may run at the same time (10). */
  activityLimit?: number;
  defaultVersion?: string | undefined;
}

/** Options of `start`. `input` is any JSON value. */
export interface StartOptions {
  instanceId?: string | undefined;
  input?: unknown;
  version?: string | undefined;
}

const DEFAULT_ACTIVITY_LIMIT = 10;
/** Characters that Azure refuses in instance ids; ids that start with @ belong to entities. */
const BAD_INSTANCE_ID = /^$|^@|[/\\?#\p{Cc}]|^.{257}/u;

/** The durable engine: orchestration instances over a SQLite history. */
export class DurableEngine {
  readonly #store: Store;
  readonly #functions: DurableFunctions;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #defaultVersion: string | undefined;

  constructor(options: EngineOptions) {
    this.#store = options.store;
    this.#functions = options.functions;
    this.#clock = options.clock;
    this.#defaultVersion = options.defaultVersion;
    const tools = {
      store: options.store,
      functions: options.functions,
      crash: options.crash ?? neverCrash,
      log: options.log ?? silentLog,
      now: () => options.clock.now(),
      defaultVersion: options.defaultVersion,
    };
    this.#dispatcher = new Dispatcher(tools, options.clock, options.activityLimit ?? DEFAULT_ACTIVITY_LIMIT);
  }

  /** Starts picking up work, also what an earlier process left. */
  run(): void {
    this.#dispatcher.start();
  }

  /** Takes no new work and resolves when what runs has ended. */
  stop(): Promise<void> {
    return this.#dispatcher.stop();
  }

  /**
   * Starts an instance and returns its id. An ended instance of that id is overwritten; `alreadyExists` if it has not
   * ended, `badRequest` for an unknown orchestrator or an id that Azure would refuse.
   */
  start(name: string, { instanceId, input, version }: StartOptions = {}): string {
    if (!this.#functions.hasOrchestrator(name)) {
      throw new EngineError('badRequest', `The orchestrator function "${name}" does not exist.`);
    }
    const id = instanceId ?? newExecutionId();
    if (BAD_INSTANCE_ID.test(id))
      throw new EngineError('badRequest', 'The instance id has characters that are not allowed.');
    this.#store.transaction(() => {
      const existing = this.#store.instance(id);
      if (existing && !hasEnded(existing.status)) {
        throw new EngineError(
          'alreadyExists',
          `An Orchestration instance with the status ${existing.status} already exists.`,
        );
      }
      if (existing) this.#store.deleteInstance(id);
      createInstance(this.#store, this.#clock.now(), {
        id,
        name,
        input: JSON.stringify(input ?? null),
        version: version ?? this.#defaultVersion,
      });
    });
    this.#dispatcher.wake();
    return id;
  }

  /** Raises an external event; `notFound` and `ended` as the durable client knows them. */
  raiseEvent(instanceId: string, name: string, data?: unknown): void {
    this.#post(instanceId, EventType.EventRaised, { Name: name, Input: JSON.stringify(data ?? null) }, false);
  }

  terminate(instanceId: string, reason: string): void {
    this.#post(instanceId, EventType.ExecutionTerminated, { Input: JSON.stringify(reason) }, true);
  }

  /** Events and results are kept back until the instance is resumed; its timers go on. */
  suspend(instanceId: string, reason: string): void {
    this.#post(instanceId, EventType.ExecutionSuspended, { Reason: reason }, true);
  }

  resume(instanceId: string, reason: string): void {
    this.#post(instanceId, EventType.ExecutionResumed, { Reason: reason }, true);
  }

  /** Runs what made a failed instance fail again; `notFailed` if it is not in that state. */
  rewind(instanceId: string, reason: string): void {
    const instance = this.#existing(instanceId);
    if (instance.status !== 'Failed') {
      throw new EngineError('notFailed', 'The rewind operation is only supported on failed orchestration instances.');
    }
    this.#store.transaction(() => rewindInstance(this.#store, this.#clock.now(), instance, reason));
    this.#dispatcher.wake();
  }

  /** Forgets an ended instance. Returns how many were removed: 1, or 0 if it does not exist or has not ended. */
  purge(instanceId: string): number {
    return this.#store.transaction(() => {
      const instance = this.#store.instance(instanceId);
      if (!instance || !hasEnded(instance.status)) return 0;
      this.#store.deleteInstance(instanceId);
      return 1;
    });
  }

  /** Forgets the ended instances among those that the filter names. Returns their number. */
  purgeBy(filter: InstanceFilter): number {
    return instanceIds(this.#store, filter).reduce((removed, id) => removed + this.purge(id), 0);
  }

  status(instanceId: string, show: { input?: boolean; history?: boolean } = {}): InstanceStatus | undefined {
    const instance = this.#store.instance(instanceId);
    if (!instance) return undefined;
    const status = statusOf(instance, show.input ?? true);
    return show.history ? { ...status, historyEvents: this.history(instanceId) } : status;
  }

  list(filter: InstanceFilter = {}): { instances: InstanceStatus[]; continuation: string | undefined } {
    return listInstances(this.#store, filter);
  }

  /** The recorded events of the current generation, in order; empty for an unknown instance. */
  history(instanceId: string): HistoryEvent[] {
    return this.#store.history(instanceId);
  }

  /** Resolves when nothing runs and nothing is runnable before the next timer, or after `patienceMs` of real time. */
  settle(patienceMs?: number): Promise<void> {
    return within(patienceMs, this.#dispatcher.settle());
  }

  /** When the earliest pending timer is due. */
  nextTimerAt(): Date | undefined {
    const at = this.#dispatcher.nextTimerAt();
    return at === undefined ? undefined : new Date(at);
  }

  /**
   * Moves the clock forward by `ms`, stopping at every timer on the way: it fires at its own time and everything that
   * follows from it runs before the clock goes on. With `patienceMs` a stop ends after that much real time, even if
   * an activity still runs.
   */
  async advance(ms: number, patienceMs?: number): Promise<void> {
    const target = this.#clock.now() + ms;
    await this.settle(patienceMs);
    for (;;) {
      const next = this.#dispatcher.nextTimerAt() ?? Infinity;
      this.#clock.advance(Math.max(Math.min(next, target) - this.#clock.now(), 0));
      await this.settle(patienceMs);
      if (next > target) return;
    }
  }

  #existing(instanceId: string): InstanceRow {
    const instance = this.#store.instance(instanceId);
    if (!instance) throw new EngineError('notFound', 'There is no instance with this id.');
    return instance;
  }

  #post(instanceId: string, type: number, fields: Partial<HistoryEvent>, control: boolean): void {
    const instance = this.#existing(instanceId);
    if (hasEnded(instance.status)) throw new EngineError('ended', 'The instance has already ended.');
    this.#store.post(instanceId, null, historyEvent(type, this.#clock.now(), fields), control);
    this.#dispatcher.wake();
  }
}

/** Resolves when the promise does, or after `ms` of real time if given. */
async function within(ms: number | undefined, settled: Promise<void>): Promise<void> {
  if (ms === undefined) return settled;
  let timeout: NodeJS.Timeout | undefined;
  const tired = new Promise<void>((resolve) => (timeout = setTimeout(resolve, ms)));
  await Promise.race([settled, tired]);
  clearTimeout(timeout);
}
