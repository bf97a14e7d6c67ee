import { isRoleAssignable } from '../directory/groups';
import { rolePim } from '../directory/schedules';
import { text, type Entity } from '../store/snapshot';
import { requiredGuid } from './bodies';
import { badRequest, GraphError } from './errors';
import {
  roleAssignmentInstanceType,
  roleAssignmentRequestType,
  roleAssignmentScheduleType,
  roleEligibilityInstanceType,
  roleEligibilityRequestType,
  roleEligibilityScheduleType,
} from './odata/pimTypes';
import { projected } from './odata/projection';
import { groupType, roleDefinitionType, servicePrincipalType } from './odata/types';
import { roleRules } from './pimPolicy';
import { pimListRoutes, type PimList } from './pimRoutes';
import { roleActivities, roleEligibilities } from './pimSchedules';
import { isLastGlobalAdministrator, requireScope, roleDefinition } from './roles';
import type { Call, Route } from './route';
import { directoryObject } from './targets';

type Body = Readonly<Record<string, unknown>>;

/** Role and scope of a request. The scope is one of the directory or one of an application's own. */
function target(call: Call, body: Body): Body {
  const view = call.tenant.store.primary();
  const definition = roleDefinition(view, requiredGuid(body, 'roleDefinitionId'));
  if (definition === undefined) throw new GraphError(404, 'RoleNotFound', 'The role is not found.');
  const { directoryScopeId, appScopeId } = body;
  const roleDefinitionId = definition.id;
  if (typeof appScopeId === 'string' && typeof directoryScopeId !== 'string') return { roleDefinitionId, appScopeId };
  if (typeof directoryScopeId !== 'string') {
    throw badRequest('Either directoryScopeId or appScopeId is required.');
  }
  requireScope(view, directoryScopeId);
  return { roleDefinitionId, directoryScopeId };
}

/** Groups must be role-assignable; a service principal activates nothing, so it cannot be eligible. */
const fitting =
  (list: 'eligible' | 'active') =>
  (call: Call, request: Entity): void => {
    const subject = directoryObject(call.tenant.store.primary(), text(request, 'principalId') ?? '');
    const unfit =
      (subject?.type === groupType && !isRoleAssignable(subject.entity)) ||
      (subject?.type === servicePrincipalType && list === 'eligible');
    if (unfit) throw new GraphError(400, 'InvalidRoleAssignmentRequest', 'The role assignment request is invalid.');
  };

function removePlain(call: Call, { id }: Entity): void {
  const { store } = call.tenant;
  const assignment = store.primary().get('roleAssignments', id);
  if (assignment === undefined) return;
  if (isLastGlobalAdministrator(store.primary(), assignment)) {
    throw badRequest('The last Global Administrator cannot be removed.');
  }
  store.transaction((tx) => tx.remove('roleAssignments', id));
}

const expand = (call: Call) => ({
  roleDefinition: (schedule: Entity) => {
    const entity = call.replica.get('roleDefinitions', text(schedule, 'roleDefinitionId') ?? '');
    return entity === undefined ? null : projected({ type: roleDefinitionType, entity }, undefined);
  },
  principal: (schedule: Entity) => {
    const object = directoryObject(call.replica, text(schedule, 'principalId') ?? '');
    return object === undefined ? null : { '@odata.type': object.type.odataType, ...projected(object, undefined) };
  },
});

/** Only activations name the eligibility that they come from. */
const activatedUsing = (call: Call) => (schedule: Entity) => {
  const entity = call.replica.get(rolePim.eligible, text(schedule, 'activatedUsing') ?? '');
  return entity === undefined ? null : projected({ type: roleEligibilityScheduleType, entity }, undefined);
};

const common = (list: 'eligible' | 'active') => ({
  base: '/roleManagement/directory',
  area: rolePim,
  list,
  checkQuery: (): void => undefined,
  rules: {
    target,
    requireFitting: fitting(list),
    policy: (call: Call, request: Entity) =>
      roleRules(call.tenant.store.primary().get('roleDefinitions', text(request, 'roleDefinitionId') ?? ''), list),
    removePlain,
    scheduleId: ({ id }: Entity) => id,
  },
});

const eligible: PimList = {
  ...common('eligible'),
  schedules: {
    name: 'roleEligibilitySchedules',
    placeholder: 'unifiedRoleEligibilitySchedule-id',
    type: roleEligibilityScheduleType,
  },
  instances: {
    name: 'roleEligibilityScheduleInstances',
    reference: 'roleEligibilityScheduleId',
    type: roleEligibilityInstanceType,
  },
  requests: {
    name: 'roleEligibilityScheduleRequests',
    placeholder: 'unifiedRoleEligibilityScheduleRequest-id',
    type: roleEligibilityRequestType,
  },
  standing: roleEligibilities,
  expand,
};

const active: PimList = {
  ...common('active'),
  schedules: {
    name: 'roleAssignmentSchedules',
    placeholder: 'unifiedRoleAssignmentSchedule-id',
    type: roleAssignmentScheduleType,
  },
  instances: {
    name: 'roleAssignmentScheduleInstances',
    reference: 'roleAssignmentScheduleId',
    type: roleAssignmentInstanceType,
  },
  requests: {
    name: 'roleAssignmentScheduleRequests',
    placeholder: 'unifiedRoleAssignmentScheduleRequest-id',
    type: roleAssignmentRequestType,
  },
  standing: roleActivities,
  expand: (call) => ({ ...expand(call), activatedUsing: activatedUsing(call) }),
};

/** PIM for Microsoft Entra roles: who is eligible, who is active until when, and requests for both. */
export const pimRoleRoutes: readonly Route[] = [...pimListRoutes(eligible), ...pimListRoutes(active)];
