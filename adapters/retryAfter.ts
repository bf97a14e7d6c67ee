/** The longest Retry-After that is waited for in the process; anything longer is for a durable timer. */
export const BRIEF_SECONDS = 3;

/** How often a read is repeated in the process. */
export const BRIEF_RETRIES = 2;

/**
 * Reads a Retry-After header: seconds (Graph sends fractions too) or an HTTP date.
 *
 * @returns seconds, at least 0; undefined when there is no header or it cannot be read
 */
export function retryAfterSeconds(header: string | null | undefined, nowMs = Date.now()): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - nowMs) / 1000);
}

/** True for answers to a read that may be different in a moment. */
export function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}
