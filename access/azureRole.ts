import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Azure } from '../domain/ports';
import { searchIndex, quoted } from './azureIndex';
import { removeOrphan } from './azureOrphan';
import { pimEntries, type Schedule } from './azurePim';
import { roleId, roleNames } from './azureRoles';
import {
  AUTHORIZATION,
  LISTED_SCOPES,
  derivedGuid,
  joinPlaces,
  lastSegment,
  listAt,
  placesFor,
  prefix,
  same,
  visibleScopes,
  type Place,
} from './azureScopes';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind, type Attempt } from './kind';

const VERSION = 'api-version=2022-04-01';

const rowShape = z.object({ id: z.string(), scope: z.string() });
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

const azureData = z.strictObject({
  scope: z.string().startsWith('/'),
  roleDefinitionId: z.string().startsWith('/'),
  condition: z.string().optional(),
  conditionVersion: z.string().optional(),
  description: z.string().optional(),
  /** The captured assignment and whose it is. Absent in the first snapshots: then it stays behind. */
  assignmentId: z.string().startsWith('/').optional(),
  principalId: z.string().optional(),
});
type AzureData = z.infer<typeof azureData>;

/**
 * Lasting Azure role assignments of the guest itself, at management groups, subscriptions and below. Access in Azure
 * comes from the app's own Azure roles, not from Graph permissions, so the permission lists are empty; preflight asks
 * Azure whether the app may write at each scope.
 */
export const azureRole: AccessKind = {
  kind: 'azureRole',
  title: 'Azure role assignments',
  calls: {
    capture: [
      'POST /providers/Microsoft.ResourceGraph/resources',
      'GET /subscriptions',
      'GET /providers/Microsoft.Management/managementGroups',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignments',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances',
      'GET {scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}',
    ],
    restore: [
      'GET {scope}/providers/Microsoft.Authorization/roleAssignments',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances',
      'PUT {scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}',
      'DELETE {scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}',
    ],
  },
  limits:
    'Only where the app has Azure roles itself. The assignment of the purged guest is removed once the new one exists; where that is refused it stays behind, naming nobody.',
  capturePermissions: [],
  restorePermissions: [],
  async capture(guestId, { azure }, expected) {
    const places = await placesOf(guestId, azure, expected);
    // Before and after: a role of PIM may begin or end while the assignments are read, and must not pass for a lasting one.
    const before = await pimEntries('roleAssignmentScheduleInstances', places, guestId, azure);
    const all = await listAt(places, (scope) => assignmentsAt(scope, guestId, azure));
    // The same assignment shows at its own scope and at every scope below it.
    const own = [...new Map(all.map((assignment) => [assignment.id.toLowerCase(), assignment])).values()];
    const scopes = placesFor(own.map(({ properties }) => properties.scope));
    const hidden = new Set<string>();
    const after = await pimEntries('roleAssignmentScheduleInstances', scopes, guestId, azure, (scope) => {
      hidden.add(scope.toLowerCase());
    });
    const lasting = withoutTemporary(own, [...before, ...after], hidden);
    const names = await roleNames(
      lasting.map(({ assignment }) => assignment.properties),
      azure,
    );
    return lasting.map(({ assignment, unclear }) => ({
      ...grantOf(assignment, names),
      ...(unclear ? { instruction: UNCLEAR } : {}),
    }));
  },
  restore(grants, newId, { azure }) {
    return oneByOne(grants, async (grant) => {
      const data = azureData.parse(grant.data);
      const attempt = await assign(data, newId, azure);
      if (attempt.result !== 'restored' && attempt.result !== 'alreadyPresent') return attempt;
      return { ...attempt, detail: `${attempt.detail} ${await orphanOf(data, newId, azure)}`.trim() };
    });
  },
};

/**
 * Name of a restored assignment: a GUID derived from scope, role and the *new* principal. A name that left out the
 * principal would meet the old guest's assignment and be refused, or be mistaken for done.
 */
export function assignmentName(scope: string, roleDefinitionId: string, principalId: string): string {
  return derivedGuid([scope, roleDefinitionId, principalId]);
}

/**
 * Where to list. The index finds assignments in all of Azure, but lags; lists are the truth, but of one scope. So the
 * index says where to look, and the first of the visible scopes are looked at in any case; when verifying, the scopes
 * of what was restored. Without an index all visible scopes are listed.
 */
async function placesOf(guestId: string, azure: Azure, expected: readonly Grant[] | undefined): Promise<Place[]> {
  const query =
    "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' " +
    `| where tostring(properties.principalId) =~ ${quoted(guestId)} ` +
    '| project id, scope = tostring(properties.scope) | order by id asc';
  const [found, visible] = await Promise.all([
    searchIndex(azure, query, rowShape),
    expected === undefined ? visibleScopes(azure) : [],
  ]);
  const known = [...(found ?? []), ...(expected ?? [])].flatMap(({ scope }) => (scope === undefined ? [] : [scope]));
  const named = placesFor(known);
  const places = joinPlaces(named, placesFor(visible));
  return found === undefined ? places : places.slice(0, Math.max(named.length, LISTED_SCOPES));
}

