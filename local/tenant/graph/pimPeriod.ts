import { durationMs } from '../directory/schedules';
import { part, type Entity } from '../store/snapshot';
import { GraphError } from './errors';

/** From when to when, in milliseconds since 1970; without `end` for good. */
export interface Period {
  readonly start: number;
  readonly end: number | undefined;
}

/** Nothing can be assigned for less. */
const shortestMs = 5 * 60_000;

const invalid = (): GraphError =>
  new GraphError(400, 'InvalidRoleAssignmentRequestSchedule', 'The requested schedule is not valid.');

/** The period that a request asks for. What should have begun already begins now. Throws 400 for a wrong one. */
export function periodOf(request: Entity, now: number): Period {
  const schedule = part(request, 'scheduleInfo');
  const expiration = part(schedule, 'expiration');
  if (schedule === undefined || expiration === undefined) throw invalid();
  const start = Math.max(now, timeOf(schedule['startDateTime'] ?? null) ?? now);
  const { type, endDateTime, duration } = expiration;
  switch (String(type).toLowerCase()) {
    case 'noexpiration':
      return { start, end: undefined };
    case 'afterdatetime':
      return lasting(start, timeOf(endDateTime));
    case 'afterduration': {
      const length = typeof duration === 'string' ? durationMs(duration) : undefined;
      return lasting(start, length === undefined ? undefined : start + length);
    }
    default:
      throw invalid();
  }
}

function lasting(start: number, end: number | undefined): Period {
  if (end === undefined || end - start < shortestMs) throw invalid();
  return { start, end };
}

/** Milliseconds of a time; undefined for null. Throws 400 for anything that is no time. */
function timeOf(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw invalid();
  return time;
}

/** A period as schedules show it: always by its end, whatever the request said. */
export function scheduleInfoOf({ start, end }: Period): Readonly<Record<string, unknown>> {
  const expiration =
    end === undefined
      ? { type: 'noExpiration', endDateTime: null, duration: null }
      : { type: 'afterDateTime', endDateTime: pimTime(end), duration: null };
  return { startDateTime: pimTime(start), recurrence: null, expiration };
}

/** PIM writes milliseconds, but not when they are zero. */
export const pimTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
