import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, oneByOne, restored, saysItExists, type Attempt, type Outside } from './kind';
import {
  endOf,
  instant,
  isAssigned,
  isDirect,
  isStanding,
  isUnlicensed,
  readSchedules,
  startOf,
  waitsForStart,
  type Schedule,
  type ScheduleList,
} from './schedules';

/** What every grant of a schedule remembers, besides what it is for. */
const periodData = {
  list: z.enum(['eligible', 'active']),
  /** When it ends, in whole seconds; null = never. */
  value: z.iso.datetime().nullable(),
  /** When it begins, for one that had not begun when it was captured. */
  start: z.iso.datetime().optional(),
};
export type Period = z.infer<z.ZodObject<typeof periodData>>;

/** The strict shape of a grant's data: the period and these properties. */
export function scheduleData<T extends z.ZodRawShape>(target: T) {
  return z.strictObject({ ...periodData, ...target });
}

/** PIM assigns nothing for less. */
const SHORTEST_MS = 5 * 60_000;
const REMOVAL = 'Taken away until a guest has accepted with another account; it is given back then.';
const JUSTIFICATION = 'Given back to a guest who was moved to another account.';

/**
 * The schedules to capture: made for the guest itself, and standing. Of active ones only those that an administrator
 * assigned, and only with an end or a beginning to come: permanent ones are captured as what they are (a role, a
 * membership), and activations not at all, since the eligibility that they come from is captured.
 *
 * @param expected tells by a schedule whether the old guest held it, which a permanent one may have begun since
 */
export function worthCapturing<T extends Schedule>(
  list: ScheduleList,
  found: readonly T[],
  now: Date,
  expected: (schedule: T) => boolean,
): T[] {
  const standing = found.filter((one) => isDirect(one) && isStanding(one, now));
  if (list === 'eligible') return standing;
  return standing.filter((one) => isAssigned(one) && (endOf(one) !== null || waitsForStart(one, now) || expected(one)));
}

/** The period of a schedule as a grant keeps it, with an instruction when its end cannot be read. */
export function periodOf(schedule: Schedule, list: ScheduleList, now: Date): { data: object; instruction?: string } {
  const end = endOf(schedule);
  if (end === undefined) {
    return {
      data: { list, value: 'unknown' },
      instruction:
        'PIM does not show when this ends in a way that the app can read. Assign it with the right end by hand.',
    };
  }
  const start = startOf(schedule);
  const later = start !== undefined && waitsForStart(schedule, now) ? { start: instant(start) } : {};
  return { data: { list, value: end, ...later } };
}

/** How one of PIM's areas, roles or groups, is asked and written. */
export interface PimArea<Found extends Schedule, Data extends Period> {
  shape: z.ZodType<Found>;
  data: z.ZodType<Data>;
  /** Path that lists the schedules of a principal. */
  schedules(list: ScheduleList, principalId: string): string;
  /** Path that takes requests. */
  requests: Record<ScheduleList, string>;
  isFor(schedule: Found, data: Data): boolean;
  /** What the request is for, besides the principal. */
  target(data: Data): Record<string, unknown>;
}

/**
 * Gives schedules to the new guest. It looks first; PIM refuses a second schedule of the same sort, so that a write
 * whose answer was lost, or one made by somebody else meanwhile, is found and compared, and nothing is doubled.
 */
export async function restoreSchedules<Found extends Schedule, Data extends Period>(
  grants: readonly Grant[],
  newId: string,
  outside: Outside,
  area: PimArea<Found, Data>,
): Promise<Attempt[]> {
  const find = finder(newId, outside, area);
  try {
    const lists = new Set(grants.map((grant) => area.data.parse(grant.data).list));
    await Promise.all([...lists].map((list) => find.look(list)));
  } catch (error) {
    return grants.map(() => attemptOfError(error));
  }
  return oneByOne(grants, async (grant) => {
    const data = area.data.parse(grant.data);
    const present = find.seen(data);
    if (present !== undefined) return compared(present, data, outside.clock.now());
    const ended = endedMeanwhile(data, outside.clock.now());
    if (ended !== undefined) return ended;
    try {
      const body = requestFor(newId, data, area, outside);
      return resultOf(await outside.graph.write('POST', area.requests[data.list], body));
    } catch (error) {
      if (!saysItExists(error)) return refused(error);
      const found = await find.lookAgain(data);
      return found === undefined
        ? { result: 'retry', detail: 'PIM says that it exists, and does not show it yet', afterSeconds: 0 }
        : compared(found, data, outside.clock.now());
    }
  });
}

/**
 * Takes away what a guest holds for a time, as the grants say; eligibility stays. PIM may say that there is nothing to take:
 * then it is gone already.
 */
export async function removeActive<Found extends Schedule, Data extends Period>(
  grants: readonly Grant[],
  userId: string,
  { graph }: Outside,
  area: PimArea<Found, Data>,
): Promise<void> {
  const wanted = grants.map((grant) => area.data.parse(grant.data)).filter(({ list }) => list === 'active');
  if (wanted.length === 0) return;
  const held = (await readSchedules(graph, area.schedules('active', userId), area.shape)) ?? [];
  for (const data of wanted) {
    if (!held.some((one) => isDirect(one) && isAssigned(one) && area.isFor(one, data))) continue;
    const body = { action: 'adminRemove', justification: REMOVAL, principalId: userId, ...area.target(data) };
    await graph.write('POST', area.requests.active, body).catch((error: unknown) => {
      if (!saysNothingThere(error)) throw error;
    });
  }
}

