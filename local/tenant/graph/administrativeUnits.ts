import { holdsRole, roleTemplates } from '../directory/roles';
import { noContent, type Reply } from '../http/message';
import { flag, text, texts, type Entity } from '../store/snapshot';
import { referencedId } from './bodies';
import { badRequest, denied, notFound, referenceExists, referenceMissing } from './errors';
import { references } from './groups';
import { listOf, listReply } from './odata/list';
import { entityReply, type TypedEntity } from './odata/projection';
import { administrativeUnitType, groupType, mixedType, userType } from './odata/types';
import { param, type Call, type Route } from './route';
import { directoryObject, liveObjects, objectForWrite, objectOf } from './targets';

const unitOf = (call: Call): Entity => objectOf(call, 'administrativeUnits', 'administrativeUnit-id');

const members = (call: Call): TypedEntity[] => liveObjects(call.replica, texts(unitOf(call), 'members'));

/** Members of a restricted management unit are added and removed by two roles for the whole directory alone. */
function unitForWrite(call: Call): Entity {
  const unit = objectForWrite(call, 'administrativeUnits', 'administrativeUnit-id');
  if (text(unit, 'membershipType') === 'Dynamic') {
    throw badRequest('Members of an administrative unit with dynamic membership cannot be changed.');
  }
  const { globalAdministrator, privilegedRoleAdministrator } = roleTemplates;
  const { objectId } = call.caller;
  const view = call.tenant.store.primary();
  if (
    flag(unit, 'isMemberManagementRestricted') &&
    !holdsRole(view, objectId, globalAdministrator, privilegedRoleAdministrator)
  ) {
    throw denied();
  }
  return unit;
}

function addMember(call: Call): Reply {
  const unit = unitForWrite(call);
  const id = referencedId(call);
  const object = directoryObject(call.tenant.store.primary(), id);
  if (object === undefined) throw notFound(id);
  if (directoryObject(call.replica, id) === undefined) throw referenceMissing();
  if (object.type !== userType && object.type !== groupType) {
    throw badRequest('Only users, groups and devices can be members of an administrative unit.');
  }
  const ids = texts(unit, 'members');
  if (ids.includes(id)) throw referenceExists('members');
  call.tenant.store.transaction((tx) => tx.patch('administrativeUnits', unit.id, { members: [...ids, id] }));
  return noContent();
}

function removeMember(call: Call): Reply {
  const unit = unitForWrite(call);
  const id = param(call, 'directoryObject-id');
  const ids = texts(unit, 'members');
  if (!ids.includes(id)) throw notFound(id);
  call.tenant.store.transaction((tx) =>
    tx.patch('administrativeUnits', unit.id, { members: ids.filter((one) => one !== id) }),
  );
  return noContent();
}

/** Administrative units and their members. */
export const administrativeUnitRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/directory/administrativeUnits',
    handle: (call) =>
      listOf(call, administrativeUnitType, call.replica.list('administrativeUnits'), {
        context: 'administrativeUnits',
      }),
  },
  {
    method: 'GET',
    path: '/directory/administrativeUnits/{administrativeUnit-id}',
    handle: (call) =>
      entityReply(call, { type: administrativeUnitType, entity: unitOf(call) }, 'directory/administrativeUnits'),
  },
  {
    method: 'GET',
    path: '/directory/administrativeUnits/{administrativeUnit-id}/members',
    handle: (call) => listReply(call, mixedType, members(call), { context: 'directoryObjects', mixed: true }),
  },
  {
    method: 'GET',
    path: '/directory/administrativeUnits/{administrativeUnit-id}/members/$ref',
    handle: (call) => references(call, members(call)),
  },
  {
    method: 'POST',
    path: '/directory/administrativeUnits/{administrativeUnit-id}/members/$ref',
    handle: addMember,
  },
  {
    method: 'DELETE',
    path: '/directory/administrativeUnits/{administrativeUnit-id}/members/{directoryObject-id}/$ref',
    handle: removeMember,
  },
];
