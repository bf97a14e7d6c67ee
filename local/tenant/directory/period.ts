import { part } from '../store/snapshot';
import { durationMs } from './schedules';

/** From when to when, in milliseconds since 1970; without `end` for good. */
export interface Period {
  readonly start: number;
  readonly end: number | undefined;
}

/** Nothing can be assigned for less. */
const shortestMs = 5 * 60_000;

/**
 * The period that the `scheduleInfo` of a request asks for, in PIM of Graph and of Azure. What should have begun already
 * begins now.
 *
 * @param invalid makes what is thrown for a wrong one
 */
export function periodOf(
  schedule: Readonly<Record<string, unknown>> | undefined,
  now: number,
  invalid: () => Error,
): Period {
  const expiration = part(schedule, 'expiration');
  if (expiration === undefined) throw invalid();
  const start = Math.max(now, timeOf(schedule?.['startDateTime'], invalid) ?? now);
  const { type, endDateTime, duration } = expiration;
  const lasting = (end: number | undefined): Period => {
    if (end === undefined || end - start < shortestMs) throw invalid();
    return { start, end };
  };
  switch (String(type).toLowerCase()) {
    case 'noexpiration':
      return { start, end: undefined };
    case 'afterdatetime':
      return lasting(timeOf(endDateTime, invalid));
    case 'afterduration': {
      const length = typeof duration === 'string' ? durationMs(duration) : undefined;
      return lasting(length === undefined ? undefined : start + length);
    }
    default:
      throw invalid();
  }
}

/** Milliseconds of a time; undefined for null. Throws for anything that is no time. */
function timeOf(value: unknown, invalid: () => Error): number | undefined {
  if (value === null || value === undefined) return undefined;
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw invalid();
  return time;
}
