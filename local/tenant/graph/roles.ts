import { randomBytes } from 'node:crypto';
import { directoryObject } from './targets';
import { roleTemplates } from '../directory/roles';
import { isRoleAssignable } from '../directory/groups';
import { created, noContent, type Reply } from '../http/message';
import { text, type Entity, type View } from '../store/snapshot';
import { objectBody, requiredGuid, requiredText } from './bodies';
import { badRequest, notFound } from './errors';
import { listOf } from './odata/list';
import { entityReply, projected } from './odata/projection';
import { groupType, roleAssignmentType, roleDefinitionType, userType } from './odata/types';
import type { Call, Route } from './route';
import { objectForWrite, objectOf } from './targets';

/** Assignments whose principal is live; those of soft-deleted users are out of sight until the restore. */
const visible = (view: View): Entity[] =>
  view
    .list('roleAssignments')
    .filter((assignment) => directoryObject(view, text(assignment, 'principalId') ?? '') !== undefined);

const expandable = (call: Call) => ({
  roleDefinition: (assignment: Entity) => {
    const entity = call.replica.get('roleDefinitions', text(assignment, 'roleDefinitionId') ?? '');
    return entity === undefined ? null : projected({ type: roleDefinitionType, entity }, undefined);
  },
  principal: (assignment: Entity) => {
    const object = directoryObject(call.replica, text(assignment, 'principalId') ?? '');
    return object === undefined ? null : { '@odata.type': object.type.odataType, ...projected(object, undefined) };
  },
});

function getAssignment(call: Call): Reply {
  const entity = objectOf(call, 'roleAssignments', 'unifiedRoleAssignment-id');
  if (!visible(call.replica).includes(entity)) throw notFound(entity.id);
  return entityReply(
    call,
    { type: roleAssignmentType, entity },
    'roleManagement/directory/roleAssignments',
    expandable(call),
  );
}

const conflict = () =>
  badRequest('A conflicting object with one or more of the specified property values is present in the directory.');

function createAssignment(call: Call): Reply {
  const body = objectBody(call);
  const roleDefinitionId = requiredGuid(body, 'roleDefinitionId');
  const principalId = requiredGuid(body, 'principalId');
  const directoryScopeId = requiredText(body, 'directoryScopeId');
  const view = call.tenant.store.primary();
  const definition = roleDefinition(view, roleDefinitionId);
  if (definition === undefined) throw notFound(roleDefinitionId);
  const principal = directoryObject(view, principalId);
  if (principal === undefined || directoryObject(call.replica, principalId) === undefined) throw notFound(principalId);
  if (principal.type === groupType && !isRoleAssignable(principal.entity)) {
    throw badRequest('The group must be assignable to roles (isAssignableToRole) to be given a role.');
  }
  requireScope(view, directoryScopeId);
  const same = view
    .list('roleAssignments')
    .some(
      (one) =>
        one['principalId'] === principalId &&
        one['roleDefinitionId'] === definition.id &&
        one['directoryScopeId'] === directoryScopeId,
    );
  if (same) throw conflict();
  const entity: Entity = {
    id: `${randomBytes(32).toString('base64url')}-1`,
    principalId,
    roleDefinitionId: definition.id,
    directoryScopeId,
    ...(typeof body['condition'] === 'string' ? { condition: body['condition'] } : {}),
  };
  call.tenant.store.transaction((tx) => tx.put('roleAssignments', entity));
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#roleManagement/directory/roleAssignments/$entity`,
    ...projected({ type: roleAssignmentType, entity }, undefined),
  });
}

/** By its id or, for built-in roles, by the template id (the same in most tenants). */
export function roleDefinition(view: View, id: string): Entity | undefined {
  return (
    view.get('roleDefinitions', id) ??
    view.list('roleDefinitions').find((definition) => text(definition, 'templateId') === id)
  );
}

/** Refuses a scope that does not exist: the tenant, an administrative unit, an application or a group. */
export function requireScope(view: View, scope: string): void {
  if (scope === '/') return;
  const [, unitId] = /^\/administrativeUnits\/([0-9a-f-]{36})$/i.exec(scope) ?? [];
  const [, objectId] = /^\/([0-9a-f-]{36})$/i.exec(scope) ?? [];
  const known =
    (unitId !== undefined && view.has('administrativeUnits', unitId.toLowerCase())) ||
    (objectId !== undefined &&
      (view.has('servicePrincipals', objectId.toLowerCase()) || view.has('groups', objectId.toLowerCase())));
  if (!known) throw notFound(unitId ?? objectId ?? scope);
}

function deleteAssignment(call: Call): Reply {
  const assignment = objectForWrite(call, 'roleAssignments', 'unifiedRoleAssignment-id');
  const view = call.tenant.store.primary();
  if (!visible(view).includes(assignment)) throw notFound(assignment.id);
  if (isLastGlobalAdministrator(view, assignment)) {
    throw badRequest('The last Global Administrator cannot be removed.');
  }
  call.tenant.store.transaction((tx) => tx.remove('roleAssignments', assignment.id));
  return noContent();
}

/** True for the assignment without which nobody would be Global Administrator. */
export function isLastGlobalAdministrator(view: View, assignment: Entity): boolean {
  const isGlobal = (one: Entity): boolean =>
    text(roleDefinition(view, text(one, 'roleDefinitionId') ?? ''), 'templateId') ===
      roleTemplates.globalAdministrator &&
    text(one, 'directoryScopeId') === '/' &&
    directoryObject(view, text(one, 'principalId') ?? '')?.type === userType;
  return isGlobal(assignment) && visible(view).filter(isGlobal).length === 1;
}

/** Directory roles: definitions and assignments. */
export const roleRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/roleManagement/directory/roleAssignments',
    handle: (call) =>
      listOf(call, roleAssignmentType, visible(call.replica), {
        context: 'roleManagement/directory/roleAssignments',
        expand: expandable(call),
      }),
  },
  {
    method: 'GET',
    path: '/roleManagement/directory/roleAssignments/{unifiedRoleAssignment-id}',
    handle: getAssignment,
  },
  { method: 'POST', path: '/roleManagement/directory/roleAssignments', handle: createAssignment },
  {
    method: 'DELETE',
    path: '/roleManagement/directory/roleAssignments/{unifiedRoleAssignment-id}',
    handle: deleteAssignment,
  },
  {
    method: 'GET',
    path: '/roleManagement/directory/roleDefinitions',
    handle: (call) =>
      listOf(call, roleDefinitionType, call.replica.list('roleDefinitions'), {
        context: 'roleManagement/directory/roleDefinitions',
      }),
  },
  {
    method: 'GET',
    path: '/roleManagement/directory/roleDefinitions/{unifiedRoleDefinition-id}',
    handle: (call) =>
      entityReply(
        call,
        { type: roleDefinitionType, entity: objectOf(call, 'roleDefinitions', 'unifiedRoleDefinition-id') },
        'roleManagement/directory/roleDefinitions',
      ),
  },
];
