/** The host's one clock. It may run faster than the world (jumps), never backwards. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Jumps forward and calls every alarm that became due, in time order. Negative or fractional jumps are refused. */
  advance(ms: number): void;
  /** Calls back once, at the instant or as soon as the clock is found to be past it. Returns a function that cancels. */
  alarm(at: number, callback: () => void): () => void;
  /** Forgets every alarm, so that the process can end. */
  stop(): void;
}

interface Alarm {
  at: number;
  callback: () => void;
}

/** setTimeout counts in 32 bits: a longer delay would fire at once. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

class JumpingClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  readonly #base: () => number;
  readonly #jumped: (offsetMs: number) => void;
  readonly #ticks: boolean;
  #offsetMs: number;
  #timeout: NodeJS.Timeout | undefined;

  constructor(base: () => number, ticks: boolean, offsetMs: number, jumped: (offsetMs: number) => void) {
    this.#base = base;
    this.#ticks = ticks;
    this.#offsetMs = offsetMs;
    this.#jumped = jumped;
  }

  now(): number {
    return this.#base() + this.#offsetMs;
  }

  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) {
      throw new RangeError('The clock only moves forward, by whole milliseconds.');
    }
    this.#offsetMs += ms;
    this.#jumped(this.#offsetMs);
    this.#ring();
  }

  alarm(at: number, callback: () => void): () => void {
    const alarm = { at, callback };
    this.#alarms.add(alarm);
    this.#rearm();
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  stop(): void {
    clearTimeout(this.#timeout);
    this.#alarms.clear();
  }

  #ring(): void {
    const now = this.now();
    const due = [...this.#alarms].filter((alarm) => alarm.at <= now).sort((a, b) => a.at - b.at);
    for (const alarm of due) {
      // A callback may have cancelled a later one.
      if (this.#alarms.delete(alarm)) alarm.callback();
    }
    this.#rearm();
  }

  #rearm(): void {
    clearTimeout(this.#timeout);
    if (!this.#ticks || this.#alarms.size === 0) return;
    const next = Math.min(...[...this.#alarms].map((alarm) => alarm.at));
    const delay = Math.min(Math.max(next - this.now(), 0), LONGEST_TIMEOUT_MS);
    this.#timeout = setTimeout(() => this.#ring(), delay);
  }
}

// Kept from before the global Date is replaced: the clock must not read itself.
const worldNow = Date.now.bind(Date);

/** A clock that runs with the world, `offsetMs` ahead of it. `jumped` gets the new offset, to be stored. */
export function runningClock(offsetMs = 0, jumped: (offsetMs: number) => void = () => undefined): Clock {
  return new JumpingClock(worldNow, true, offsetMs, jumped);
}

/** A clock that stands still until it is advanced. `start` is a date text or milliseconds since 1970. */
export function virtualClock(start: string | number = '2026-01-01T00:00:00.000Z'): Clock {
  const at = new Date(start).getTime();
  return new JumpingClock(
    () => at,
    false,
    0,
    () => undefined,
  );
}
