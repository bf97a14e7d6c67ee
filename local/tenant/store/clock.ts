/** Where the real time comes from; tests may bring their own. */
export interface TimeSource {
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The tenant's clock: real time plus an offset that only grows. Everything the tenant does by date follows it, except
 * tokens, certificates and throttling windows, which the callers' libraries judge by real time.
 */
export class Clock {
  constructor(
    private readonly source: TimeSource,
    private offsetMs: number,
    private readonly remember: (offsetMs: number) => void,
  ) {}

  now(): number {
    return this.source.now() + this.offsetMs;
  }

  /** Now as Graph writes times: ISO 8601 in UTC without fractions. */
  stamp(): string {
    return graphTime(this.now());
  }

  get offset(): number {
    return this.offsetMs;
  }

  /** Moves the clock forward; durable before it returns. */
  advance(ms: number): void {
    this.offsetMs += ms;
    this.remember(this.offsetMs);
  }
}

/** ISO 8601 in UTC with whole seconds, as Graph writes dates of directory objects. */
export function graphTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
