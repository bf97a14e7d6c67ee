import { ok, type Reply } from '../http/message';
import { text, type Entity, type View } from '../store/snapshot';
import type { ArmCall, ArmRoute } from './api';
import { ArmError } from './errors';
import { requirePremium } from './pimPolicy';
import { getRequest, putRequest } from './pimRequests';
import { holdersFor, propertiesOf, requireAllowed } from './rbac';
import { assignmentId, isRunning, scheduleId, shownAs, standing, type ScheduleTypes } from './schedules';
import { ancestors, isInside, requireScope, sameScope, scopeOfPath } from './scopes';

const eligible: ScheduleTypes = {
  list: 'eligible',
  schedules: 'roleEligibilitySchedules',
  instances: 'roleEligibilityScheduleInstances',
  requests: 'roleEligibilityScheduleRequests',
};
const active: ScheduleTypes = {
  list: 'active',
  schedules: 'roleAssignmentSchedules',
  instances: 'roleAssignmentScheduleInstances',
  requests: 'roleAssignmentScheduleRequests',
};

/** Schedules as this moment shows them: PIM's own and, among the active ones, every lasting role assignment. */
function schedulesNow(view: View, { list, schedules }: ScheduleTypes, now: number): Entity[] {
  const own = standing(view, list, now);
  return list === 'eligible'
    ? own
    : [...own, ...view.list('azureRoleAssignments').map((one) => asSchedule(one, schedules))];
}

/** A lasting assignment as PIM shows it: assigned, without an end. */
function asSchedule(assignment: Entity, type: string): Entity {
  const properties = propertiesOf(assignment);
  const scope = String(properties['scope']);
  const name = text(assignment, 'name') ?? '';
  const { principalId, principalType, roleDefinitionId, condition, conditionVersion, createdOn, updatedOn } =
    properties;
  return {
    id: scheduleId(scope, type, name),
    name,
    properties: {
      scope,
      roleDefinitionId,
      principalId,
      principalType,
      status: 'Provisioned',
      assignmentType: 'Assigned',
      startDateTime: createdOn,
      endDateTime: null,
      memberType: 'Direct',
      createdOn,
      updatedOn,
      condition,
      conditionVersion,
    },
  };
}

/** What of a schedule is in force now. An active one names the role assignment that it makes. */
function instance(schedule: Entity, types: ScheduleTypes): unknown {
  const properties = propertiesOf(schedule);
  const scope = String(properties['scope']);
  const name = text(schedule, 'name') ?? '';
  const origin =
    types.list === 'active'
      ? { originRoleAssignmentId: assignmentId(scope, name), roleAssignmentScheduleId: schedule.id }
      : { roleEligibilityScheduleId: schedule.id };
  return shownAs(
    { id: scheduleId(scope, types.instances, name), name, properties: { ...properties, ...origin } },
    types.instances,
  );
}

/** At the scope, inherited from above and, within subscriptions, below it; like the list of role assignments. */
function list(call: ArmCall, types: ScheduleTypes, what: 'schedules' | 'instances'): Reply {
  const { replica, caller, tenant } = call;
  const scope = scopeOfPath(call.groups[0]);
  requirePremium(tenant.store.primary());
  requireScope(tenant.store.primary(), scope);
  const filter = readFilter(call.query.get('$filter'), caller.objectId);
  if (!filter.ownOnly) {
    requireAllowed(tenant.store.primary(), caller, `Microsoft.Authorization/${types[what]}/read`, scope);
  }
  const above = ancestors(replica, scope);
  const now = tenant.clock.now();
  const found = schedulesNow(replica, types, now).filter((schedule) => {
    const { scope: at, principalId } = propertiesOf(schedule);
    const here = sameScope(String(at), scope) || above.some((one) => sameScope(one, String(at)));
    const place = here || (!filter.atScope && isInside(String(at), scope));
    const holders = filter.assignedTo === undefined ? undefined : holdersFor(replica, filter.assignedTo);
    const person = filter.principalId === undefined || filter.principalId === principalId;
    return place && person && (holders?.has(String(principalId)) ?? true);
  });
  return ok({
    value:
      what === 'schedules'
        ? found.map((schedule) => shownAs(schedule, types.schedules))
        : found.filter((schedule) => isRunning(schedule, now)).map((schedule) => instance(schedule, types)),
  });
}

interface ScheduleFilter {
  readonly principalId?: string;
  readonly assignedTo?: string;
  readonly atScope: boolean;
  /** Everybody may ask for their own. */
  readonly ownOnly: boolean;
}

function readFilter(source: string | null, callerId: string): ScheduleFilter {
  let filter: ScheduleFilter = { atScope: false, ownOnly: false };
  for (const part of source === null || source === '' ? [] : source.split(/\s+and\s+/i)) {
    const [, principalId] = /^principalId\s+eq\s+'?([0-9a-f-]+)'?$/i.exec(part.trim()) ?? [];
    const [, assignedTo] = /^assignedTo\('([^']*)'\)$/i.exec(part.trim()) ?? [];
    if (/^atScope\(\)$/i.test(part.trim())) filter = { ...filter, atScope: true };
    else if (/^asTarget\(\)$/i.test(part.trim())) filter = { ...filter, assignedTo: callerId, ownOnly: true };
    else if (principalId !== undefined) filter = { ...filter, principalId: principalId.toLowerCase() };
    else if (assignedTo !== undefined) filter = { ...filter, assignedTo: assignedTo.toLowerCase() };
    else throw new ArmError(400, 'UnsupportedQuery', `The filter '${part}' is not supported.`);
  }
  return filter;
}

const versions = ['2020-10-01', '2022-04-01-preview', '2024-09-01-preview'];

const routesOf = (types: ScheduleTypes): ArmRoute[] => {
  const pattern = (type: string, item = ''): RegExp =>
    new RegExp(`^(.*)/providers/Microsoft\\.Authorization/${type}${item}/?$`, 'i');
  return [
    { method: 'GET', pattern: pattern(types.schedules), versions, handle: (call) => list(call, types, 'schedules') },
    { method: 'GET', pattern: pattern(types.instances), versions, handle: (call) => list(call, types, 'instances') },
    {
      method: 'GET',
      pattern: pattern(types.requests, '/([^/]+)'),
      versions,
      handle: (call) => getRequest(call, types),
    },
    {
      method: 'PUT',
      pattern: pattern(types.requests, '/([^/]+)'),
      versions,
      handle: (call) => putRequest(call, types),
    },
  ];
};

/** Privileged Identity Management for Azure roles, at every kind of scope. */
export const pimRoutes: readonly ArmRoute[] = [...routesOf(eligible), ...routesOf(active)];
