import { groups, guests } from '../../local/tenant/seed/ids';
import type { Answer, Json, TestTenant } from './support';

export const hour = 60 * 60_000;
export const day = 24 * hour;
export const reportsReader = '4a5d8f65-41da-4de4-8968-e035b65339cf';
export const groupsAdministrator = 'fdd7a751-b60b-444a-984c-02652fe8fa1c';
export const messageCenterReader = '790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b';
export const directory = '/roleManagement/directory';
export const pimGroups = '/identityGovernance/privilegedAccess/group';

export const iso = (ms: number): string => new Date(ms).toISOString();
export const codeOf = ({ status, body }: Answer): string => `${status} ${String(body.error?.code)}`;

export const forever = { expiration: { type: 'noExpiration' } };
export const forHours = (hours: number) => ({ expiration: { type: 'afterDuration', duration: `PT${hours}H` } });

/** A request that gives Ines a role for eight hours. */
export const role = (change: object = {}) => ({
  action: 'adminAssign',
  principalId: guests.ines,
  roleDefinitionId: reportsReader,
  directoryScopeId: '/',
  justification: 'Audit',
  scheduleInfo: forHours(8),
  ...change,
});

/** A request that makes Ines a member of the change board for eight hours. */
export const access = (change: object = {}) => ({
  action: 'adminAssign',
  principalId: guests.ines,
  groupId: groups.changeBoard,
  accessId: 'member',
  justification: 'Audit',
  scheduleInfo: forHours(8),
  ...change,
});

/** Asks a tenant about PIM. */
export function pimOf(tenant: () => TestTenant) {
  const list = async (path: string, principalId: string): Promise<Json[]> =>
    (await tenant().graph('GET', `${path}?$filter=principalId%20eq%20'${principalId}'`)).body.value as Json[];
  return {
    list,
    rolesOf: (id: string) => list(`${directory}/roleAssignments`, id),
    activeRoles: (id: string) => list(`${directory}/roleAssignmentSchedules`, id),
    eligibleRoles: (id: string) => list(`${directory}/roleEligibilitySchedules`, id),
    activeGroups: (id: string) => list(`${pimGroups}/assignmentSchedules`, id),
    eligibleGroups: (id: string) => list(`${pimGroups}/eligibilitySchedules`, id),
    memberships: async (id: string): Promise<string[]> =>
      (await tenant().graph('GET', `/users/${id}/memberOf/microsoft.graph.group?$select=id`)).body.value.map(
        (group: Json) => group.id as string,
      ),
    askRole: (body: object, kind = 'Assignment') =>
      tenant().graph('POST', `${directory}/role${kind}ScheduleRequests`, body),
    askGroup: (body: object, kind = 'assignment') =>
      tenant().graph('POST', `${pimGroups}/${kind}ScheduleRequests`, body),
    advance: (advanceMs: number) => tenant().control('POST', 'clock', { advanceMs }),
    now: async (): Promise<number> => Date.parse((await tenant().control('GET', 'clock')).now),
  };
}