function saysNothingThere(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.status === 404 || /DoesNotExist|NotFound/i.test(error.code);
}

function finder<Found extends Schedule, Data extends Period>(
  newId: string,
  { graph, clock }: Outside,
  area: PimArea<Found, Data>,
) {
  const lists: Record<ScheduleList, readonly Found[]> = { eligible: [], active: [] };
  const again = new Set<ScheduleList>();
  const look = async (list: ScheduleList): Promise<void> => {
    lists[list] = (await readSchedules(graph, area.schedules(list, newId), area.shape)) ?? [];
  };
  /** The guest's own schedule for the same thing, an assigned one before an activation. */
  const seen = (data: Data): Found | undefined => {
    const same = lists[data.list].filter(
      (one) => isDirect(one) && isStanding(one, clock.now()) && area.isFor(one, data),
    );
    return same.find(isAssigned) ?? same[0];
  };
  /** Once a run is enough: who does not show then is looked for in the next run. */
  const lookAgain = async (data: Data): Promise<Found | undefined> => {
    if (!again.has(data.list)) await look(data.list);
    again.add(data.list);
    return seen(data);
  };
  return { look, seen, lookAgain };
}

function requestFor<Found extends Schedule, Data extends Period>(
  principalId: string,
  data: Data,
  area: PimArea<Found, Data>,
  { clock }: Outside,
): object {
  const now = clock.now().getTime();
  const start = Math.max(now, Date.parse(data.start ?? instant(now)));
  return {
    action: 'adminAssign',
    justification: JUSTIFICATION,
    principalId,
    ...area.target(data),
    scheduleInfo: {
      startDateTime: new Date(start).toISOString(),
      expiration: data.value === null ? { type: 'noExpiration' } : { type: 'afterDateTime', endDateTime: data.value },
    },
  };
}

/** An answer of 201 may still be a request that waits or was turned down. */
function resultOf(answer: unknown): Attempt {
  const { status } = z.object({ status: z.string().nullish() }).catch({ status: undefined }).parse(answer);
  if (/^pending/i.test(status ?? ''))
    return { result: 'retry', detail: 'PIM has not carried it out yet', afterSeconds: 0 };
  if (/^(canceled|denied|failed|revoked)$/i.test(status ?? '')) {
    return { result: 'failed', detail: 'PIM took the request and turned it down. Assign it by hand.' };
  }
  return restored;
}

function endedMeanwhile({ value }: Period, now: Date): Attempt | undefined {
  if (value === null || Date.parse(value) - now.getTime() >= SHORTEST_MS) return undefined;
  return {
    result: 'manual',
    detail: `Its time ended at ${value}, before it could be given back. Assign it anew only if it is still wanted.`,
  };
}

function compared(present: Schedule, wanted: Period, now: Date): Attempt {
  const begins = wanted.start === undefined ? 0 : Date.parse(wanted.start);
  const sameStart = begins <= now.getTime() || instant(startOf(present) ?? 0) === wanted.start;
  const assigned = wanted.list === 'eligible' || isAssigned(present);
  if (assigned && sameStart && endOf(present) === wanted.value) return alreadyPresent;
  const former = wanted.value === null ? 'had no end' : `ended at ${wanted.value}`;
  return {
    result: 'manual',
    detail: `The new guest has it for another time, which was left as it is; the former one ${former}. Change it by hand if that is wanted.`,
  };
}

/** Rules of PIM's settings that a request can fail, in words. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/ExpirationRule/i, 'it would last longer than they allow'],
  [/TicketingRule/i, 'they ask for a ticket'],
  [/MfaRule|AuthenticationContext/i, 'they ask for multifactor authentication'],
  [/JustificationRule/i, 'they ask for another justification'],
];

function refused(error: unknown): Attempt {
  if (!(error instanceof ServiceError)) throw error;
  switch (error.code) {
    case 'RoleAssignmentRequestPolicyValidationFailed': {
      const reasons = rules.filter(([pattern]) => pattern.test(error.serviceMessage)).map(([, words]) => words);
      const why = reasons.length === 0 ? 'they do not allow it' : reasons.join(', and ');
      return { result: 'manual', detail: `The settings of PIM refuse it: ${why}. Change them, or assign it by hand.` };
    }
    case 'PendingRoleAssignmentRequest':
      return { result: 'retry', detail: 'PIM has a request for it that is not carried out yet', afterSeconds: 0 };
    case 'SubjectNotFound':
      return { result: 'retry', detail: 'PIM does not know the new guest yet', afterSeconds: 0 };
    default:
      if (!isUnlicensed(error)) return attemptOfError(error);
      return { result: 'manual', detail: 'The tenant has no licence for PIM any more: assign it in another way.' };
  }
}
