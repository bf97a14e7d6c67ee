import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Azure } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind } from './kind';

const AUTHORIZATION = '/providers/Microsoft.Authorization';
const VERSION = 'api-version=2022-04-01';

const scopeShape = z.object({ id: z.string() });
const assignmentShape = z.object({
  id: z.string(),
  properties: z.object({
    scope: z.string(),
    roleDefinitionId: z.string(),
    principalId: z.string(),
    condition: z.string().nullish(),
    conditionVersion: z.string().nullish(),
    description: z.string().nullish(),
  }),
});
type Assignment = z.infer<typeof assignmentShape>;
const definitionShape = z.object({ properties: z.object({ roleName: z.string() }) });

const azureData = z.strictObject({
  scope: z.string().startsWith('/'),
  roleDefinitionId: z.string().startsWith('/'),
  condition: z.string().optional(),
  conditionVersion: z.string().optional(),
  description: z.string().optional(),
});

/**
 * Azure role assignments of the guest itself, at management groups, subscriptions and below. Access in Azure comes
 * from the app's own Azure roles, not from Graph permissions, so the permission lists are empty; preflight asks
 * Azure whether the app may write at each scope.
 */
export const azureRole: AccessKind = {
  kind: 'azureRole',
  title: 'Azure role assignments',
  calls: {
    capture: ['GET {scope}/providers/Microsoft.Authorization/roleAssignments'],
    restore: ['PUT {scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}'],
  },
  limits: 'Only where the app has Azure roles itself.',
  capturePermissions: [],
  restorePermissions: [],
  async capture(guestId, { azure }) {
    const scopes = await visibleScopes(azure);
    const filter = encodeURIComponent(`principalId eq '${guestId}'`);
    const lists = await Promise.all(
      scopes.map((scope) =>
        azure.readAll(`${scope}${AUTHORIZATION}/roleAssignments?${VERSION}&$filter=${filter}`, assignmentShape),
      ),
    );
    // The same assignment shows at its own scope and at every scope below it.
    const own = new Map(
      lists
        .flat()
        .filter((assignment) => assignment.properties.principalId.toLowerCase() === guestId)
        .map((assignment) => [assignment.id.toLowerCase(), assignment]),
    );
    const names = await roleNames([...own.values()], azure);
    return [...own.values()].map((assignment) => grantOf(assignment, names));
  },
  restore(grants, newId, { azure }) {
    return oneByOne(grants, async (grant) => {
      const { scope, ...properties } = azureData.parse(grant.data);
      const name = assignmentName(scope, properties.roleDefinitionId, newId);
      try {
        await azure.put(`${prefix(scope)}${AUTHORIZATION}/roleAssignments/${name}?${VERSION}`, {
          // principalType spares Azure the look-up that fails while a new principal replicates.
          properties: { ...properties, principalId: newId, principalType: 'User' },
        });
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

/**
 * Name of a restored assignment: a GUID derived from scope, role and the *new* principal. A name that left out the
 * principal would meet the old guest's assignment and be refused, or be mistaken for done.
 */
export function assignmentName(scope: string, roleDefinitionId: string, principalId: string): string {
  const hash = createHash('sha256')
    .update([scope, roleDefinitionId, principalId].join('\n').toLowerCase())
    .digest('hex');
  const variant = ((parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** Scopes to ask: every subscription and management group that the app can see. */
export async function visibleScopes(azure: Azure): Promise<string[]> {
  const [subscriptions, managementGroups] = await Promise.all([
    azure.readAll('/subscriptions?api-version=2022-12-01', scopeShape),
    azure
      .readAll('/providers/Microsoft.Management/managementGroups?api-version=2020-05-01', scopeShape)
      .catch((error: unknown) => {
        // An app without any role at management groups may not list them; preflight shows what it sees.
        if (error instanceof ServiceError && error.status === 403) return [];
        throw error;
      }),
  ]);
  return [...subscriptions, ...managementGroups].map((scope) => scope.id);
}

/** The root scope is "/": as a prefix of an address it is nothing. */
export function prefix(scope: string): string {
  return scope === '/' ? '' : scope;
}

/**
 * Names of the roles, by role id. They are read at the assignment's own scope, where the app may read; a role that
 * cannot be read keeps its id as name, since a name is never worth losing a grant.
 */
async function roleNames(assignments: readonly Assignment[], azure: Azure): Promise<Map<string, string>> {
  const scopes = new Map(
    assignments.map(({ properties }) => [lastSegment(properties.roleDefinitionId), properties.scope]),
  );
  const names = await Promise.all(
    [...scopes].map(async ([id, scope]): Promise<[string, string]> => {
      try {
        const path = `${prefix(scope)}${AUTHORIZATION}/roleDefinitions/${id}?${VERSION}`;
        return [id, (await azure.read(path, definitionShape)).properties.roleName];
      } catch (error) {
        if (error instanceof ServiceError && [403, 404].includes(error.status)) return [id, id];
        throw error;
      }
    }),
  );
  return new Map(names);
}

function grantOf({ properties }: Assignment, names: ReadonlyMap<string, string>): Grant {
  const { scope, roleDefinitionId, condition, conditionVersion, description } = properties;
  return {
    kind: 'azureRole',
    // A role has one id but a different path at each scope: only its last segment identifies it.
    key: `${scope}|${lastSegment(roleDefinitionId)}`,
    name: names.get(lastSegment(roleDefinitionId)) ?? lastSegment(roleDefinitionId),
    scope,
    data: {
      scope,
      roleDefinitionId,
      ...(typeof condition === 'string' ? { condition } : {}),
      ...(typeof conditionVersion === 'string' ? { conditionVersion } : {}),
      ...(typeof description === 'string' ? { description } : {}),
    },
  };
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
