import { randomBytes } from 'node:crypto';
import { created, noContent, type Reply } from '../http/message';
import { text, type Entity, type View } from '../store/snapshot';
import { objectBody, requiredGuid } from './bodies';
import { badRequest, notFound } from './errors';
import { listOf } from './odata/list';
import { entityReply, projected, type TypedEntity } from './odata/projection';
import { appRoleAssignmentType, groupType, userType } from './odata/types';
import { param, type Call, type Route } from './route';
import { directoryObject, objectForWrite, objectOf, userForWrite, userOf } from './targets';

/** "Default access", for applications without roles of their own. */
const defaultAppRole = '00000000-0000-0000-0000-000000000000';

const visible = (view: View): Entity[] =>
  view
    .list('appRoleAssignments')
    .filter((assignment) => directoryObject(view, text(assignment, 'principalId') ?? '') !== undefined);

const by = (call: Call, property: 'principalId' | 'resourceId', id: string): Entity[] =>
  visible(call.replica).filter((assignment) => text(assignment, property) === id);

const ofUser = (call: Call): Entity[] => by(call, 'principalId', userOf(call).id);

const ofResource = (call: Call): Entity[] =>
  by(call, 'resourceId', objectOf(call, 'servicePrincipals', 'servicePrincipal-id').id);

function one(call: Call, assignments: readonly Entity[]): Entity {
  const id = param(call, 'appRoleAssignment-id');
  const found = assignments.find((assignment) => assignment.id === id);
  if (found === undefined) throw notFound(id);
  return found;
}

function checkRole(resource: Entity, principal: TypedEntity, appRoleId: string): void {
  const roles = Array.isArray(resource['appRoles']) ? (resource['appRoles'] as Entity[]) : [];
  const wanted = principal.type === userType || principal.type === groupType ? 'User' : 'Application';
  const offered = roles.filter(
    (role) => role['isEnabled'] !== false && (role['allowedMemberTypes'] as string[] | undefined)?.includes(wanted),
  );
  const known = appRoleId === defaultAppRole ? offered.length === 0 : offered.some(({ id }) => id === appRoleId);
  if (!known) {
    throw badRequest(`Permission being assigned was not found on application '${text(resource, 'appId') ?? ''}'.`);
  }
}

/** Both ways of assigning end here; `expected` is the id that the path fixes. */
function assign(call: Call, expected: { readonly property: 'principalId' | 'resourceId'; readonly id: string }): Reply {
  const body = objectBody(call);
  const principalId = requiredGuid(body, 'principalId');
  const resourceId = requiredGuid(body, 'resourceId');
  const appRoleId = requiredGuid(body, 'appRoleId');
  if ((expected.property === 'principalId' ? principalId : resourceId) !== expected.id) {
    throw badRequest(`The ${expected.property} in the body does not match the object in the request URL.`);
  }
  const view = call.tenant.store.primary();
  const principal = directoryObject(view, principalId);
  const resource = view.get('servicePrincipals', resourceId);
  // The same words for an id that does not exist and for one that has not reached the replica yet.
  if (principal === undefined || resource === undefined || directoryObject(call.replica, principalId) === undefined) {
    throw badRequest('Not a valid reference update.');
  }
  checkRole(resource, principal, appRoleId);
  const same = view
    .list('appRoleAssignments')
    .some(
      (other) =>
        other['principalId'] === principalId && other['resourceId'] === resourceId && other['appRoleId'] === appRoleId,
    );
  if (same) throw badRequest('Permission being assigned already exists on the object');
  const entity: Entity = {
    id: randomBytes(32).toString('base64url'),
    deletedDateTime: null,
    appRoleId,
    createdDateTime: new Date(call.tenant.clock.now()).toISOString(),
    principalDisplayName: principal.entity['displayName'] ?? null,
    principalId,
    principalType: principal.type.resource,
    resourceDisplayName: resource['displayName'] ?? null,
    resourceId,
  };
  call.tenant.store.transaction((tx) => tx.put('appRoleAssignments', entity));
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#appRoleAssignments/$entity`,
    ...projected({ type: appRoleAssignmentType, entity }, undefined),
  });
}

function remove(call: Call, candidates: (call: Call) => Entity[]): Reply {
  const { id } = one(call, candidates(call));
  if (!call.tenant.store.primary().has('appRoleAssignments', id)) throw notFound(id);
  call.tenant.store.transaction((tx) => tx.remove('appRoleAssignments', id));
  return noContent();
}

const list = (call: Call, assignments: readonly Entity[]): Reply =>
  listOf(call, appRoleAssignmentType, assignments, { context: 'appRoleAssignments' });

const single = (call: Call, entity: Entity): Reply =>
  entityReply(call, { type: appRoleAssignmentType, entity }, 'appRoleAssignments');

const fromUser = '/users/{user-id}/appRoleAssignments';
const fromResource = '/servicePrincipals/{servicePrincipal-id}/appRoleAssignedTo';
const item = '/{appRoleAssignment-id}';

/** App role assignments, seen from the user and from the application. */
export const appRoleRoutes: readonly Route[] = [
  { method: 'GET', path: fromUser, handle: (call) => list(call, ofUser(call)) },
  { method: 'GET', path: fromUser + item, handle: (call) => single(call, one(call, ofUser(call))) },
  {
    method: 'POST',
    path: fromUser,
    handle: (call) => assign(call, { property: 'principalId', id: userForWrite(call).id }),
  },
  { method: 'DELETE', path: fromUser + item, handle: (call) => remove(call, ofUser) },
  { method: 'GET', path: fromResource, handle: (call) => list(call, ofResource(call)) },
  { method: 'GET', path: fromResource + item, handle: (call) => single(call, one(call, ofResource(call))) },
  {
    method: 'POST',
    path: fromResource,
    handle: (call) =>
      assign(call, {
        property: 'resourceId',
        id: objectForWrite(call, 'servicePrincipals', 'servicePrincipal-id').id,
      }),
  },
  { method: 'DELETE', path: fromResource + item, handle: (call) => remove(call, ofResource) },
];
