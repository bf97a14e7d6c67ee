import { z } from 'zod';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

/** What schedules of PIM have in common. PIM spells words such as `Direct` and `direct` both ways. */
export const scheduleShape = z.object({
  createdUsing: z.string().nullish(),
  status: z.string().nullish(),
  assignmentType: z.string().nullish(),
  memberType: z.string().nullish(),
  scheduleInfo: z
    .object({
      startDateTime: z.string().nullish(),
      expiration: z
        .object({
          type: z.string().nullish(),
          endDateTime: z.string().nullish(),
          duration: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type Schedule = z.infer<typeof scheduleShape>;

/** `eligible` = may switch it on, `active` = has it. */
export type ScheduleList = 'eligible' | 'active';

/** Instants are kept in whole seconds, so that what a service rounds stays equal. */
export function instant(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Days, hours, minutes, seconds: what PIM's durations are made of. Months have no fixed length. */
const durationPattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const unitsMs = [86_400_000, 3_600_000, 60_000, 1000];

/** When a schedule begins, in milliseconds; undefined when it does not say. */
export function startOf({ scheduleInfo }: Schedule): number | undefined {
  const start = Date.parse(scheduleInfo?.startDateTime ?? '');
  return Number.isNaN(start) ? undefined : start;
}

/** When a schedule ends; null = never, undefined = it says so in no way known here. */
export function endOf(schedule: Schedule): string | null | undefined {
  const { type, endDateTime, duration } = schedule.scheduleInfo?.expiration ?? {};
  if (typeof endDateTime === 'string') {
    const end = Date.parse(endDateTime);
    return Number.isNaN(end) ? undefined : instant(end);
  }
  if (typeof duration === 'string') {
    const [start, length] = [startOf(schedule), lengthOf(duration)];
    return start === undefined || length === undefined ? undefined : instant(start + length);
  }
  return type?.toLowerCase() === 'noexpiration' ? null : undefined;
}

function lengthOf(duration: string): number | undefined {
  const found = durationPattern.exec(duration);
  if (found === null || !/\d/.test(duration)) return undefined;
  return unitsMs.reduce((sum, unit, place) => sum + Number(found[place + 1] ?? 0) * unit, 0);
}

/** Made for the principal itself, not for a group that the principal belongs to. */
export function isDirect({ memberType }: Schedule): boolean {
  return (memberType ?? 'direct').toLowerCase() === 'direct';
}

/** Given by an administrator. The other sort, activated, was switched on by the guest for some hours. */
export function isAssigned({ assignmentType }: Schedule): boolean {
  return assignmentType?.toLowerCase() === 'assigned';
}

/** Neither ended nor taken back. */
export function isStanding(schedule: Schedule, now: Date): boolean {
  const end = endOf(schedule);
  const over = typeof end === 'string' && Date.parse(end) <= now.getTime();
  return !over && !/^(canceled|denied|failed|revoked)$/i.test(schedule.status ?? '');
}

/** Made by PIM for a time that has not come: nothing else shows it yet. */
export function waitsForStart(schedule: Schedule, now: Date): boolean {
  return typeof schedule.createdUsing === 'string' && (startOf(schedule) ?? 0) > now.getTime();
}

/**
 * What the active schedules of one role, or of one access to a group, say about the guest's having it now:
 * `permanent` = assigned without an end, `passing` = for a time or switched on by the guest, `unclear` = nothing is
 * said. Only `permanent` may be given back for good: anything else would turn an activation into a standing right.
 * PIM shows what was assigned outside of it as assigned, direct, without end and not created by a request.
 */
export function standingOf(schedules: readonly Schedule[], now: Date): 'permanent' | 'passing' | 'unclear' {
  const direct = schedules.filter(isDirect);
  const endless = direct.filter((one) => isAssigned(one) && endOf(one) === null);
  // One that was taken back speaks for nothing: what is there may be an activation by now.
  const standing = endless.filter((one) => isStanding(one, now));
  if (standing.some((one) => !waitsForStart(one, now))) return 'permanent';
  if (direct.length > endless.length) return 'passing';
  return standing.length > 0 ? 'permanent' : 'unclear';
}

/** True for PIM's answer in a tenant without Microsoft Entra ID P2 or ID Governance. */
export function isUnlicensed(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'AadPremiumLicenseRequired';
}

/** Reads schedules; undefined in a tenant that has no PIM. Throws ServiceError for every other refusal. */
export async function readSchedules<T extends z.ZodType>(
  graph: Graph,
  path: string,
  shape: T,
): Promise<z.output<T>[] | undefined> {
  try {
    return await graph.readAll(path, shape);
  } catch (error) {
    if (isUnlicensed(error)) return undefined;
    throw error;
  }
}
