import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { isNotFound } from '../domain/serviceError';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind } from './kind';
import { namesOfRoles } from './roleNames';
import {
  readActiveRoles,
  roleKey,
  roleScheduleShape,
  roleSchedulesPath,
  scopeOf,
  type RoleSchedule,
} from './roleSchedules';
import { readSchedules, standingOf } from './schedules';

const assignmentShape = z.object({
  id: z.string(),
  roleDefinitionId: z.string(),
  directoryScopeId: z.string().nullish(),
  appScopeId: z.string().nullish(),
});
type Assignment = z.infer<typeof assignmentShape>;

/** What a directory role grant remembers, read back strictly before it is written anywhere. */
const roleData = z.strictObject({
  roleDefinitionId: z.string().min(1),
  directoryScopeId: z.string().min(1).optional(),
  appScopeId: z.string().min(1).optional(),
});

/**
 * Directory roles, built-in and custom, at every scope (tenant, administrative unit, application): the lasting ones.
 * The list of role assignments also shows what the guest holds through PIM for a time or has switched on; given back
 * from here, it would be for good. So PIM is asked which is which (see standingOf).
 */
export const directoryRole: AccessKind = {
  kind: 'directoryRole',
  title: 'Directory roles',
  calls: {
    capture: [
      'GET /roleManagement/directory/roleAssignments',
      'GET /roleManagement/directory/roleAssignmentSchedules',
      'GET /roleManagement/directory/roleDefinitions/{unifiedRoleDefinition-id}',
    ],
    restore: ['POST /roleManagement/directory/roleAssignments'],
  },
  limits:
    'Roles that come through a role-assignable group return with the group, and those for a time with `pimDirectoryRole`. ' +
    'Where PIM does not say whether a role is lasting or switched on, it is left to people.',
  capturePermissions: [
    {
      anyOf: ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All'],
      why: 'read directory role assignments',
    },
    readActiveRoles,
  ],
  restorePermissions: [
    { anyOf: ['RoleManagement.ReadWrite.Directory'], why: 'assign directory roles to the new guest' },
  ],
  async capture(guestId, { graph, clock }) {
    const filter = encodeURIComponent(`principalId eq '${guestId}'`);
    const [assignments, schedules] = await Promise.all([
      graph.readAll(`/roleManagement/directory/roleAssignments?$filter=${filter}`, assignmentShape),
      readSchedules(graph, roleSchedulesPath('active', guestId), roleScheduleShape),
    ]);
    const now = clock.now();
    const lasting = assignments.flatMap((assignment) => {
      const standing = schedules === undefined ? 'permanent' : standingOf(same(schedules, assignment), now);
      return standing === 'passing' ? [] : [{ assignment, standing }];
    });
    const names = await namesOfRoles(
      lasting.map(({ assignment }) => assignment.roleDefinitionId),
      graph,
    );
    return lasting.map(({ assignment, standing }) => ({
      ...roleOf(assignment, names.get(assignment.roleDefinitionId)),
      ...(standing === 'unclear' ? { instruction: UNCLEAR } : {}),
    }));
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async (grant) => {
      try {
        await graph.write('POST', '/roleManagement/directory/roleAssignments', {
          principalId: newId,
          ...roleData.parse(grant.data),
        });
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
  async remove(grants, userId, { graph }) {
    const wanted = new Set(grants.map(({ key }) => key.toLowerCase()));
    const filter = encodeURIComponent(`principalId eq '${userId}'`);
    const held = await graph.readAll(`/roleManagement/directory/roleAssignments?$filter=${filter}`, assignmentShape);
    for (const assignment of held.filter((one) => wanted.has(roleKey(one).toLowerCase()))) {
      const path = `/roleManagement/directory/roleAssignments/${encodeURIComponent(assignment.id)}`;
      await graph.write('DELETE', path).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  },
};

const UNCLEAR =
  'PIM does not say whether the guest holds this role for good or has just switched it on. ' +
  'Assign it by hand only if it was for good.';

/** The schedules of the same role at the same scope. */
function same(schedules: readonly RoleSchedule[], assignment: Assignment): RoleSchedule[] {
  const key = roleKey(assignment).toLowerCase();
  return schedules.filter((schedule) => roleKey(schedule).toLowerCase() === key);
}

function roleOf(assignment: Assignment, name: string | undefined): Grant {
  const directoryScopeId = assignment.directoryScopeId ?? undefined;
  const appScopeId = assignment.appScopeId ?? undefined;
  return {
    kind: 'directoryRole',
    key: roleKey(assignment),
    name: name ?? assignment.roleDefinitionId,
    scope: scopeOf(assignment),
    data: {
      roleDefinitionId: assignment.roleDefinitionId,
      ...(directoryScopeId === undefined ? {} : { directoryScopeId }),
      ...(appScopeId === undefined ? {} : { appScopeId }),
    },
  };
}
