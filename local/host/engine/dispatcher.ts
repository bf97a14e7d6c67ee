import type { Clock } from '../clock';
import { runActivity, type ActivityTools } from './activityWorker';
import { runEpisode, type EpisodeTools } from './episode';
import { EventType, historyEvent } from './events';
import type { TimerRow } from './store';

/**
 * Finds work in the database and runs it: one episode at a time per instance, a limited number of activities, timers
 * when they are due. Holds no state that a restart would miss.
 */
export class Dispatcher {
  readonly #tools: EpisodeTools & ActivityTools;
  readonly #clock: Clock;
  readonly #activityLimit: number;
  readonly #episodes = new Set<string>();
  readonly #activities = new Set<number>();
  #idle: (() => void)[] = [];
  #cancelAlarm: () => void = () => undefined;
  #pumpScheduled = false;
  #stopped = true;

  constructor(tools: EpisodeTools & ActivityTools, clock: Clock, activityLimit: number) {
    this.#tools = tools;
    this.#clock = clock;
    this.#activityLimit = activityLimit;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Takes no new work; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelAlarm();
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** To be called after every change that may have made something runnable. */
  wake(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  /** Resolves when nothing runs and nothing is runnable before the next timer. */
  settle(): Promise<void> {
    this.wake();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** When the earliest pending timer is due, in milliseconds since 1970. */
  nextTimerAt(): number | undefined {
    return this.#tools.store.nextTimer()?.fire_at;
  }

  get #busy(): boolean {
    return this.#episodes.size + this.#activities.size > 0;
  }

  #pump(): void {
    if (!this.#stopped) {
      this.#fireTimers();
      this.#startEpisodes();
      this.#startActivities();
    }
    if (!this.#busy) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  #fireTimers(): void {
    const { store } = this.#tools;
    const now = this.#clock.now();
    let next = store.nextTimer();
    while (next && next.fire_at <= now) {
      this.#fire(next, now);
      next = store.nextTimer();
    }
    this.#cancelAlarm();
    if (next) this.#cancelAlarm = this.#clock.alarm(next.fire_at, () => this.wake());
  }

  #fire(timer: TimerRow, now: number): void {
    const { store } = this.#tools;
    store.transaction(() => {
      store.deleteTimer(timer.seq);
      const fired = historyEvent(EventType.TimerFired, now, {
        TimerId: timer.task_id,
        FireAt: new Date(timer.fire_at).toISOString(),
      });
      store.post(timer.instance_id, timer.execution_id, fired);
    });
  }

  #startEpisodes(): void {
    for (const id of this.#tools.store.instancesWithMail()) {
      if (this.#episodes.has(id)) continue;
      this.#episodes.add(id);
      void runEpisode(this.#tools, id).finally(() => {
        this.#episodes.delete(id);
        this.wake();
      });
    }
  }

  #startActivities(): void {
    // Those that run are still in the table, and at most `limit` of them do.
    for (const activity of this.#tools.store.activities(this.#activityLimit + this.#activities.size)) {
      if (this.#activities.size >= this.#activityLimit) return;
      if (this.#activities.has(activity.seq)) continue;
      this.#activities.add(activity.seq);
      void runActivity(this.#tools, activity).finally(() => {
        this.#activities.delete(activity.seq);
        this.wake();
      });
    }
  }
}
