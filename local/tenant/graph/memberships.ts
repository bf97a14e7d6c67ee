import { createHash } from 'node:crypto';
import { groupsAround, groupsOf } from '../directory/groups';
import { assignmentsOf, definitionOf, directAssignments } from '../directory/roles';
import type { Reply } from '../http/message';
import { flag, text, texts, type Entity, type View } from '../store/snapshot';
import { tenantId } from '../tenant';
import { listOf, listReply } from './odata/list';
import type { TypedEntity } from './odata/projection';
import {
  administrativeUnitType,
  applicationType,
  directoryRoleType,
  groupType,
  mixedType,
  servicePrincipalType,
  userType,
  type ObjectType,
} from './odata/types';
import type { Call, Route } from './route';
import { userOf } from './targets';

/** The directoryRole object of a built-in role: its own id in every tenant, made from tenant and template. */
function directoryRole(view: View, definition: Entity): Entity {
  const templateId = text(definition, 'templateId') ?? definition.id;
  const hash = createHash('sha256')
    .update(`${tenantId(view)}/${templateId}`)
    .digest('hex');
  const id = [8, 4, 4, 4, 12]
    .map((length, index, all) => {
      const start = all.slice(0, index).reduce((sum, one) => sum + one, 0);
      return hash.slice(start, start + length);
    })
    .join('-');
  const { displayName, description } = definition;
  return { id, displayName, description, roleTemplateId: templateId };
}

/** Built-in roles held for the whole directory; custom and scoped ones have no directoryRole object. */
function rolesFrom(view: View, assignments: readonly Entity[]): Entity[] {
  const held = assignments
    .filter((assignment) => text(assignment, 'directoryScopeId') === '/')
    .map((assignment) => definitionOf(view, assignment));
  const builtIn = [...new Set(held)].filter((definition) => definition !== undefined && flag(definition, 'isBuiltIn'));
  return builtIn.flatMap((definition) => (definition === undefined ? [] : [directoryRole(view, definition)]));
}

const unitsOf = (view: View, userId: string): Entity[] =>
  view.list('administrativeUnits').filter((unit) => texts(unit, 'members').includes(userId));

const typed = (type: ObjectType, entities: readonly Entity[]): TypedEntity[] =>
  entities.map((entity) => ({ type, entity }));

function direct(call: Call): { groups: Entity[]; roles: Entity[]; units: Entity[] } {
  const { replica } = call;
  const { id } = userOf(call);
  return {
    groups: groupsOf(replica, id),
    roles: rolesFrom(replica, directAssignments(replica, id)),
    units: unitsOf(replica, id),
  };
}

function memberOf(call: Call): Reply {
  const { groups, roles, units } = direct(call);
  const all = [
    ...typed(groupType, groups),
    ...typed(directoryRoleType, roles),
    ...typed(administrativeUnitType, units),
  ];
  return listReply(call, mixedType, all, { context: 'directoryObjects', mixed: true });
}

function transitiveMemberOf(call: Call): Reply {
  const { replica } = call;
  const { id } = userOf(call);
  const all = [
    ...typed(groupType, groupsAround(replica, id)),
    ...typed(directoryRoleType, rolesFrom(replica, assignmentsOf(replica, id))),
    ...typed(administrativeUnitType, unitsOf(replica, id)),
  ];
  return listReply(call, mixedType, all, { context: 'directoryObjects', mixed: true });
}

function owned(call: Call): TypedEntity[] {
  const { id } = userOf(call);
  const ownedIn = (collection: string): Entity[] =>
    call.replica.list(collection).filter((object) => texts(object, 'owners').includes(id));
  return [groupType, servicePrincipalType, applicationType].flatMap((type) => typed(type, ownedIn(type.collection)));
}

function ownedGroups(call: Call): Reply {
  const groups = owned(call).filter(({ type }) => type === groupType);
  return listReply(call, groupType, groups, { context: 'groups' });
}

function directReports(call: Call): Reply {
  const { id } = userOf(call);
  const reports = call.replica.list('users').filter((user) => text(user, 'manager') === id);
  return listReply(call, mixedType, typed(userType, reports), { context: 'directoryObjects', mixed: true });
}

/** What a user belongs to and owns, seen from the user. */
export const membershipRoutes: readonly Route[] = [
  { method: 'GET', path: '/users/{user-id}/memberOf', handle: memberOf },
  {
    method: 'GET',
    path: '/users/{user-id}/memberOf/microsoft.graph.group',
    handle: (call) => listOf(call, groupType, direct(call).groups, { context: 'groups' }),
  },
  {
    method: 'GET',
    path: '/users/{user-id}/memberOf/microsoft.graph.directoryRole',
    handle: (call) => listOf(call, directoryRoleType, direct(call).roles, { context: 'directoryRoles' }),
  },
  {
    method: 'GET',
    path: '/users/{user-id}/memberOf/microsoft.graph.administrativeUnit',
    handle: (call) => listOf(call, administrativeUnitType, direct(call).units, { context: 'administrativeUnits' }),
  },
  { method: 'GET', path: '/users/{user-id}/transitiveMemberOf', handle: transitiveMemberOf },
  {
    method: 'GET',
    path: '/users/{user-id}/transitiveMemberOf/microsoft.graph.group',
    handle: (call) => listOf(call, groupType, groupsAround(call.replica, userOf(call).id), { context: 'groups' }),
  },
  {
    method: 'GET',
    path: '/users/{user-id}/ownedObjects',
    handle: (call) => listReply(call, mixedType, owned(call), { context: 'directoryObjects', mixed: true }),
  },
  {
    method: 'GET',
    path: '/users/{user-id}/ownedObjects/microsoft.graph.group',
    // Microsoft's permission data has no row of its own for the cast; it needs what the list without it needs.
    allOf: [['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All']],
    handle: ownedGroups,
  },
  { method: 'GET', path: '/users/{user-id}/directReports', handle: directReports },
];
