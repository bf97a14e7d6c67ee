import type { Task } from 'durable-functions';
import { REDEMPTION_HINT } from '../domain/events';
import { nowMs, type Durable, type Run } from './run';

/** Timers stay far below six days, beyond which durable-functions 3 replays a cancelled timer wrongly. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** The one listener for hints of a run: a second one would not know of the waits that the first has passed by. */
export function hintsOf(run: Run): Listener {
  return (run.memory.hints ??= new Listener(run, REDEMPTION_HINT));
}

/**
 * Listens for one event. An event that comes while nobody waits goes to a wait that a timer won earlier, and would be
 * lost on the run: so such waits are kept, and asked as well.
 */
export class Listener {
  private passedBy: Task[] = [];

  constructor(
    private readonly run: Run,
    private readonly event: string,
  ) {}

  /** True when the event came since the latest wait ended; says so once for each event. */
  heardMeanwhile(): boolean {
    const before = this.passedBy.length;
    this.passedBy = this.passedBy.filter((wait) => !wait.isCompleted);
    return this.passedBy.length < before;
  }

  /** Waits for the event, for a day at most; cancels the timer when it loses. True when the event came first. */
  *heardUntil(untilMs: number): Durable<boolean> {
    const { df } = this.run.context;
    const wait = df.waitForExternalEvent(this.event);
    const timer = df.createTimer(new Date(Math.min(untilMs, nowMs(this.run) + LONGEST_TIMER_MS)));
    yield df.Task.any([wait, timer]);
    if (!timer.isCompleted) timer.cancel();
    if (wait.isCompleted) return true;
    this.passedBy.push(wait);
    return false;
  }
}
