import { groupsAround } from '../directory/groups';
import { noContent, ok, type Reply } from '../http/message';
import { flag, text, texts, type Entity } from '../store/snapshot';
import { referencedId } from './bodies';
import { badRequest, notFound, referenceExists, referenceMissing, type GraphError } from './errors';
import { linkTo, references } from './groups';
import { listReply } from './odata/list';
import { entityReply, type TypedEntity } from './odata/projection';
import { groupType, mixedType, userType } from './odata/types';
import { param, type Call, type Route } from './route';
import { directoryObject, liveObjects, requireManageable, userForWrite, userOf } from './targets';

/** By the page on sponsors of guests: a guest can have so many at most. */
const mostSponsors = 5;

const noManager = (): GraphError => notFound('manager');

function managerOf(call: Call): Entity {
  const user = userOf(call);
  const manager = call.replica.get('users', text(user, 'manager') ?? '');
  if (manager === undefined) throw noManager();
  return manager;
}

function setManager(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  requireCloudManaged(user);
  const id = referencedId(call);
  const manager = directoryObject(call.tenant.store.primary(), id);
  if (manager === undefined) throw notFound(id);
  if (manager.type !== userType) throw badRequest('The manager of a user must be a user.');
  if (!call.replica.has('users', id)) throw referenceMissing();
  if (id === user.id) throw badRequest('A user cannot be their own manager.');
  call.tenant.store.transaction((tx) => tx.patch('users', user.id, { manager: id }));
  return noContent();
}

function removeManager(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  requireCloudManaged(user);
  if (text(user, 'manager') === undefined) throw noManager();
  call.tenant.store.transaction((tx) => tx.patch('users', user.id, { manager: undefined }));
  return noContent();
}

/** The manager of a synchronized user is what the local directory says. */
function requireCloudManaged(user: Entity): void {
  if (!flag(user, 'onPremisesSyncEnabled')) return;
  throw badRequest(
    'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
  );
}

function addSponsor(call: Call): Reply {
  const user = userForWrite(call);
  const id = referencedId(call);
  const sponsor = directoryObject(call.tenant.store.primary(), id);
  if (sponsor === undefined) throw notFound(id);
  if (sponsor.type !== userType && sponsor.type !== groupType) throw badRequest('A sponsor must be a user or a group.');
  if (directoryObject(call.replica, id) === undefined) throw referenceMissing();
  const ids = texts(user, 'sponsors');
  if (ids.includes(id)) throw referenceExists('sponsors');
  if (ids.length >= mostSponsors) throw badRequest(`A user can have at most ${mostSponsors} sponsors.`);
  call.tenant.store.transaction((tx) => tx.patch('users', user.id, { sponsors: [...ids, id] }));
  return noContent();
}

function removeSponsor(call: Call): Reply {
  const user = userForWrite(call);
  const id = param(call, 'directoryObject-id');
  const ids = texts(user, 'sponsors');
  if (!ids.includes(id)) throw notFound(id);
  call.tenant.store.transaction((tx) => tx.patch('users', user.id, { sponsors: ids.filter((one) => one !== id) }));
  return noContent();
}

const sponsorsOf = (call: Call) => liveObjects(call.replica, texts(userOf(call), 'sponsors'));

/** Whom the user sponsors, themselves or as a member of a group that is a sponsor. */
function sponsoredBy(call: Call): TypedEntity[] {
  const { id } = userOf(call);
  const sponsoring = new Set([id, ...groupsAround(call.replica, id).map((group) => group.id)]);
  return call.replica
    .list('users')
    .filter((user) => texts(user, 'sponsors').some((sponsor) => sponsoring.has(sponsor)))
    .map((entity) => ({ type: userType, entity }));
}

/** Manager and sponsors of a user. */
export const userLinkRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/users/{user-id}/manager',
    handle: (call) => {
      const reply = entityReply(call, { type: userType, entity: managerOf(call) }, 'directoryObjects');
      return ok({ '@odata.type': userType.odataType, ...(reply.body as object) });
    },
  },
  {
    method: 'GET',
    path: '/users/{user-id}/manager/$ref',
    handle: (call) => ok(linkTo(call, { type: userType, entity: managerOf(call) })),
  },
  { method: 'PUT', path: '/users/{user-id}/manager/$ref', handle: setManager },
  { method: 'DELETE', path: '/users/{user-id}/manager/$ref', handle: removeManager },
  {
    method: 'GET',
    path: '/users/{user-id}/sponsors',
    handle: (call) => listReply(call, mixedType, sponsorsOf(call), { context: 'directoryObjects', mixed: true }),
  },
  {
    method: 'GET',
    path: '/users/{user-id}/sponsors/$ref',
    handle: (call) => references(call, sponsorsOf(call)),
  },
  { method: 'POST', path: '/users/{user-id}/sponsors/$ref', handle: addSponsor },
  { method: 'DELETE', path: '/users/{user-id}/sponsors/{directoryObject-id}/$ref', handle: removeSponsor },
  {
    method: 'GET',
    path: '/users/{user-id}/sponsorOf',
    // Source: the page user-list-sponsorof of v1.0, 2026-07.
    allOf: [['User.Read.All', 'User.ReadWrite.All']],
    handle: (call) => listReply(call, mixedType, sponsoredBy(call), { context: 'directoryObjects', mixed: true }),
  },
];
