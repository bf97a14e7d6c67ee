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
    azureSchedules: sorted(
      ['azureRoleEligibilitySchedules', 'azureRoleAssignmentSchedules'].flatMap((list) =>
        (state[list] as Schedule[])
          // What somebody activated is theirs to activate again.
          .filter(({ properties }) => properties.assignmentType !== 'Activated')
          .map(({ properties: { scope, roleDefinitionId, condition, principalId } }) => {
            return `${list} ${scope} ${roleDefinitionId} ${condition ?? ''}: ${name(principalId)}`;
          }),
      ),
    ),
    vaultPolicies: sorted(
      (state['azureResources'] as Vault[])
        .filter(({ properties }) => properties?.enableRbacAuthorization === false)
        .flatMap(({ id, properties }) =>
          (properties?.accessPolicies ?? []).map(({ objectId, applicationId, permissions }) => {
            const list = ['keys', 'secrets', 'certificates', 'storage'].map((kind) =>
              (permissions[kind] ?? []).toSorted(),
            );
            return `${id} ${applicationId ?? ''} ${JSON.stringify(list).toLowerCase()}: ${name(objectId)}`;
          }),
        ),
    ),
  };
}

interface Schedule {
  properties: {
    scope: string;
    roleDefinitionId: string;
    principalId: string;
    condition?: string | null;
    assignmentType?: string;
  };
}

interface Vault {
  id: string;
  properties?: {
    enableRbacAuthorization: boolean;
    accessPolicies: { objectId: string; applicationId?: string; permissions: Record<string, string[]> }[];
  };
}

/** The access of one principal, one line a grant, without its id. */
export function accessOf(state: TenantState, id: string): string[] {
  const view = tenantView(state, id);
  const collections = ['members', 'owners', 'roles', 'appRoles', 'azureRoles', 'azureSchedules', 'vaultPolicies'];
  return collections.flatMap((collection) =>
    (view[collection] as string[])
      .filter((line) => line.endsWith(': new'))
      .map((line) => `${collection} ${line.slice(0, -': new'.length)}`),
  );
}

/** What everybody but the given guests has. Schedules of the purged guest stay behind in Azure as orphans. */
export function accessOfOthers(state: TenantState, guests: readonly string[]): unknown {
  const view = tenantView(state, null);
  return Object.fromEntries(
    Object.entries(view).map(([collection, lines]) => [
      collection,
      (lines as string[]).filter((line) => !guests.some((id) => line.includes(id))),
    ]),
  );
}
