import { z } from 'zod';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import type { Permission } from './kind';
import { isDirect, readSchedules, scheduleShape, standingOf, type ScheduleList } from './schedules';

/** A schedule of PIM for Groups. */
export const groupScheduleShape = scheduleShape.extend({ groupId: z.string(), accessId: z.string() });
export type GroupSchedule = z.infer<typeof groupScheduleShape>;

/** Access and group as one text, e.g. `member@{id}`. */
export function accessKey({ accessId, groupId }: { accessId: string; groupId: string }): string {
  return `${accessId}@${groupId}`.toLowerCase();
}

/** The group schedules of a principal. Kinds that read them in the same tick share one request. */
export function groupSchedulesPath(list: ScheduleList, principalId: string): string {
  const name = list === 'eligible' ? 'eligibilitySchedules' : 'assignmentSchedules';
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  return `/identityGovernance/privilegedAccess/group/${name}?$filter=${filter}`;
}

export const groupScheduleCalls = [
  'GET /identityGovernance/privilegedAccess/group/eligibilitySchedules',
  'GET /identityGovernance/privilegedAccess/group/assignmentSchedules',
];

export const readGroupSchedules: readonly Permission[] = [
  {
    anyOf: ['PrivilegedEligibilitySchedule.Read.AzureADGroup', 'PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup'],
    why: 'read the groups that a guest is eligible for in PIM',
  },
  {
    anyOf: ['PrivilegedAssignmentSchedule.Read.AzureADGroup', 'PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup'],
    why: 'tell lasting members and owners of groups from those of PIM',
  },
];

/** Whether a member or owner is there for good, for a time only, or cannot be told. */
export type Standing = (group: {
  id: string;
  isAssignableToRole?: boolean | null | undefined;
}) => 'permanent' | 'passing' | 'unclear';

/**
 * What PIM for Groups says of a guest's memberships (or ownerships). Groups that PIM does not speak of have lasting
 * members. Of a group that the guest is eligible for PIM must say that the membership is lasting; otherwise it may be
 * an activation that a lagging replica does not show yet.
 *
 * Where the app may not read PIM (403), nothing can be told apart: they count as lasting, but those of groups that may
 * hold directory roles are left to people, because a privilege for an hour would be given for good.
 */
export async function standingInGroups(
  guestId: string,
  accessId: 'member' | 'owner',
  { graph, clock }: { graph: Graph; clock: { now(): Date } },
): Promise<Standing> {
  const [eligible, active] = await Promise.all([
    readable(readSchedules(graph, groupSchedulesPath('eligible', guestId), groupScheduleShape)),
    readable(readSchedules(graph, groupSchedulesPath('active', guestId), groupScheduleShape)),
  ]);
  return ({ id: groupId, isAssignableToRole }) => {
    if (active === 'denied' && isAssignableToRole === true) return 'unclear';
    const same = (one: GroupSchedule): boolean => isDirect(one) && accessKey(one) === accessKey({ accessId, groupId });
    const standing = standingOf(listOf(active).filter(same), clock.now());
    if (standing !== 'unclear') return standing;
    return listOf(eligible).some(same) ? 'unclear' : 'permanent';
  };
}

type Reading = GroupSchedule[] | 'denied' | undefined;

async function readable(reading: Promise<GroupSchedule[] | undefined>): Promise<Reading> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 403) return 'denied';
    throw error;
  }
}

function listOf(reading: Reading): GroupSchedule[] {
  return reading === undefined || reading === 'denied' ? [] : reading;
}

/** For a member or owner of whom PIM does not say whether they are one for good. */
export function unclearStanding(noun: 'member' | 'owner'): string {
  return (
    `The guest may switch this on in PIM, and PIM does not say whether the guest is ${noun} for good or has just done so. ` +
    `Make the new guest ${noun} by hand only if it was for good.`
  );
}
