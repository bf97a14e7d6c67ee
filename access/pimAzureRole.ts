import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Azure } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import { PIM_VERSION, pimEntries, type Schedule } from './azurePim';
import { roleId, roleNames } from './azureRoles';
import { AUTHORIZATION, derivedGuid, lastSegment, placesFor, prefix, same, visibleScopes } from './azureScopes';
import { alreadyPresent, oneByOne, restored, saysItExists, type AccessKind, type Attempt } from './kind';

/** PIM assigns nothing for less. */
const SHORTEST_MS = 5 * 60_000;

const lists = { eligible: 'roleEligibilitySchedules', active: 'roleAssignmentSchedules' } as const;
const requests = { eligible: 'roleEligibilityScheduleRequests', active: 'roleAssignmentScheduleRequests' } as const;
type List = keyof typeof lists;

const valueShape = z.strictObject({
  /** UTC, whole seconds; null = for good. */
  until: z.iso.datetime().nullable(),
  condition: z.string().nullable(),
});
const pimData = z.strictObject({
  list: z.enum(['eligible', 'active']),
  scope: z.string().startsWith('/'),
  roleDefinitionId: z.string().startsWith('/'),
  /** Only for what had not begun when it was captured. */
  from: z.iso.datetime().optional(),
  conditionVersion: z.string().optional(),
  value: valueShape,
});
type PimData = z.infer<typeof pimData>;

/** A status that says that nothing came of it, or nothing is left. */
const GONE = /^(Denied|Revoked|Canceled|Failed|AdminDenied|TimedOut|Invalid|PendingRevocation)$/i;

/**
 * Azure roles through Privileged Identity Management: what the guest is eligible for, and roles held for a time. What
 * the guest has activated is not restored: the eligibility is, and the new guest may activate it.
 */
export const pimAzureRole: AccessKind = {
  kind: 'pimAzureRole',
  title: 'Azure roles of Privileged Identity Management',
  calls: {
    capture: [
      'GET /subscriptions',
      'GET /providers/Microsoft.Management/managementGroups',
      'GET {scope}/providers/Microsoft.Authorization/roleEligibilitySchedules',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignmentSchedules',
      'POST /providers/Microsoft.ResourceGraph/resources',
      'GET {scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}',
    ],
    restore: [
      'GET {scope}/providers/Microsoft.Authorization/roleEligibilitySchedules',
      'GET {scope}/providers/Microsoft.Authorization/roleAssignmentSchedules',
      'PUT {scope}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{roleEligibilityScheduleRequestName}',
      'PUT {scope}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{roleAssignmentScheduleRequestName}',
    ],
  },
  limits:
    'Activated roles are not activated again; what ended meanwhile, and what settings of PIM forbid, is left to people. Schedules of the purged guest stay until they end.',
  capturePermissions: [],
  restorePermissions: [],
  async capture(guestId, { azure, clock }, expected) {
    // No index knows schedules, so every visible scope is asked; when verifying, those of what was restored.
    const scopes = expected === undefined ? await visibleScopes(azure) : expected.flatMap(({ scope }) => scope ?? []);
    const places = placesFor(scopes);
    const [eligible, active] = await Promise.all([
      pimEntries(lists.eligible, places, guestId, azure),
      pimEntries(lists.active, places, guestId, azure),
    ]);
    const now = clock.now().getTime();
    const held = new Set((expected ?? []).map(({ key }) => key.toLowerCase()));
    const standing = [
      ...eligible.map((schedule) => dataOf('eligible', schedule, now)),
      ...active.filter(isAssigned).flatMap((schedule) => {
        const data = dataOf('active', schedule, now);
        // Without an end it is a lasting role assignment, which the kind azureRole restores, unless it is yet to begin.
        if (data === undefined || data.value.until !== null || held.has(keyOf(data).toLowerCase())) return data ?? [];
        return data.from !== undefined && isOfPim(schedule) ? [data] : [];
      }),
    ].filter((data) => data !== undefined);
    // The same schedule shows at its own scope and at every scope below it.
    const own = [...new Map(standing.map((data) => [keyOf(data).toLowerCase(), data])).values()];
    const names = await roleNames(own, azure);
    return own.map((data) => grantOf(data, names));
  },
  restore(grants, newId, { azure, clock }) {
    return oneByOne(grants, (grant) => assign(pimData.parse(grant.data), newId, azure, clock.now().getTime()));
  },
};

/** Given by an administrator, not switched on by the guest. */
function isAssigned({ properties }: Schedule): boolean {
  return !same(properties.assignmentType ?? '', 'Activated');
}

/** Made by a request to PIM; what was assigned outside of it shows among its schedules too. */
function isOfPim({ properties }: Schedule): boolean {
  return typeof properties.roleAssignmentScheduleRequestId === 'string';
}

