import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import { isDirect, restoreUnlessDelivered } from './delivered';
import { alreadyPresent, restored, saysItExists, type AccessKind } from './kind';

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
const appRoleData = z.strictObject({
  resourceId: z.string().min(1),
  appRoleId: z.string().min(1),
});

/** Assignments with this role id mean "may use the application" where the application defines no roles. */
const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';

/**
 * Direct app role assignments. The list also shows those that come through groups, under the group's principal id;
 * they return with the group and are left out here.
 */
export const appRole: AccessKind = {
  kind: 'appRole',
  title: 'App role assignments',
  calls: {
    capture: ['GET /users/{user-id}/appRoleAssignments', 'GET /servicePrincipals/{servicePrincipal-id}'],
    restore: [
      'POST /servicePrincipals/{servicePrincipal-id}/appRoleAssignedTo',
      'GET /users/{user-id}/appRoleAssignments',
    ],
  },
  limits: 'Roles that come through a group or an access package return with it.',
  capturePermissions: [
    {
      anyOf: ['Directory.Read.All', 'AppRoleAssignment.ReadWrite.All'],
      why: 'read the app roles of a guest',
    },
    { anyOf: ['Application.Read.All', 'Directory.Read.All'], why: 'name the app roles of a guest' },
  ],
  restorePermissions: [
    { anyOf: ['AppRoleAssignment.ReadWrite.All'], why: 'assign app roles to the new guest', when: isDirect },
    {
      anyOf: ['Application.Read.All', 'Directory.Read.All'],
      why: 'assign app roles to the new guest',
      when: isDirect,
    },
  ],
  async capture(guestId, { graph }) {
    const direct = await readAssignments(guestId, graph);
    const names = await roleNames([...new Set(direct.map((assignment) => assignment.resourceId))], graph);
    return direct.map((assignment) => grantOf(assignment, names));
  },
  restore(grants, newId, { graph }) {
    const held = async (): Promise<string[]> => (await readAssignments(newId, graph)).map(keyOf);
    return restoreUnlessDelivered(grants, held, async (grant) => {
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

/** The assignments of a user itself. */
async function readAssignments(userId: string, graph: Graph): Promise<Assignment[]> {
  const all = await graph.readAll(`/users/${userId}/appRoleAssignments?$top=999`, assignmentShape);
  return all.filter((assignment) => assignment.principalId.toLowerCase() === userId);
}

function keyOf({ resourceId, appRoleId }: Assignment): string {
  return `${resourceId}/${appRoleId}`;
}

/** Names of app roles by `{resource id}/{role id}`: applications made from one manifest share the ids of their roles. */
async function roleNames(resourceIds: readonly string[], graph: Graph): Promise<Map<string, string>> {
  const names = await Promise.all(
    resourceIds.map(async (id): Promise<[string, string][]> => {
      try {
        const resource = await graph.read(`/servicePrincipals/${id}?$select=id,appRoles`, resourceShape);
        return (resource.appRoles ?? []).map((role) => [`${id}/${role.id}`, role.displayName ?? role.id]);
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  return new Map(names.flat());
}

function grantOf(assignment: Assignment, names: ReadonlyMap<string, string>): Grant {
  const { resourceId, appRoleId, resourceDisplayName } = assignment;
  const key = keyOf(assignment);
  const role = appRoleId === DEFAULT_ROLE ? 'default access' : names.get(key);
  return {
    kind: 'appRole',
    key,
    name: `${resourceDisplayName ?? resourceId}: ${role ?? appRoleId}`,
    data: { resourceId, appRoleId },
  };
}
