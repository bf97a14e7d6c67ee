import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind } from './kind';

const assignmentShape = z.object({
  appRoleId: z.string(),
  principalId: z.string(),
  resourceId: z.string(),
  resourceDisplayName: z.string().nullish(),
});
type Assignment = z.infer<typeof assignmentShape>;
const resourceShape = z.object({
  appRoles: z.array(z.object({ id: z.string(), displayName: z.string().nullish() })).nullish(),
});
const appRoleData = z.strictObject({ resourceId: z.string().min(1), appRoleId: z.string().min(1) });

/** Assignments with this role id mean "may use the application" where the application defines no roles. */
const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';

/**
 * Direct app role assignments. The list also shows those that come through groups, under the group's principal id;
 * they return with the group and are left out here.
 */
export const appRole: AccessKind = {
  kind: 'appRole',
  title: 'App role assignments',
  capturePermissions: [
    {
      anyOf: ['Directory.Read.All', 'AppRoleAssignment.ReadWrite.All'],
      why: 'read the app roles of a guest',
    },
    { anyOf: ['Application.Read.All', 'Directory.Read.All'], why: 'name the app roles of a guest' },
  ],
  restorePermissions(grants) {
    return grants.length === 0
      ? []
      : [
          { anyOf: ['AppRoleAssignment.ReadWrite.All'], why: 'assign app roles to the new guest' },
          { anyOf: ['Application.Read.All', 'Directory.Read.All'], why: 'assign app roles to the new guest' },
        ];
  },
  async capture(guestId, { graph }) {
    const all = await graph.readAll(`/users/${guestId}/appRoleAssignments?$top=999`, assignmentShape);
    const direct = all.filter((assignment) => assignment.principalId.toLowerCase() === guestId);
    const names = await roleNames([...new Set(direct.map((assignment) => assignment.resourceId))], graph);
    return direct.map((assignment) => grantOf(assignment, names));
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async (grant) => {
      const data = appRoleData.parse(grant.data);
      try {
        await graph.write('POST', `/servicePrincipals/${data.resourceId}/appRoleAssignedTo`, {
          principalId: newId,
          ...data,
        });
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

async function roleNames(resourceIds: readonly string[], graph: Graph): Promise<Map<string, string>> {
  const resources = await Promise.all(
    resourceIds.map((id) =>
      graph.read(`/servicePrincipals/${id}?$select=id,appRoles`, resourceShape).catch((error: unknown) => {
        if (isNotFound(error)) return { appRoles: [] };
        throw error;
      }),
    ),
  );
  return new Map(
    resources.flatMap((resource) =>
      (resource.appRoles ?? []).map((role): [string, string] => [role.id, role.displayName ?? role.id]),
    ),
  );
}

function grantOf(assignment: Assignment, names: ReadonlyMap<string, string>): Grant {
  const role = assignment.appRoleId === DEFAULT_ROLE ? 'default access' : names.get(assignment.appRoleId);
  return {
    kind: 'appRole',
    key: `${assignment.resourceId}/${assignment.appRoleId}`,
    name: `${assignment.resourceDisplayName ?? assignment.resourceId}: ${role ?? assignment.appRoleId}`,
    data: { resourceId: assignment.resourceId, appRoleId: assignment.appRoleId },
  };
}
