import type { Clock } from './clock';
import { triggerOf, type RegisteredFunction } from './coreApi';
import { inputsOf, type ClientInput } from './durableFunctions';
import type { Store } from './engine/store';
import { logFailure } from './httpFunctions';
import { invoke } from './invoke';
import type { LoadedApp } from './loadApp';
import type { Log } from './log';
import { parseSchedule, type Schedule } from './schedule';

interface TimerFunction {
  target: RegisteredFunction;
  schedule: Schedule;
  runOnStartup: boolean;
  /** Due time that is being waited for, milliseconds since 1970. */
  next: number | undefined;
  /** The end of the latest run; runs of one function queue up behind each other. */
  latest: Promise<boolean>;
}

/** A run counts as late from this delay on. */
const PAST_DUE_MS = 1000;

/** Fires the app's timer functions by the host's clock. A function never overlaps with itself. */
export class TimerFunctions {
  readonly #timers = new Map<string, TimerFunction>();
  readonly #app: LoadedApp;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #client: ClientInput;
  #cancelAlarm: () => void = () => undefined;
  #paused = true;

  /** Throws for a schedule that cannot be read. */
  constructor(tools: {
    app: LoadedApp;
    store: Store;
    clock: Clock;
    log: Log;
    client: ClientInput;
    env: NodeJS.ProcessEnv;
  }) {
    this.#app = tools.app;
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#log = tools.log;
    this.#client = tools.client;
    for (const [name, target] of tools.app.functions) {
      const { trigger } = triggerOf(target.metadata);
      if (trigger.type !== 'timerTrigger') continue;
      const schedule = parseSchedule(trigger.schedule ?? '', tools.env);
      const runOnStartup = trigger.runOnStartup === true;
      this.#timers.set(name, { target, schedule, runOnStartup, next: undefined, latest: Promise.resolve(true) });
    }
  }

  /** Starts waiting. What became due while no host ran fires once. */
  start(): void {
    for (const [name, timer] of this.#timers) {
      timer.next = this.#storedNext(name) ?? timer.schedule.nextAfter(this.#clock.now());
      if (timer.runOnStartup) void this.#fire(name, timer, false);
    }
    this.resume();
  }

  /** Fires nothing until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#cancelAlarm();
  }

  /** Fires what is due by now, each function once however many due times have passed, and goes on waiting. */
  resume(): void {
    this.#paused = false;
    this.#check();
  }

  /** Resolves when no timer function runs. */
  async idle(): Promise<void> {
    await Promise.all([...this.#timers.values()].map((timer) => timer.latest));
  }

  /** Runs a function now, after a run that is under way; resolves to whether it succeeded, `undefined` if unknown. */
  async run(name: string): Promise<boolean | undefined> {
    const timer = this.#timers.get(name);
    return timer && this.#fire(name, timer, false);
  }

  /** When each function is due next, as ISO text. */
  nextTimes(): Record<string, string | undefined> {
    return Object.fromEntries(
      [...this.#timers].map(([name, { next }]) => [
        name,
        next === undefined ? undefined : new Date(next).toISOString(),
      ]),
    );
  }

  #check(): void {
    if (this.#paused) return;
    const now = this.#clock.now();
    for (const [name, timer] of this.#timers) {
      if (timer.next === undefined || timer.next > now) continue;
      const isPastDue = now - timer.next >= PAST_DUE_MS;
      // Due times that pass during the run are skipped.
      timer.next = undefined;
      void this.#fire(name, timer, isPastDue).then(() => {
        timer.next = timer.schedule.nextAfter(this.#clock.now());
        this.#wait();
      });
    }
    this.#wait();
  }

  #wait(): void {
    this.#cancelAlarm();
    if (this.#paused) return;
    const due = [...this.#timers.values()].flatMap(({ next }) => next ?? []);
    if (due.length > 0) this.#cancelAlarm = this.#clock.alarm(Math.min(...due), () => this.#check());
  }

  #fire(name: string, timer: TimerFunction, isPastDue: boolean): Promise<boolean> {
    timer.latest = timer.latest.then(() => this.#invoke(name, timer, isPastDue));
    return timer.latest;
  }

  async #invoke(name: string, { target, schedule }: TimerFunction, IsPastDue: boolean): Promise<boolean> {
    const now = this.#clock.now();
    const [Last, Next] = [this.#store.setting(`timer.last.${name}`), schedule.nextAfter(now)];
    const status = { Last, Next: Next === undefined ? undefined : new Date(Next).toISOString(), LastUpdated: Last };
    const info = { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue };
    try {
      await invoke(this.#app, this.#log, target, inputsOf(target, { json: JSON.stringify(info) }, this.#client));
      return true;
    } catch (error) {
      logFailure(this.#log, target, error);
      return false;
    } finally {
      this.#store.setSetting(`timer.last.${name}`, new Date(now).toISOString());
    }
  }

  /** The first due time after the last recorded run. */
  #storedNext(name: string): number | undefined {
    const last = this.#store.setting(`timer.last.${name}`);
    return last === undefined ? undefined : this.#timers.get(name)?.schedule.nextAfter(Date.parse(last));
  }
}
