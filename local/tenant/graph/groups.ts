import {
  isDynamic,
  isExchangeOwned,
  isRoleAssignable,
  isSynchronized,
  isUnified,
  membersWithin,
  refusesGuests,
} from '../directory/groups';
import { noContent, type Reply } from '../http/message';
import { text, texts, type Entity } from '../store/snapshot';
import { referencedId } from './bodies';
import { badRequest, denied, notFound, referenceExists, referenceMissing } from './errors';
import { listOf, listReply } from './odata/list';
import { entityReply, type TypedEntity } from './odata/projection';
import { administrativeUnitType, applicationType, groupType, mixedType, userType } from './odata/types';
import { isGuid, normalId, param, requirePermission, type Call, type Route } from './route';
import { directoryObject, liveObjects, objectForWrite, objectOf } from './targets';

type Link = 'members' | 'owners';

const groupOf = (call: Call): Entity => objectOf(call, 'groups', 'group-id');

function linked(call: Call, link: Link): TypedEntity[] {
  const group = groupOf(call);
  // A group with hidden membership shows its members only to callers with their own permission for it.
  const hidden = text(group, 'visibility') === 'HiddenMembership' && link === 'members';
  if (hidden && !call.caller.roles.has('Member.Read.Hidden')) return [];
  return liveObjects(call.replica, texts(group, link));
}

const listLinked = (link: Link) => (call: Call) =>
  listReply(call, mixedType, linked(call, link), { context: 'directoryObjects', mixed: true });

const listReferences = (link: Link) => (call: Call) => references(call, linked(call, link));

/** Answers links instead of objects, as `…/$ref` does: texts, by Microsoft's published description. */
export function references(call: Call, objects: readonly TypedEntity[]): Reply {
  return {
    status: 200,
    body: {
      '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#Collection($ref)`,
      value: objects.map((object) => linkTo(call, object)),
    },
  };
}

/** The address of an object, with its type. */
export const linkTo = (call: Call, { type, entity }: TypedEntity): string =>
  `${call.tenant.origin()}/v1.0/directoryObjects/${entity.id}/${type.odataType.slice(1)}`;

function transitiveMembers(call: Call): Reply {
  const members = liveObjects(call.replica, [...membersWithin(call.replica, groupOf(call).id)]);
  return listReply(call, mixedType, members, { context: 'directoryObjects', mixed: true });
}

/** Refuses groups whose members and owners Graph cannot write, in the words Graph uses for each. */
export function requireWritable(call: Call, group: Entity, link: Link): void {
  if (isSynchronized(group)) {
    throw badRequest(
      'Unable to update the specified properties for objects that have originated within an external service.',
    );
  }
  if (isExchangeOwned(group)) {
    throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.');
  }
  if (link === 'members' && isDynamic(group)) throw denied();
  if (isRoleAssignable(group)) requirePermission(call, 'RoleManagement.ReadWrite.Directory');
}

/** The object a new link points at. Unknown everywhere → 404; only not yet replicated → 400, as Graph answers. */
function referenced(call: Call): TypedEntity {
  const id = referencedId(call);
  const object = directoryObject(call.tenant.store.primary(), id);
  if (object === undefined) throw notFound(id);
  if (directoryObject(call.replica, id) === undefined) throw referenceMissing();
  return object;
}

/** Refuses an object that the group cannot have as a member or owner. */
export function requireFitting(group: Entity, object: TypedEntity, link: Link): void {
  const { type, entity } = object;
  const isUser = type === userType;
  if (type === applicationType || type === administrativeUnitType) {
    throw badRequest(`An object of this type cannot be added to property '${link}'.`);
  }
  if (isUnified(group) && !isUser) throw badRequest('The specified member type is not supported for a Unified group.');
  if (isRoleAssignable(group) && type === groupType) {
    throw badRequest('Nesting is currently not supported for groups that can be assigned to a role.');
  }
  if (link === 'owners' && type === groupType) throw badRequest("A group cannot be added to property 'owners'.");
  const guest = isUser && text(entity, 'userType') === 'Guest';
  if (guest && isUnified(group) && refusesGuests(group)) {
    throw badRequest('Guests users are not allowed to join this Unified Group due to policy setting.');
  }
}

const addLink =
  (link: Link) =>
  (call: Call): Reply => {
    const group = objectForWrite(call, 'groups', 'group-id');
    requireWritable(call, group, link);
    const object = referenced(call);
    requireFitting(group, object, link);
    const ids = texts(group, link);
    if (ids.includes(object.entity.id)) throw referenceExists(link);
    if (link === 'owners' && ids.length >= 100) throw badRequest('The number of owners is limited to 100.');
    call.tenant.store.transaction((tx) => tx.patch('groups', group.id, { [link]: [...ids, object.entity.id] }));
    return noContent();
  };

const removeLink =
  (link: Link) =>
  (call: Call): Reply => {
    const group = objectForWrite(call, 'groups', 'group-id');
    requireWritable(call, group, link);
    const id = normalId(param(call, 'directoryObject-id'));
    const ids = texts(group, link);
    if (!isGuid(id) || !ids.includes(id)) throw notFound(id);
    const live = liveObjects(call.tenant.store.primary(), ids);
    if (link === 'owners' && live.length === 1 && live[0]?.entity.id === id) {
      throw badRequest('The group must have at least one owner, hence this owner cannot be removed.');
    }
    call.tenant.store.transaction((tx) => tx.patch('groups', group.id, { [link]: ids.filter((one) => one !== id) }));
    return noContent();
  };

/** Groups with their members and owners. */
export const groupRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/groups',
    handle: (call) => listOf(call, groupType, call.replica.list('groups'), { context: 'groups' }),
  },
  {
    method: 'GET',
    path: '/groups/{group-id}',
    handle: (call) => entityReply(call, { type: groupType, entity: groupOf(call) }, 'groups'),
  },
  { method: 'GET', path: '/groups/{group-id}/members', handle: listLinked('members') },
  { method: 'GET', path: '/groups/{group-id}/members/$ref', handle: listReferences('members') },
  { method: 'POST', path: '/groups/{group-id}/members/$ref', handle: addLink('members') },
  {
    method: 'DELETE',
    path: '/groups/{group-id}/members/{directoryObject-id}/$ref',
    handle: removeLink('members'),
  },
  { method: 'GET', path: '/groups/{group-id}/owners', handle: listLinked('owners') },
  { method: 'GET', path: '/groups/{group-id}/owners/$ref', handle: listReferences('owners') },
  { method: 'POST', path: '/groups/{group-id}/owners/$ref', handle: addLink('owners') },
  { method: 'DELETE', path: '/groups/{group-id}/owners/{directoryObject-id}/$ref', handle: removeLink('owners') },
  { method: 'GET', path: '/groups/{group-id}/transitiveMembers', handle: transitiveMembers },
];
