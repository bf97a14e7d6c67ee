import { softDelete } from '../directory/lifecycle';
import { noContent, ok, type Reply } from '../http/message';
import { text, type Entity } from '../store/snapshot';
import { isExtensionName, requireExtension } from './directoryExtensions';
import type { Chosen } from './odata/expand';
import { listOf } from './odata/list';
import { entityReply, projected } from './odata/projection';
import { userType } from './odata/types';
import { requirePermission, type Call, type Route } from './route';
import { requireAuthorityOver, requireManageable, userForWrite, userOf } from './targets';
import { patchUser } from './userChanges';
import { shownUsers } from './userView';

const expandable = (call: Call) => ({
  manager: (user: Entity, _nested: string | null, chosen: Chosen) =>
    related(call.replica.get('users', text(user, 'manager') ?? ''), chosen),
});

function related(user: Entity | undefined, chosen: Chosen): unknown {
  if (user === undefined) return undefined;
  return { '@odata.type': userType.odataType, ...projected({ type: userType, entity: user }, chosen) };
}

function listUsers(call: Call): Reply {
  checkSelectable(call);
  return listOf(call, userType, shownUsers(call.replica, call.replica.list('users')), {
    context: 'users',
    expand: expandable(call),
  });
}

function getUser(call: Call): Reply {
  checkSelectable(call);
  const [user] = shownUsers(call.replica, [userOf(call)]);
  return entityReply(call, { type: userType, entity: user ?? userOf(call) }, 'users', expandable(call));
}

/**
 * Some properties are invisible without a permission of their own, even when selected; directory extensions can be
 * selected only while somebody defines them.
 */
function checkSelectable(call: Call): void {
  const source = call.query.get('$select') ?? '';
  for (const name of source.split(',').filter(isExtensionName)) requireExtension(call.replica, name);
  const selected = source.toLowerCase();
  if (selected.includes('employeeleavedatetime')) {
    requirePermission(call, 'User-LifeCycleInfo.Read.All', 'User-LifeCycleInfo.ReadWrite.All');
  }
  if (selected.includes('customsecurityattributes')) {
    requirePermission(call, 'CustomSecAttributeAssignment.Read.All', 'CustomSecAttributeAssignment.ReadWrite.All');
  }
  if (selected.includes('signinactivity')) requirePermission(call, 'AuditLog.Read.All');
}

function deleteUser(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  requireAuthorityOver(call, user);
  call.tenant.store.transaction((tx) => softDelete(tx, user.id, call.tenant.clock.now()));
  return noContent();
}

function revokeSessions(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  call.tenant.store.transaction((tx) =>
    tx.patch('users', user.id, { signInSessionsValidFromDateTime: call.tenant.clock.stamp() }),
  );
  return ok({ '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#Edm.Boolean`, value: true });
}

/** Users themselves; their links are in userLinks.ts and memberships.ts. */
export const userRoutes: readonly Route[] = [
  { method: 'GET', path: '/users', handle: listUsers },
  { method: 'GET', path: '/users/{user-id}', handle: getUser },
  { method: 'PATCH', path: '/users/{user-id}', handle: patchUser },
  { method: 'DELETE', path: '/users/{user-id}', handle: deleteUser },
  { method: 'POST', path: '/users/{user-id}/revokeSignInSessions', handle: revokeSessions },
];
