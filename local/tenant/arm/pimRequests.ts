import { randomUUID } from 'node:crypto';
import { periodOf, type Period } from '../directory/period';
import { isGuid } from '../graph/route';
import { directoryObject } from '../graph/targets';
import { created, ok, type Reply } from '../http/message';
import { isRecord, part, text, without, type Entity, type View } from '../store/snapshot';
import type { ArmCall } from './api';
import { ArmError } from './errors';
import { requirePolicy, requirePremium, roleRules } from './pimPolicy';
import { requireAllowed, roleDefinition, roleGuid } from './rbac';
import {
  assignmentsAt,
  isAbout,
  requestCollection,
  scheduleCollections,
  scheduleId,
  shownAs,
  standing,
  type ScheduleTypes,
} from './schedules';
import { requireScope, sameScope, scopeOfPath } from './scopes';

/** A request as it was made. */
export function getRequest(call: ArmCall, types: ScheduleTypes): Reply {
  const scope = scopeOfPath(call.groups[0]);
  requirePremium(call.tenant.store.primary());
  requireAllowed(call.tenant.store.primary(), call.caller, `Microsoft.Authorization/${types.requests}/read`, scope);
  const found = call.replica
    .list(requestCollection)
    .find(({ id }) => sameScope(id, scheduleId(scope, types.requests, call.groups[1] ?? '')));
  if (found === undefined) {
    throw new ArmError(404, 'RoleAssignmentRequestNotFound', 'The role assignment request is not found.');
  }
  return ok(shownAs(found, types.requests));
}

const invalidSchedule = (): ArmError =>
  new ArmError(400, 'InvalidRoleAssignmentRequestSchedule', 'The requested schedule is not valid.');

interface Wanted {
  readonly scope: string;
  readonly principalId: string;
  readonly roleDefinitionId: string;
  readonly condition: string | null;
  readonly conditionVersion: string | null;
}

/** An administrator's assignment. It is made at once and shows with the replication. */
export function putRequest(call: ArmCall, types: ScheduleTypes): Reply {
  const { tenant, caller } = call;
  const view = tenant.store.primary();
  const scope = scopeOfPath(call.groups[0]);
  const name = (call.groups[1] ?? '').toLowerCase();
  requirePremium(view);
  requireScope(view, scope);
  requireAllowed(view, caller, `Microsoft.Authorization/${types.requests}/write`, scope);
  if (!isGuid(name)) throw new ArmError(400, 'InvalidRoleAssignmentRequestId', 'The request id must be a GUID.');
  if (view.list(requestCollection).some((one) => text(one, 'name') === name)) {
    const message = `A role assignment request with Id: ${name} already exists.`;
    throw new ArmError(409, 'RoleAssignmentRequestExists', message);
  }
  const id = scheduleId(scope, types.requests, name);
  const body: Entity = { id, ...part(call.body, 'properties') };
  const wanted = readWanted(view, scope, body);
  const now = tenant.clock.now();
  const period = periodOf(part(body, 'scheduleInfo'), now, invalidSchedule);
  requirePolicy(roleRules(roleDefinition(view, wanted.roleDefinitionId), types.list), body, period);
  const taken = types.list === 'active' ? assignmentsAt(view, now) : [];
  if ([...standing(view, types.list, now), ...taken].some((one) => isAbout(one, wanted))) {
    throw new ArmError(409, 'RoleAssignmentExists', 'The Role assignment already exists.');
  }
  const createdOn = new Date(now).toISOString();
  const common = { ...wanted, principalType: principalType(call, wanted.principalId), createdOn };
  const schedule = scheduleOf(types, id, common, period);
  const request = requestOf(types, { id, name, requestorId: caller.objectId }, { ...body, ...common }, schedule);
  tenant.store.transaction((tx) => {
    tx.put(requestCollection, request);
    tx.put(scheduleCollections[types.list], schedule);
  });
  return created(shownAs(request, types.requests));
}

type Common = Wanted & { readonly principalType: string; readonly createdOn: string };

function scheduleOf(types: ScheduleTypes, requestId: string, common: Common, { start, end }: Period): Entity {
  const name = randomUUID();
  return {
    id: scheduleId(common.scope, types.schedules, name),
    name,
    properties: {
      ...common,
      status: 'Provisioned',
      ...(types.list === 'active'
        ? {
            assignmentType: 'Assigned',
            linkedRoleEligibilityScheduleId: null,
            roleAssignmentScheduleRequestId: requestId,
          }
        : { roleEligibilityScheduleRequestId: requestId }),
      startDateTime: new Date(start).toISOString(),
      endDateTime: end === undefined ? null : new Date(end).toISOString(),
      memberType: 'Direct',
      updatedOn: common.createdOn,
    },
  };
}

function requestOf(
  types: ScheduleTypes,
  { id, name, requestorId }: { readonly id: string; readonly name: string; readonly requestorId: string },
  given: Readonly<Record<string, unknown>>,
  schedule: Entity,
): Entity {
  const target = types.list === 'active' ? 'targetRoleAssignmentScheduleId' : 'targetRoleEligibilityScheduleId';
  return {
    id,
    name,
    properties: {
      ...without(given, 'id'),
      status: 'Provisioned',
      approvalId: null,
      justification: given['justification'] ?? null,
      ticketInfo: given['ticketInfo'] ?? { ticketNumber: null, ticketSystem: null },
      requestorId,
      [target]: schedule['name'],
    },
  };
}

function readWanted(view: View, scope: string, body: Entity): Wanted {
  const value = (name: string): string | undefined => (text(body, name) === '' ? undefined : text(body, name));
  const roleDefinitionId = value('roleDefinitionId');
  const principalId = value('principalId')?.toLowerCase();
  if (
    roleDefinitionId === undefined ||
    principalId === undefined ||
    !isGuid(principalId) ||
    !isRecord(body['scheduleInfo'])
  ) {
    throw new ArmError(400, 'BadRequestFormat', 'The request was incorrectly formatted.');
  }
  if (value('requestType') !== 'AdminAssign') {
    throw new ArmError(400, 'BadRequest', 'The request type is not supported for this caller.');
  }
  if (roleDefinition(view, roleDefinitionId) === undefined) {
    const message = `The specified role definition with ID '${roleGuid(roleDefinitionId)}' does not exist.`;
    throw new ArmError(400, 'RoleDefinitionDoesNotExist', message);
  }
  // In a subscription the id of the role must name it, elsewhere it must not.
  const [subscription = ''] = /^\/subscriptions\/[^/]+/i.exec(scope) ?? [];
  const [named = ''] = /^\/subscriptions\/[^/]+/i.exec(roleDefinitionId) ?? [];
  if (!sameScope(subscription, named)) {
    throw new ArmError(400, 'ScopeDoesNotMatchRoleDefinition', 'The role definition does not belong to the scope.');
  }
  const condition = value('condition') ?? null;
  if (condition !== null && value('conditionVersion') !== '2.0') {
    throw new ArmError(400, 'InvalidConditionVersion', 'A condition needs the conditionVersion 2.0.');
  }
  return { scope, principalId, roleDefinitionId, condition, conditionVersion: condition === null ? null : '2.0' };
}

/** PIM has no way to be told the type of a principal, so it must have heard of it. */
function principalType(call: ArmCall, principalId: string): string {
  const object = directoryObject(call.tenant.store.primary(), principalId);
  if (object === undefined || directoryObject(call.replica, principalId) === undefined) {
    throw new ArmError(404, 'SubjectNotFound', 'The subject is not found.');
  }
  return object.type.resource;
}
