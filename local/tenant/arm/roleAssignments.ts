import { directoryObject } from '../graph/targets';
import { isGuid } from '../graph/route';
import { created, noContent, ok, type Reply } from '../http/message';
import { isRecord, text, type Entity, type View } from '../store/snapshot';
import type { ArmCall, ArmRoute } from './api';
import { grantsAction, holdersFor, propertiesOf, requireAllowed, roleDefinition, roleGuid } from './rbac';
import { ArmError } from './errors';
import { assignmentId, assignmentsAt, isAbout, scheduleBehind, scheduleCollections } from './schedules';
import { ancestors, isInside, requireScope, sameScope, scopeOfPath } from './scopes';

const action = (verb: 'read' | 'write' | 'delete'): string => `Microsoft.Authorization/roleAssignments/${verb}`;

const pageSize = 100;

/**
 * Assignments at the scope, inherited from above and, within subscriptions, below it. A management group's list does
 * not go down into its subscriptions: whoever wants all must ask each subscription.
 */
function list(call: ArmCall): Reply {
  const { replica, caller, query } = call;
  const scope = scopeOfPath(call.groups[0]);
  requireScope(call.tenant.store.primary(), scope);
  requireAllowed(call.tenant.store.primary(), caller, action('read'), scope);
  const filter = readFilter(query.get('$filter'));
  const above = ancestors(replica, scope);
  const holders = filter.assignedTo === undefined ? undefined : holdersFor(replica, filter.assignedTo);
  const matching = assignmentsAt(replica, call.tenant.clock.now()).filter((assignment) => {
    const { scope: at, principalId } = propertiesOf(assignment);
    const here = sameScope(String(at), scope) || above.some((one) => sameScope(one, String(at)));
    const place = here || (!filter.atScope && isInside(String(at), scope));
    const person = filter.principalId === undefined || filter.principalId === principalId;
    return place && person && (holders?.has(String(principalId)) ?? true);
  });
  const start = Number(query.get('$skipToken') ?? '0');
  const page = matching.slice(start, start + pageSize);
  const next = new URLSearchParams(query);
  next.set('$skipToken', String(start + pageSize));
  const more = start + pageSize < matching.length;
  return ok({
    value: page.map(shown),
    ...(more ? { nextLink: `${call.tenant.origin()}${encodeURI(call.path)}?${next.toString()}` } : {}),
  });
}

interface AssignmentFilter {
  readonly principalId?: string;
  readonly assignedTo?: string;
  readonly atScope: boolean;
}

function readFilter(source: string | null): AssignmentFilter {
  let filter: AssignmentFilter = { atScope: false };
  for (const part of source === null || source === '' ? [] : source.split(/\s+and\s+/i)) {
    const [, principalId] = /^principalId\s+eq\s+'([^']*)'$/i.exec(part.trim()) ?? [];
    const [, assignedTo] = /^assignedTo\('([^']*)'\)$/i.exec(part.trim()) ?? [];
    if (/^atScope\(\)$/i.test(part.trim())) filter = { ...filter, atScope: true };
    else if (principalId !== undefined) filter = { ...filter, principalId: principalId.toLowerCase() };
    else if (assignedTo !== undefined) filter = { ...filter, assignedTo: assignedTo.toLowerCase() };
    else throw new ArmError(400, 'UnsupportedQuery', `The filter '${part}' is not supported.`);
  }
  return filter;
}

const shown = ({ id, name, type, properties }: Entity): unknown => ({ id, name, type, properties });

function find(call: ArmCall, view: View, scope: string, name: string): Entity | undefined {
  return assignmentsAt(view, call.tenant.clock.now()).find(
    (one) => text(one, 'name') === name && sameScope(String(propertiesOf(one)['scope']), scope),
  );
}

const nameOf = (call: ArmCall): string => (call.groups[1] ?? '').toLowerCase();

function get(call: ArmCall): Reply {
  const scope = scopeOfPath(call.groups[0]);
  requireAllowed(call.tenant.store.primary(), call.caller, action('read'), scope);
  const found = find(call, call.replica, scope, nameOf(call));
  if (found === undefined) {
    throw new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${nameOf(call)}' is not found.`);
  }
  return ok(shown(found));
}

