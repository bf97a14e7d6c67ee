import { softDelete } from '../directory/lifecycle';
import { noContent, ok, type Reply } from '../http/message';
import { text, texts, type Entity } from '../store/snapshot';
import { listOf } from './odata/list';
import { entityReply } from './odata/projection';
import { userType } from './odata/types';
import { requirePermission, type Call, type Route } from './route';
import { requireAuthorityOver, requireManageable, userForWrite, userOf } from './targets';
import { patchUser } from './userChanges';

const expandable = (call: Call) => ({
  manager: (user: Entity) => userSummary(call.replica.get('users', text(user, 'manager') ?? '')),
});

function userSummary(user: Entity | undefined): unknown {
  if (user === undefined) return null;
  return { '@odata.type': userType.odataType, id: user.id, displayName: user['displayName'] ?? null };
}

function listUsers(call: Call): Reply {
  checkSelectable(call);
  return listOf(call, userType, withUnits(call, call.replica.list('users')), {
    context: 'users',
    expand: expandable(call),
  });
}

function getUser(call: Call): Reply {
  checkSelectable(call);
  const [user] = withUnits(call, [userOf(call)]);
  return entityReply(call, { type: userType, entity: user ?? userOf(call) }, 'users', expandable(call));
}

/** `isManagementRestricted` follows from membership in a restricted management administrative unit. */
function withUnits(call: Call, users: readonly Entity[]): Entity[] {
  const restricted = new Set(
    call.replica
      .list('administrativeUnits')
      .filter((unit) => unit['isMemberManagementRestricted'] === true)
      .flatMap((unit) => texts(unit, 'members')),
  );
  return users.map((user) => (restricted.has(user.id) ? { ...user, isManagementRestricted: true } : user));
}

/** Custom security attributes are invisible without their own permission, even when selected. */
function checkSelectable(call: Call): void {
  const selected = call.query.get('$select')?.toLowerCase() ?? '';
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
