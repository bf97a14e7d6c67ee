import { z } from 'zod';
import { identityOfGrant } from '../domain/comparison';
import type { Grant } from '../domain/grants';
import type { AccessKind } from './kind';
import { namesOfRoles } from './roleNames';
import {
  readActiveRoles,
  roleKey,
  roleScheduleShape,
  roleSchedulesPath,
  scopeOf,
  type RoleSchedule,
} from './roleSchedules';
import { periodOf, removeActive, restoreSchedules, scheduleData, worthCapturing, type PimArea } from './scheduleGrants';
import { readSchedules, type ScheduleList } from './schedules';

const roleScheduleData = scheduleData({
  roleDefinitionId: z.string().min(1),
  directoryScopeId: z.string().min(1).optional(),
  appScopeId: z.string().min(1).optional(),
});

const area: PimArea<RoleSchedule, z.infer<typeof roleScheduleData>> = {
  shape: roleScheduleShape,
  data: roleScheduleData,
  schedules: roleSchedulesPath,
  requests: {
    eligible: '/roleManagement/directory/roleEligibilityScheduleRequests',
    active: '/roleManagement/directory/roleAssignmentScheduleRequests',
  },
  isFor: (schedule, data) => roleKey(schedule).toLowerCase() === roleKey(data).toLowerCase(),
  target: ({ roleDefinitionId, directoryScopeId, appScopeId }) => ({
    roleDefinitionId,
    ...(directoryScopeId === undefined ? {} : { directoryScopeId }),
    ...(appScopeId === undefined ? {} : { appScopeId }),
  }),
};

/**
 * Directory roles that a guest is eligible for, or holds for a time, in Privileged Identity Management. Permanent
 * active roles are directory roles like any other (`directoryRole`); roles that the guest switched on are not captured.
 */
export const pimDirectoryRole: AccessKind = {
  kind: 'pimDirectoryRole',
  title: 'PIM role schedules',
  calls: {
    capture: [
      'GET /roleManagement/directory/roleEligibilitySchedules',
      'GET /roleManagement/directory/roleAssignmentSchedules',
      'GET /roleManagement/directory/roleDefinitions/{unifiedRoleDefinition-id}',
    ],
    restore: [
      'GET /roleManagement/directory/roleEligibilitySchedules',
      'GET /roleManagement/directory/roleAssignmentSchedules',
      'POST /roleManagement/directory/roleEligibilityScheduleRequests',
      'POST /roleManagement/directory/roleAssignmentScheduleRequests',
    ],
  },
  limits:
    'A role that is switched on at the time is not given back: the guest is eligible again and switches it on. ' +
    "A schedule that ends before it can be given back, or that the role's settings in PIM no longer allow, is left to people.",
  capturePermissions: [
    {
      anyOf: [
        'RoleEligibilitySchedule.Read.Directory',
        'RoleManagement.Read.Directory',
        'RoleEligibilitySchedule.ReadWrite.Directory',
        'RoleManagement.ReadWrite.Directory',
      ],
      why: 'read the directory roles that a guest is eligible for',
    },
    readActiveRoles,
    {
      anyOf: ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All'],
      why: 'name directory roles',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['RoleEligibilitySchedule.ReadWrite.Directory', 'RoleManagement.ReadWrite.Directory'],
      why: 'make the new guest eligible for directory roles',
      when: (grant) => grant.data['list'] === 'eligible',
    },
    {
      anyOf: ['RoleAssignmentSchedule.ReadWrite.Directory', 'RoleManagement.ReadWrite.Directory'],
      why: 'assign directory roles to the new guest for a time',
      when: (grant) => grant.data['list'] === 'active',
    },
  ],
  async capture(guestId, { graph, clock }, expected = []) {
    const lists = await Promise.all(
      (['eligible', 'active'] as const).map(async (list) => {
        const found = await readSchedules(graph, roleSchedulesPath(list, guestId), roleScheduleShape);
        return { list, found: found ?? [] };
      }),
    );
    const held = new Set(expected.map(identityOfGrant));
    const now = clock.now();
    const kept = lists.flatMap(({ list, found }) => {
      const wasHeld = (one: RoleSchedule) =>
        held.has(identityOfGrant({ kind: 'pimDirectoryRole', key: keyOf(list, one) }));
      return worthCapturing(list, found, now, wasHeld).map((schedule) => ({ list, schedule }));
    });
    const names = await namesOfRoles(
      kept.map(({ schedule }) => schedule.roleDefinitionId),
      graph,
    );
    return kept.map(({ list, schedule }) => grantOf(list, schedule, names, now));
  },
  restore(grants, newId, outside) {
    return restoreSchedules(grants, newId, outside, area);
  },
  remove(grants, userId, outside) {
    return removeActive(grants, userId, outside, area);
  },
};

function keyOf(list: ScheduleList, schedule: RoleSchedule): string {
  return `${list}|${roleKey(schedule)}`;
}

function grantOf(list: ScheduleList, schedule: RoleSchedule, names: ReadonlyMap<string, string>, now: Date): Grant {
  const { roleDefinitionId, directoryScopeId, appScopeId } = schedule;
  const { data, instruction } = periodOf(schedule, list, now);
  return {
    kind: 'pimDirectoryRole',
    key: keyOf(list, schedule),
    name: `${names.get(roleDefinitionId) ?? roleDefinitionId} (${list === 'eligible' ? 'eligible' : 'for a time'})`,
    scope: scopeOf(schedule),
    ...(instruction === undefined ? {} : { instruction }),
    data: {
      ...data,
      roleDefinitionId,
      ...(typeof directoryScopeId === 'string' ? { directoryScopeId } : {}),
      ...(typeof appScopeId === 'string' ? { appScopeId } : {}),
    },
  };
}
