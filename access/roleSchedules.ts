import { z } from 'zod';
import { scheduleShape, type ScheduleList } from './schedules';
import type { Permission } from './kind';

/** A schedule of PIM for a directory role. */
export const roleScheduleShape = scheduleShape.extend({
  roleDefinitionId: z.string(),
  directoryScopeId: z.string().nullish(),
  appScopeId: z.string().nullish(),
});
export type RoleSchedule = z.infer<typeof roleScheduleShape>;

/** Where a role holds: the tenant, an administrative unit, an application, or an application's own scope. */
export function scopeOf(role: {
  directoryScopeId?: string | null | undefined;
  appScopeId?: string | null | undefined;
}): string {
  return role.directoryScopeId ?? role.appScopeId ?? '/';
}

/** Role and scope as one text; what is equal is the same role at the same place. */
export function roleKey(role: RoleSchedule | (Parameters<typeof scopeOf>[0] & { roleDefinitionId: string })): string {
  return `${role.roleDefinitionId}@${scopeOf(role)}`;
}

/** The role schedules of a principal. Kinds that read them in the same tick share one request. */
export function roleSchedulesPath(list: ScheduleList, principalId: string): string {
  const name = list === 'eligible' ? 'roleEligibilitySchedules' : 'roleAssignmentSchedules';
  return `/roleManagement/directory/${name}?$filter=${encodeURIComponent(`principalId eq '${principalId}'`)}`;
}

/** What reading active role schedules needs. `Directory.Read.All`, which shows role assignments, does not show them. */
export const readActiveRoles: Permission = {
  anyOf: [
    'RoleAssignmentSchedule.Read.Directory',
    'RoleManagement.Read.Directory',
    'RoleAssignmentSchedule.ReadWrite.Directory',
    'RoleManagement.ReadWrite.Directory',
  ],
  why: 'tell lasting directory roles from those of PIM',
};
