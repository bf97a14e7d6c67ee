import { part } from '../store/snapshot';
import { ArmError } from './errors';

/** From when to when, in milliseconds since 1970; without `end` for good. */
export interface Period {
  readonly start: number;
  readonly end: number | undefined;
}

const shortestMs = 5 * 60_000;
const durationPattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/;

const invalid = (): ArmError =>
  new ArmError(400, 'InvalidRoleAssignmentRequestSchedule', 'The requested schedule is not valid.');

/** The period that `scheduleInfo` asks for. What should have begun already begins now. Throws 400 for a wrong one. */
export function periodOf(schedule: Readonly<Record<string, unknown>> | undefined, now: number): Period {
  const expiration = part(schedule, 'expiration');
  if (expiration === undefined) throw invalid();
  const start = Math.max(now, timeOf(schedule?.['startDateTime']) ?? now);
  switch (expiration['type']) {
    case 'NoExpiration':
      return { start, end: undefined };
    case 'AfterDateTime':
      return lasting(start, timeOf(expiration['endDateTime']));
    case 'AfterDuration': {
      const found = durationPattern.exec(String(expiration['duration']));
      const [days, hours, minutes] = (found ?? []).slice(1).map((value) => Number((value as string | undefined) ?? 0));
      return lasting(
        start,
        found === null ? undefined : start + (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000,
      );
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
