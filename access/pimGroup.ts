import { z } from 'zod';
import { identityOfGrant } from '../domain/comparison';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import {
  accessKey,
  groupScheduleCalls,
  groupScheduleShape,
  groupSchedulesPath,
  readGroupSchedules,
  type GroupSchedule,
} from './groupSchedules';
import { groupShape, isRoleAssignable, type Group } from './groups';
import type { AccessKind } from './kind';
import { periodOf, restoreSchedules, scheduleData, worthCapturing, type PimArea } from './scheduleGrants';
import { readSchedules, type ScheduleList } from './schedules';

const groupScheduleData = scheduleData({
  groupId: z.string().min(1),
  accessId: z.enum(['member', 'owner']),
  roleAssignable: z.boolean(),
});

const area: PimArea<GroupSchedule, z.infer<typeof groupScheduleData>> = {
  shape: groupScheduleShape,
  data: groupScheduleData,
  schedules: groupSchedulesPath,
  requests: {
    eligible: '/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests',
    active: '/identityGovernance/privilegedAccess/group/assignmentScheduleRequests',
  },
  isFor: (schedule, data) => accessKey(schedule) === accessKey(data),
  target: ({ groupId, accessId }) => ({ groupId, accessId }),
};

/**
 * Groups that a guest may become a member or owner of, or is one of for a time, in PIM for Groups. Lasting members and
 * owners are `groupMembership` and `groupOwnership`; memberships that the guest switched on are not captured.
 */
export const pimGroup: AccessKind = {
  kind: 'pimGroup',
  title: 'PIM group schedules',
  calls: {
    capture: [...groupScheduleCalls, 'GET /groups/{group-id}'],
    restore: [
      ...groupScheduleCalls,
      'POST /identityGovernance/privilegedAccess/group/eligibilityScheduleRequests',
      'POST /identityGovernance/privilegedAccess/group/assignmentScheduleRequests',
    ],
  },
  limits:
    'A membership that is switched on at the time is not given back: the guest is eligible again and switches it on. ' +
    "A schedule that ends before it can be given back, or that the group's settings in PIM no longer allow, is left to people.",
  capturePermissions: [
    ...readGroupSchedules,
    {
      anyOf: ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All', 'Group.ReadWrite.All'],
      why: 'name the groups of PIM',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup'],
      why: 'make the new guest an eligible member or owner of groups',
      when: (grant) => grant.data['list'] === 'eligible',
    },
    {
      anyOf: ['PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup'],
      why: 'make the new guest a member or owner of groups for a time',
      when: (grant) => grant.data['list'] === 'active',
    },
    {
      anyOf: ['RoleManagement.ReadWrite.Directory'],
      why: 'give the new guest schedules for role-assignable groups',
      when: isRoleAssignable,
    },
  ],
  async capture(guestId, { graph, clock }, expected = []) {
    const lists = await Promise.all(
      (['eligible', 'active'] as const).map(async (list) => {
        const found = await readSchedules(graph, groupSchedulesPath(list, guestId), groupScheduleShape);
        return { list, found: found ?? [] };
      }),
    );
    const held = new Set(expected.map(identityOfGrant));
    const now = clock.now();
    const kept = lists.flatMap(({ list, found }) => {
      const wasHeld = (one: GroupSchedule) => held.has(identityOfGrant({ kind: 'pimGroup', key: keyOf(list, one) }));
      return worthCapturing(list, found, now, wasHeld).map((schedule) => ({ list, schedule }));
    });
    const groups = await groupsOf([...new Set(kept.map(({ schedule }) => schedule.groupId))], graph);
    return kept.map(({ list, schedule }) => grantOf(list, schedule, groups.get(schedule.groupId), now));
  },
  restore(grants, newId, outside) {
    return restoreSchedules(grants, newId, outside, area);
  },
};

function keyOf(list: ScheduleList, schedule: GroupSchedule): string {
  return `${list}|${accessKey(schedule)}`;
}

async function groupsOf(ids: readonly string[], graph: Graph): Promise<Map<string, Group>> {
  const groups = await Promise.all(
    ids.map(async (id): Promise<[string, Group]> => {
      try {
        return [id, await graph.read(`/groups/${id}?$select=id,displayName,isAssignableToRole`, groupShape)];
      } catch (error) {
        // A deleted group leaves its schedules behind for a while; the grant is still named, by its id.
        if (isNotFound(error)) return [id, { id }];
        throw error;
      }
    }),
  );
  return new Map(groups);
}

function grantOf(list: ScheduleList, schedule: GroupSchedule, group: Group | undefined, now: Date): Grant {
  const accessId = schedule.accessId.toLowerCase();
  const period = periodOf(schedule, list, now);
  const known = accessId === 'member' || accessId === 'owner';
  const instruction = known
    ? period.instruction
    : 'PIM shows a sort of access that the app does not know: give it by hand.';
  return {
    kind: 'pimGroup',
    key: keyOf(list, schedule),
    name: `${group?.displayName ?? schedule.groupId} (${list === 'eligible' ? `eligible ${accessId}` : `${accessId} for a time`})`,
    ...(instruction === undefined ? {} : { instruction }),
    data: { ...period.data, groupId: schedule.groupId, accessId, roleAssignable: group?.isAssignableToRole === true },
  };
}
