import { conflictOf, isPurgeProtected, purge, restoreUser } from '../directory/lifecycle';
import { mayActOn, mayManage } from '../directory/roles';
import { noContent, ok, type Reply } from '../http/message';
import { isRecord, type Entity } from '../store/snapshot';
import { GraphError, badRequest, denied, notFound } from './errors';
import { listOf } from './odata/list';
import { projected, selection } from './odata/projection';
import { groupType, userType } from './odata/types';
import { param, type Call, type Route } from './route';

/** The deleted user named in the path as this request's replica shows it. */
function deletedOf(call: Call): Entity {
  const id = param(call, 'directoryObject-id');
  const user = call.replica.get('deletedUsers', id);
  if (user === undefined) throw notFound(id);
  return user;
}

/** For a write: known to the replica (right after the deletion it may not be) and still in the recycle bin. */
function deletedForWrite(call: Call): Entity {
  const { id } = deletedOf(call);
  const view = call.tenant.store.primary();
  const user = view.get('deletedUsers', id);
  if (user === undefined) throw notFound(id);
  const { objectId } = call.caller;
  if (!mayManage(view, objectId, id) || !mayActOn(view, objectId, id)) throw denied();
  return user;
}

function answer(call: Call, user: Entity): Reply {
  const chosen = selection(call.query, userType);
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#directoryObjects/$entity`,
    '@odata.type': userType.odataType,
    ...projected({ type: userType, entity: user }, chosen),
  });
}

function restore(call: Call): Reply {
  const user = deletedForWrite(call);
  const options = isRecord(call.body) ? call.body : {};
  const newName = options['newUserPrincipalName'];
  const changes: Record<string, unknown> = typeof newName === 'string' ? { userPrincipalName: newName } : {};
  const conflict = conflictOf(call.tenant.store.primary(), user);
  if (conflict === 'proxyAddresses' && options['autoReconcileProxyConflict'] === true) {
    changes['proxyAddresses'] = [];
  } else if (conflict !== undefined && !(conflict === 'userPrincipalName' && newName !== undefined)) {
    const message = `Another object with the same value for property ${conflict} already exists.`;
    throw new GraphError(400, 'Request_BadRequest', message, {
      details: [{ code: 'ObjectConflict', message, target: conflict }],
    });
  }
  return answer(
    call,
    call.tenant.store.transaction((tx) => restoreUser(tx, user, changes)),
  );
}

function purgeItem(call: Call): Reply {
  const user = deletedForWrite(call);
  if (isPurgeProtected(user, call.tenant.clock.now())) {
    throw badRequest('The object is protected against permanent deletion and cannot be deleted yet.');
  }
  call.tenant.store.transaction((tx) => purge(tx, user.id));
  return noContent();
}

/** The recycle bin. Only users go through it here; the list of groups is always empty. */
export const deletedItemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/directory/deletedItems/microsoft.graph.user',
    handle: (call) => listOf(call, userType, call.replica.list('deletedUsers'), { context: 'users' }),
  },
  {
    method: 'GET',
    path: '/directory/deletedItems/microsoft.graph.group',
    handle: (call) => listOf(call, groupType, [], { context: 'groups' }),
  },
  {
    method: 'GET',
    path: '/directory/deletedItems/{directoryObject-id}',
    handle: (call) => answer(call, deletedOf(call)),
  },
  { method: 'DELETE', path: '/directory/deletedItems/{directoryObject-id}', handle: purgeItem },
  { method: 'POST', path: '/directory/deletedItems/{directoryObject-id}/restore', handle: restore },
];
