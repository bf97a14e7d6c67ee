import { noContent, type Reply } from '../http/message';
import { texts } from '../store/snapshot';
import { referencedId } from './bodies';
import { badRequest, notFound, referenceExists, referenceMissing } from './errors';
import { listOf, listReply } from './odata/list';
import { entityReply } from './odata/projection';
import { applicationType, mixedType, servicePrincipalType, userType } from './odata/types';
import type { Call, Route } from './route';
import { directoryObject, liveObjects, objectForWrite, objectOf } from './targets';

type Owned = 'applications' | 'servicePrincipals';
const placeholders = { applications: 'application-id', servicePrincipals: 'servicePrincipal-id' } as const;

const owners =
  (collection: Owned) =>
  (call: Call): Reply => {
    const ids = texts(objectOf(call, collection, placeholders[collection]), 'owners');
    return listReply(call, mixedType, liveObjects(call.replica, ids), { context: 'directoryObjects', mixed: true });
  };

const addOwner =
  (collection: Owned) =>
  (call: Call): Reply => {
    const object = objectForWrite(call, collection, placeholders[collection]);
    const id = referencedId(call);
    const owner = directoryObject(call.tenant.store.primary(), id);
    if (owner === undefined) throw notFound(id);
    if (directoryObject(call.replica, id) === undefined) throw referenceMissing();
    if (owner.type !== userType && owner.type !== servicePrincipalType) {
      throw badRequest("The reference target is of a type that cannot be added to the property 'owners'.");
    }
    const ids = texts(object, 'owners');
    if (ids.includes(id)) throw referenceExists('owners');
    call.tenant.store.transaction((tx) => tx.patch(collection, object.id, { owners: [...ids, id] }));
    return noContent();
  };

// Pages application-list, application-get, application-list-owners and serviceprincipal-list-owners (v1.0).
const readable = [
  [
    'Application.Read.All',
    'Application.ReadWrite.All',
    'Application.ReadWrite.OwnedBy',
    'Directory.Read.All',
    'Directory.ReadWrite.All',
  ],
];

/**
 * Pages application-post-owners and serviceprincipal-post-owners: Application.ReadWrite.All (OwnedBy "will not be
 * sufficient") together with Directory.Read.All, or Directory.ReadWrite.All for both.
 */
const writable = [
  ['Application.ReadWrite.All', 'Directory.ReadWrite.All'],
  ['Directory.Read.All', 'Directory.ReadWrite.All'],
];

/** Application registrations, and the owners of applications and service principals. */
export const applicationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/applications',
    allOf: readable,
    handle: (call) => listOf(call, applicationType, call.replica.list('applications'), { context: 'applications' }),
  },
  {
    method: 'GET',
    path: '/applications/{application-id}',
    allOf: readable,
    handle: (call) =>
      entityReply(
        call,
        { type: applicationType, entity: objectOf(call, 'applications', 'application-id') },
        'applications',
      ),
  },
  {
    method: 'GET',
    path: '/applications/{application-id}/owners',
    allOf: readable,
    handle: owners('applications'),
  },
  {
    method: 'POST',
    path: '/applications/{application-id}/owners/$ref',
    allOf: writable,
    handle: addOwner('applications'),
  },
  {
    method: 'GET',
    path: '/servicePrincipals/{servicePrincipal-id}/owners',
    allOf: readable,
    handle: owners('servicePrincipals'),
  },
  {
    method: 'POST',
    path: '/servicePrincipals/{servicePrincipal-id}/owners/$ref',
    allOf: writable,
    handle: addOwner('servicePrincipals'),
  },
];
