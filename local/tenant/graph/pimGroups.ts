import { groupPim, linkOf } from '../directory/schedules';
import { text, texts, type Entity } from '../store/snapshot';
import { requiredGuid, requiredText } from './bodies';
import { badRequest, GraphError, notFound } from './errors';
import { requireFitting, requireWritable } from './groups';
import { parseFilter, type Filter } from './odata/filterSyntax';
import {
  groupAssignmentInstanceType,
  groupAssignmentRequestType,
  groupAssignmentScheduleType,
  groupEligibilityInstanceType,
  groupEligibilityRequestType,
  groupEligibilityScheduleType,
} from './odata/pimTypes';
import { projected } from './odata/projection';
import { groupType } from './odata/types';
import { groupRules } from './pimPolicy';
import { pimListRoutes, type PimList } from './pimRoutes';
import { groupActivities, groupEligibilities } from './pimSchedules';
import type { Call, Route } from './route';
import { directoryObject } from './targets';

type Body = Readonly<Record<string, unknown>>;

const accessIdOf = (value: string): 'member' | 'owner' => {
  const accessId = value.toLowerCase();
  if (accessId === 'member' || accessId === 'owner') return accessId;
  throw badRequest("The value of 'accessId' must be member or owner.");
};

function target(call: Call, body: Body): Body {
  const groupId = requiredGuid(body, 'groupId');
  const accessId = accessIdOf(requiredText(body, 'accessId'));
  const group = call.tenant.store.primary().get('groups', groupId);
  if (group === undefined) throw notFound(groupId);
  // Synchronized, Exchange-owned and dynamic groups cannot be managed; role-assignable ones ask for more permission.
  requireWritable(call, group, accessId === 'owner' ? 'owners' : 'members');
  return { groupId, accessId };
}

function fitting(call: Call, request: Entity): void {
  const view = call.tenant.store.primary();
  const group = view.get('groups', text(request, 'groupId') ?? '');
  const subject = directoryObject(view, text(request, 'principalId') ?? '');
  if (group !== undefined && subject !== undefined) requireFitting(group, subject, linkOf(request));
}

function removePlain(call: Call, schedule: Entity): void {
  const { store } = call.tenant;
  const group = store.primary().get('groups', text(schedule, 'groupId') ?? '');
  if (group === undefined) return;
  const link = linkOf(schedule);
  const left = texts(group, link).filter((id) => id !== text(schedule, 'principalId'));
  store.transaction((tx) => tx.patch('groups', group.id, { [link]: left }));
}

/** These lists must be narrowed to a principal or a group. */
function checkQuery(call: Call): void {
  const filter = call.query.get('$filter');
  if (filter !== null && isNarrow(parseFilter(filter))) return;
  throw new GraphError(400, 'InvalidFilter', 'The query must be filtered by principalId or groupId.');
}

function isNarrow(filter: Filter): boolean {
  if (filter.kind === 'and') return isNarrow(filter.left) || isNarrow(filter.right);
  return filter.kind === 'compare' && filter.op === 'eq' && ['principalId', 'groupId'].includes(filter.path);
}

const expand = (call: Call) => ({
  group: (schedule: Entity) => {
    const entity = call.replica.get('groups', text(schedule, 'groupId') ?? '');
    return entity === undefined ? null : projected({ type: groupType, entity }, undefined);
  },
  principal: (schedule: Entity) => {
    const object = directoryObject(call.replica, text(schedule, 'principalId') ?? '');
    return object === undefined ? null : { '@odata.type': object.type.odataType, ...projected(object, undefined) };
  },
});

/** Only activations name the eligibility that they come from. */
const activatedUsing = (call: Call) => (schedule: Entity) => {
  const entity = call.replica.get(groupPim.eligible, text(schedule, 'activatedUsing') ?? '');
  return entity === undefined ? null : projected({ type: groupEligibilityScheduleType, entity }, undefined);
};

const common = (list: 'eligible' | 'active') => ({
  base: '/identityGovernance/privilegedAccess/group',
  area: groupPim,
  list,
  checkQuery,
  rules: {
    target,
    requireFitting: fitting,
    policy: (call: Call, request: Entity) =>
      groupRules(call.tenant.store.primary(), text(request, 'groupId') ?? '', text(request, 'accessId') ?? '', list),
    removePlain,
    scheduleId: (request: Entity) =>
      `${text(request, 'groupId') ?? ''}_${text(request, 'accessId') ?? ''}_${request.id}`,
  },
});

const eligible: PimList = {
  ...common('eligible'),
  schedules: {
    name: 'eligibilitySchedules',
    placeholder: 'privilegedAccessGroupEligibilitySchedule-id',
    type: groupEligibilityScheduleType,
  },
  instances: {
    name: 'eligibilityScheduleInstances',
    reference: 'eligibilityScheduleId',
    type: groupEligibilityInstanceType,
  },
  requests: {
    name: 'eligibilityScheduleRequests',
    placeholder: 'privilegedAccessGroupEligibilityScheduleRequest-id',
    type: groupEligibilityRequestType,
  },
  standing: groupEligibilities,
  expand,
};

const active: PimList = {
  ...common('active'),
  schedules: {
    name: 'assignmentSchedules',
    placeholder: 'privilegedAccessGroupAssignmentSchedule-id',
    type: groupAssignmentScheduleType,
  },
  instances: {
    name: 'assignmentScheduleInstances',
    reference: 'assignmentScheduleId',
    type: groupAssignmentInstanceType,
  },
  requests: {
    name: 'assignmentScheduleRequests',
    placeholder: 'privilegedAccessGroupAssignmentScheduleRequest-id',
    type: groupAssignmentRequestType,
  },
  standing: groupActivities,
  expand: (call) => ({ ...expand(call), activatedUsing: activatedUsing(call) }),
};

/** PIM for Groups: who is an eligible or active member or owner until when, and requests for both. */
export const pimGroupRoutes: readonly Route[] = [...pimListRoutes(eligible), ...pimListRoutes(active)];