async function assignmentsAt(scope: string, principalId: string, azure: Azure): Promise<Assignment[]> {
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  const path = `${prefix(scope)}${AUTHORIZATION}/roleAssignments?${VERSION}&$filter=${filter}`;
  const found = await azure.readAll(path, assignmentShape);
  return found.filter(({ properties }) => same(properties.principalId, principalId));
}

const UNCLEAR =
  'PIM does not say whether the guest holds this role for good or has just activated it. ' +
  'Assign it by hand only if it was for good.';

/**
 * Leaves out what PIM made active for a time. PIM shows lasting assignments as well; where it does so for this guest,
 * one that it does not show at all may be an activation that its replicas have not heard of, and is left to people.
 * So is one at a scope where the app may read the assignments but not PIM.
 *
 * @param hidden scopes, in lower case, at which PIM may not be read
 */
function withoutTemporary(
  own: readonly Assignment[],
  instances: readonly Schedule[],
  hidden: ReadonlySet<string>,
): { assignment: Assignment; unclear: boolean }[] {
  const showsLasting = instances.some((instance) => !isTemporary(instance));
  return own.flatMap((assignment) => {
    const alike = instances.filter((instance) => isAlike(instance, assignment));
    if (alike.some(isTemporary)) return [];
    const unseen = showsLasting || hidden.has(assignment.properties.scope.toLowerCase());
    return [{ assignment, unclear: unseen && alike.length === 0 }];
  });
}

/** True for what PIM made active for a time: it belongs to the kind pimAzureRole, and must not become lasting. */
function isTemporary({ properties }: Schedule): boolean {
  return same(properties.assignmentType ?? '', 'Activated') || typeof properties.endDateTime === 'string';
}

interface RoleAtScope {
  properties: { scope: string; roleDefinitionId: string };
}

function isAlike({ properties: a }: RoleAtScope, { properties: b }: RoleAtScope): boolean {
  return same(a.scope, b.scope) && roleId(a.roleDefinitionId) === roleId(b.roleDefinitionId);
}

async function assign(data: AzureData, newId: string, azure: Azure): Promise<Attempt> {
  const { scope, roleDefinitionId, condition, conditionVersion, description } = data;
  const there = await present(data, newId, azure);
  if (there !== undefined) return there;
  const name = assignmentName(scope, roleDefinitionId, newId);
  const properties = { roleDefinitionId, condition, conditionVersion, description };
  try {
    await azure.put(`${prefix(scope)}${AUTHORIZATION}/roleAssignments/${name}?${VERSION}`, {
      // principalType spares Azure the look-up that fails while a new principal replicates.
      properties: { ...properties, principalId: newId, principalType: 'User' },
    });
    return restored;
  } catch (error) {
    if (!saysItExists(error)) throw error;
    const found = await present(data, newId, azure);
    return (
      found ?? { result: 'retry', detail: 'Azure says that it exists, and does not show it yet.', afterSeconds: 0 }
    );
  }
}

/** What the new guest has of it already; undefined when nothing. Our own earlier assignment counts as restored. */
async function present(data: AzureData, newId: string, azure: Azure): Promise<Attempt | undefined> {
  const wanted: RoleAtScope = { properties: data };
  const there = (await assignmentsAt(data.scope, newId, azure)).find((one) => isAlike(one, wanted));
  if (there === undefined) return undefined;
  if ((there.properties.condition ?? undefined) !== data.condition) {
    return {
      result: 'manual',
      detail: 'The new guest has this role here with another condition; compare them by hand.',
    };
  }
  const name = assignmentName(data.scope, data.roleDefinitionId, newId);
  if (same(lastSegment(there.id), name)) return restored;
  const instances = await pimEntries('roleAssignmentScheduleInstances', placeAt(data.scope), newId, azure);
  return instances.some((one) => isTemporary(one) && isAlike(one, wanted))
    ? { result: 'manual', detail: 'The new guest has this role here for a time only; assign it for good by hand.' }
    : alreadyPresent;
}

function placeAt(scope: string): Place[] {
  return [{ scope, within: [] }];
}

async function orphanOf({ assignmentId, principalId }: AzureData, newId: string, azure: Azure): Promise<string> {
  if (assignmentId === undefined || principalId === undefined || same(principalId, newId)) return '';
  const path = `${assignmentId}?${VERSION}`;
  return removeOrphan('The role assignment of the old guest', async () => {
    const { properties } = await azure.read(path, assignmentShape);
    if (same(properties.principalId, principalId)) await azure.remove(path);
  });
}

function grantOf({ id, properties }: Assignment, names: ReadonlyMap<string, string>): Grant {
  const { scope, roleDefinitionId, principalId, condition, conditionVersion, description } = properties;
  return {
    kind: 'azureRole',
    // A role has one id but a different path at each scope: only its last segment identifies it.
    key: `${scope}|${lastSegment(roleDefinitionId)}`,
    name: names.get(roleId(roleDefinitionId)) ?? lastSegment(roleDefinitionId),
    scope,
    data: {
      scope,
      roleDefinitionId,
      ...(typeof condition === 'string' ? { condition } : {}),
      ...(typeof conditionVersion === 'string' ? { conditionVersion } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      assignmentId: id,
      principalId,
    },
  };
}
