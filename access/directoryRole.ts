import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { isNotFound } from '../domain/serviceError';
import type { Graph } from '../domain/ports';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind } from './kind';

const assignmentShape = z.object({
  id: z.string(),
  roleDefinitionId: z.string(),
  directoryScopeId: z.string().nullish(),
  appScopeId: z.string().nullish(),
});
type Assignment = z.infer<typeof assignmentShape>;
const definitionShape = z.object({ displayName: z.string().nullish() });

/** What a directory role grant remembers, read back strictly before it is written anywhere. */
const roleData = z.strictObject({
  roleDefinitionId: z.string().min(1),
  directoryScopeId: z.string().min(1).optional(),
  appScopeId: z.string().min(1).optional(),
});

/** Directory roles, built-in and custom, at every scope (tenant, administrative unit, application). */
export const directoryRole: AccessKind = {
  kind: 'directoryRole',
  title: 'Directory roles',
  calls: {
    capture: [
      'GET /roleManagement/directory/roleAssignments',
      'GET /roleManagement/directory/roleDefinitions/{unifiedRoleDefinition-id}',
    ],
    restore: ['POST /roleManagement/directory/roleAssignments'],
  },
  limits: 'Roles that come through a role-assignable group return with the group.',
  capturePermissions: [
    {
      anyOf: ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All'],
      why: 'read directory role assignments',
    },
  ],
  restorePermissions: [
    { anyOf: ['RoleManagement.ReadWrite.Directory'], why: 'assign directory roles to the new guest' },
  ],
  async capture(guestId, { graph }) {
    const filter = encodeURIComponent(`principalId eq '${guestId}'`);
    const assignments = await graph.readAll(
      `/roleManagement/directory/roleAssignments?$filter=${filter}`,
      assignmentShape,
    );
    const names = await namesOf([...new Set(assignments.map((assignment) => assignment.roleDefinitionId))], graph);
    return assignments.map((assignment) => roleOf(assignment, names.get(assignment.roleDefinitionId)));
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
};

async function namesOf(ids: readonly string[], graph: Graph): Promise<Map<string, string>> {
  const names = await Promise.all(
    ids.map(async (id): Promise<[string, string]> => {
      const path = `/roleManagement/directory/roleDefinitions/${id}?$select=id,displayName`;
      try {
        return [id, (await graph.read(path, definitionShape)).displayName ?? id];
      } catch (error) {
        // A deleted custom role leaves its assignments behind; the grant is still named, by its id.
        if (isNotFound(error)) return [id, id];
        throw error;
      }
    }),
  );
  return new Map(names);
}

function roleOf(assignment: Assignment, name: string | undefined): Grant {
  const directoryScopeId = assignment.directoryScopeId ?? undefined;
  const appScopeId = assignment.appScopeId ?? undefined;
  const scope = directoryScopeId ?? appScopeId ?? '/';
  return {
    kind: 'directoryRole',
    key: `${assignment.roleDefinitionId}@${scope}`,
    name: name ?? assignment.roleDefinitionId,
    scope,
    data: {
      roleDefinitionId: assignment.roleDefinitionId,
      ...(directoryScopeId === undefined ? {} : { directoryScopeId }),
      ...(appScopeId === undefined ? {} : { appScopeId }),
    },
  };
}
