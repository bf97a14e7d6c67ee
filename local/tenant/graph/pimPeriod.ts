import { periodOf, type Period } from '../directory/period';
import { part, type Entity } from '../store/snapshot';
import { GraphError } from './errors';

/** The period that a request asks for. Throws 400 for a wrong one. */
export function requestedPeriod(request: Entity, now: number): Period {
  return periodOf(part(request, 'scheduleInfo'), now, invalid);
}

const invalid = (): GraphError =>
  new GraphError(400, 'InvalidRoleAssignmentRequestSchedule', 'The requested schedule is not valid.');

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
