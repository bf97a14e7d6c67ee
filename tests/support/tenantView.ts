import type { TenantState } from './localStack';

const profile = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'department',
  'companyName',
  'employeeId',
  'employeeType',
  'officeLocation',
  'businessPhones',
  'mobilePhone',
  'streetAddress',
  'city',
  'state',
  'postalCode',
  'country',
  'usageLocation',
  'preferredLanguage',
];

/**
 * Everything the tenant grants to anybody, in a form that two runs can be compared in: the guest that a run made is
 * called `new`, whatever its id, and ids and times that differ from run to run are left out.
 */
export function tenantView(state: TenantState, newId: string | null): Record<string, unknown> {
  const name = (id: string): string => (id === newId ? 'new' : id);
  const sorted = (rows: string[]): string[] => rows.sort();
  return {
    users: sorted(
      state.users.map((user) =>
        JSON.stringify([
          name(user.id),
          user.userType,
          user.externalUserState ?? null,
          (user.identities ?? []).filter((one) => one.signInType !== 'userPrincipalName').map((one) => one.issuer),
          profile.map((attribute) => (user as unknown as Record<string, unknown>)[attribute] ?? null),
        ]),
      ),
    ),
    deletedUsers: sorted(state.deletedUsers.map((user) => name(user.id))),
    members: sorted(state.groups.flatMap((group) => group.members.map((id) => `${group.displayName}: ${name(id)}`))),
    owners: sorted(state.groups.flatMap((group) => group.owners.map((id) => `${group.displayName}: ${name(id)}`))),
    roles: sorted(
      state.roleAssignments.map(
        (row) => `${row.roleDefinitionId} @ ${row.directoryScopeId ?? '/'}: ${name(row.principalId)}`,
      ),
    ),
    appRoles: sorted(
      state.appRoleAssignments.map((row) => `${row.resourceId} ${row.appRoleId}: ${name(row.principalId)}`),
    ),
    azureRoles: sorted(
      state.azureRoleAssignments.map(({ properties }) => {
        const { scope, roleDefinitionId, principalId, condition } = properties;
        return `${scope} ${roleDefinitionId} ${condition ?? ''}: ${name(principalId)}`;
      }),
    ),
  };
}

/** The access of one principal, one line a grant, without its id. */
export function accessOf(state: TenantState, id: string): string[] {
  const view = tenantView(state, id);
  return ['members', 'owners', 'roles', 'appRoles', 'azureRoles'].flatMap((collection) =>
    (view[collection] as string[])
      .filter((line) => line.endsWith(': new'))
      .map((line) => `${collection} ${line.slice(0, -': new'.length)}`),
  );
}

/** What everybody but the given guests has. Azure assignments of the purged guest stay behind as orphans. */
export function accessOfOthers(state: TenantState, guests: readonly string[]): unknown {
  const view = tenantView(state, null);
  return Object.fromEntries(
    Object.entries(view).map(([collection, lines]) => [
      collection,
      (lines as string[]).filter((line) => !guests.some((id) => line.includes(id))),
    ]),
  );
}