/** What is remembered of a schedule; undefined for one that is over or came to nothing. */
function dataOf(list: List, { properties }: Schedule, now: number): PimData | undefined {
  const { scope, roleDefinitionId, startDateTime, endDateTime, condition, conditionVersion, status } = properties;
  if (GONE.test(status ?? '')) return undefined;
  const start = typeof startDateTime === 'string' ? Date.parse(startDateTime) : now;
  const end = typeof endDateTime === 'string' ? Date.parse(endDateTime) : undefined;
  if (end !== undefined && end <= now) return undefined;
  return {
    list,
    scope,
    roleDefinitionId,
    ...(start > now ? { from: wholeSeconds(start) } : {}),
    ...(typeof conditionVersion === 'string' ? { conditionVersion } : {}),
    value: { until: end === undefined ? null : wholeSeconds(end), condition: condition ?? null },
  };
}

/** Services keep parts of a second differently; a second is the same everywhere. */
function wholeSeconds(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

function keyOf({ list, scope, roleDefinitionId }: PimData): string {
  return `${list}|${scope}|${roleId(roleDefinitionId)}`;
}

function grantOf(data: PimData, names: ReadonlyMap<string, string>): Grant {
  const name = names.get(roleId(data.roleDefinitionId)) ?? lastSegment(data.roleDefinitionId);
  const active = data.value.until === null ? 'active from a later time' : 'active for a time';
  const kind = data.list === 'eligible' ? 'eligible' : active;
  return { kind: 'pimAzureRole', key: keyOf(data), name: `${name} (${kind})`, scope: data.scope, data: { ...data } };
}

async function assign(data: PimData, newId: string, azure: Azure, now: number): Promise<Attempt> {
  const { list, scope, roleDefinitionId, conditionVersion, value } = data;
  const there = await present(data, newId, azure, now);
  if (there !== undefined) return there;
  if (value.until !== null && Date.parse(value.until) < now + SHORTEST_MS) {
    return { result: 'manual', detail: `It ended on ${value.until}. Assign it again by hand if it is still needed.` };
  }
  const path = `${prefix(scope)}${AUTHORIZATION}/${requests[list]}/${requestName(data, newId)}?${PIM_VERSION}`;
  const expiration =
    value.until === null ? { type: 'NoExpiration' } : { type: 'AfterDateTime', endDateTime: value.until };
  const begins = data.from !== undefined && Date.parse(data.from) > now ? { startDateTime: data.from } : {};
  try {
    await azure.put(path, {
      properties: {
        principalId: newId,
        roleDefinitionId,
        requestType: 'AdminAssign',
        justification: 'Given back to a guest who was invited anew.',
        scheduleInfo: { ...begins, expiration },
        ...(value.condition === null
          ? {}
          : { condition: value.condition, conditionVersion: conditionVersion ?? '2.0' }),
      },
    });
    return restored;
  } catch (error) {
    if (isAgainstSettings(error)) {
      return {
        result: 'manual',
        detail: `The settings of the role in PIM refuse it${failedRules(error)}. Assign it by hand as they allow.`,
      };
    }
    if (isUnheardOf(error)) return { result: 'retry', detail: 'PIM does not know the new guest yet.', afterSeconds: 0 };
    if (!saysItExists(error)) throw error;
    const found = await present(data, newId, azure, now);
    return found ?? { result: 'retry', detail: 'PIM says that it exists, and does not show it yet.', afterSeconds: 0 };
  }
}

/** Name of the request: whoever sends it a second time meets their own. */
function requestName({ list, scope, roleDefinitionId }: PimData, principalId: string): string {
  return derivedGuid([list, scope, roleId(roleDefinitionId), principalId]);
}

/** What the new guest has of it already; undefined when nothing. What our own request made counts as restored. */
async function present(data: PimData, newId: string, azure: Azure, now: number): Promise<Attempt | undefined> {
  const entries = await pimEntries(lists[data.list], [{ scope: data.scope, within: [] }], newId, azure);
  // One that an administrator gave says more than what the guest has switched on meanwhile.
  const assignedFirst = [...entries.filter(isAssigned), ...entries.filter((entry) => !isAssigned(entry))];
  for (const entry of assignedFirst) {
    const found = dataOf(data.list, entry, now);
    if (found === undefined || keyOf(found).toLowerCase() !== keyOf(data).toLowerCase()) continue;
    const differing = (['until', 'condition'] as const).filter((part) => found.value[part] !== data.value[part]);
    if (differing.length > 0) {
      const what = differing.map((part) => (part === 'until' ? 'end' : 'condition')).join(' and another ');
      return { result: 'manual', detail: `The new guest has it with another ${what}; compare them by hand.` };
    }
    const { roleEligibilityScheduleRequestId, roleAssignmentScheduleRequestId } = entry.properties;
    const request = roleEligibilityScheduleRequestId ?? roleAssignmentScheduleRequestId ?? '';
    return same(lastSegment(request), requestName(data, newId)) ? restored : alreadyPresent;
  }
  return undefined;
}

/** A brand-new guest, whatever the status that says so. */
function isUnheardOf(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'SubjectNotFound';
}

function isAgainstSettings(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.code === 'RoleAssignmentRequestPolicyValidationFailed';
}

/** The names of the rules that failed, and nothing else of what the service says. */
function failedRules({ serviceMessage }: ServiceError): string {
  const rules = serviceMessage.match(/\b[A-Z]\w*Rule\b/g) ?? [];
  return rules.length === 0 ? '' : ` (${[...new Set(rules)].join(', ')})`;
}