function put(call: ArmCall): Reply {
  const scope = scopeOfPath(call.groups[0]);
  const name = nameOf(call);
  const view = call.tenant.store.primary();
  requireScope(view, scope);
  requireAllowed(view, call.caller, action('write'), scope);
  if (!isGuid(name)) {
    throw new ArmError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment ID '${name}' is not valid. It must be a GUID.`,
    );
  }
  const wanted = readBody(call.body);
  const definition = roleDefinition(view, wanted.roleDefinitionId);
  if (definition === undefined) {
    const text = `The specified role definition with ID '${roleGuid(wanted.roleDefinitionId)}' does not exist.`;
    throw new ArmError(400, 'RoleDefinitionDoesNotExist', text);
  }
  const before = view.list('azureRoleAssignments').find((one) => text(one, 'name') === name);
  if (before !== undefined && !isAbout(before, { scope, ...wanted })) {
    const text = 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.';
    throw new ArmError(400, 'RoleAssignmentUpdateNotPermitted', text);
  }
  const others = assignmentsAt(view, call.tenant.clock.now());
  if (before === undefined && others.some((one) => isAbout(one, { scope, ...wanted }))) {
    throw new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
  }
  const principalType = checkPrincipal(call, wanted);
  const stamp = new Date(call.tenant.clock.now()).toISOString();
  const entity: Entity = {
    id: assignmentId(scope, name),
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: wanted.roleDefinitionId,
      principalId: wanted.principalId,
      principalType,
      scope,
      condition: wanted.condition,
      conditionVersion: wanted.conditionVersion,
      description: wanted.description,
      createdOn: before === undefined ? stamp : propertiesOf(before)['createdOn'],
      updatedOn: stamp,
      createdBy: before === undefined ? call.caller.objectId : propertiesOf(before)['createdBy'],
      updatedBy: call.caller.objectId,
    },
  };
  call.tenant.store.transaction((tx) => {
    if (before !== undefined) tx.remove('azureRoleAssignments', before.id);
    tx.put('azureRoleAssignments', entity);
  });
  return before === undefined ? created(shown(entity)) : ok(shown(entity));
}

interface WantedAssignment {
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string | undefined;
  readonly condition: string | null;
  readonly conditionVersion: string | null;
  readonly description: string | null;
}

function readBody(body: unknown): WantedAssignment {
  const properties = isRecord(body) && isRecord(body['properties']) ? body['properties'] : {};
  const value = (name: string): string | undefined => {
    const found = properties[name];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const roleDefinitionId = value('roleDefinitionId');
  const principalId = value('principalId')?.toLowerCase();
  if (roleDefinitionId === undefined || principalId === undefined || !isGuid(principalId)) {
    throw new ArmError(400, 'BadRequestFormat', 'The request was incorrectly formatted.');
  }
  const condition = value('condition') ?? null;
  if (condition !== null && value('conditionVersion') !== '2.0') {
    throw new ArmError(400, 'InvalidConditionVersion', 'A condition needs the conditionVersion 2.0.');
  }
  return {
    roleDefinitionId,
    principalId,
    principalType: value('principalType'),
    condition,
    conditionVersion: condition === null ? null : '2.0',
    description: value('description') ?? null,
  };
}

/**
 * The principal's type. Without `principalType` the principal must have reached the replica that checks it; with it,
 * Resource Manager waits for the replication on its own.
 */
function checkPrincipal(call: ArmCall, { principalId, principalType }: WantedAssignment): string {
  const object = directoryObject(call.tenant.store.primary(), principalId);
  const replicated = directoryObject(call.replica, principalId) !== undefined;
  if (object === undefined || (!replicated && principalType === undefined)) {
    throw new ArmError(
      400,
      'PrincipalNotFound',
      `Principal ${principalId} does not exist in the directory. Check that you have the correct principal ID. If you ` +
        'are creating this principal and then immediately assigning a role, this error might be related to a replication ' +
        'delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.',
    );
  }
  const actual = object.type.resource;
  if (principalType !== undefined && principalType.toLowerCase() !== actual.toLowerCase()) {
    const text = `The principal '${principalId}' is of type '${actual}', not '${principalType}'.`;
    throw new ArmError(400, 'UnmatchedPrincipalType', text);
  }
  return actual;
}

/** 200 with the removed assignment, 204 when there was none. With an assignment of PIM its schedule ends. */
function remove(call: ArmCall): Reply {
  const scope = scopeOfPath(call.groups[0]);
  const view = call.tenant.store.primary();
  requireAllowed(view, call.caller, action('delete'), scope);
  const found = find(call, view, scope, nameOf(call));
  if (found === undefined) return noContent();
  if (isLastAdministrator(view, found, scope)) {
    throw new ArmError(400, 'RoleAssignmentDeleteNotPermitted', 'Cannot delete the last RBAC admin assignment');
  }
  const schedule = scheduleBehind(view, found);
  call.tenant.store.transaction((tx) => {
    if (schedule === undefined) tx.remove('azureRoleAssignments', found.id);
    else tx.remove(scheduleCollections.active, schedule.id);
  });
  return ok(shown(found));
}

/** Somebody must be left who may assign roles at a subscription. */
function isLastAdministrator(view: View, assignment: Entity, scope: string): boolean {
  if (!/^\/subscriptions\/[^/]+$/i.test(scope)) return false;
  const scopes = [scope, ...ancestors(view, scope)];
  const administrators = view.list('azureRoleAssignments').filter((one) => {
    const at = String(propertiesOf(one)['scope']);
    return scopes.some((place) => sameScope(place, at)) && grantsAction(view, one, action('write'));
  });
  return administrators.length === 1 && administrators[0]?.id === assignment.id;
}

const collection = /^(.*)\/providers\/Microsoft\.Authorization\/roleAssignments\/?$/i;
const item = /^(.*)\/providers\/Microsoft\.Authorization\/roleAssignments\/([^/]+)$/i;

/** Azure role assignments at every kind of scope. */
export const roleAssignmentRoutes: readonly ArmRoute[] = [
  { method: 'GET', pattern: collection, handle: list },
  { method: 'GET', pattern: item, handle: get },
  { method: 'PUT', pattern: item, handle: put },
  { method: 'DELETE', pattern: item, handle: remove },
];
