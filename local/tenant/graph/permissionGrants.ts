import { randomBytes } from 'node:crypto';
import { created, noContent, type Reply } from '../http/message';
import { text, type Entity, type View } from '../store/snapshot';
import { objectBody, requiredGuid, requiredText } from './bodies';
import { GraphError, badRequest } from './errors';
import { listOf } from './odata/list';
import { entityReply, projected } from './odata/projection';
import { permissionGrantType } from './odata/types';
import type { Call, Route } from './route';
import { objectForWrite, objectOf, userOf } from './targets';

const context = 'oauth2PermissionGrants';

/** Consents of soft-deleted users are out of sight until the restore. */
const visible = (view: View): Entity[] =>
  view.list(context).filter((grant) => {
    const principal = text(grant, 'principalId');
    return principal === undefined || view.has('users', principal);
  });

const list = (call: Call, grants: readonly Entity[]): Reply => listOf(call, permissionGrantType, grants, { context });

function create(call: Call): Reply {
  const body = objectBody(call);
  const clientId = requiredGuid(body, 'clientId');
  const resourceId = requiredGuid(body, 'resourceId');
  const consentType = requiredText(body, 'consentType');
  const scope = checkedScope(body);
  if (consentType !== 'Principal' && consentType !== 'AllPrincipals') {
    throw badRequest("Invalid value specified for property 'consentType' of resource 'OAuth2PermissionGrant'.");
  }
  const principalId = consentType === 'Principal' ? requiredGuid(body, 'principalId') : null;
  const view = call.tenant.store.primary();
  const known = view.has('servicePrincipals', clientId) && view.has('servicePrincipals', resourceId);
  if (!known || (principalId !== null && !(view.has('users', principalId) && call.replica.has('users', principalId)))) {
    throw badRequest('One or more of the objects being referenced do not exist.');
  }
  const same = view
    .list(context)
    .some(
      (other) =>
        other['clientId'] === clientId &&
        other['resourceId'] === resourceId &&
        other['consentType'] === consentType &&
        (other['principalId'] ?? null) === principalId,
    );
  if (same) {
    throw new GraphError(409, 'Request_MultipleObjectsWithSameKeyValue', 'Permission entry already exists.');
  }
  const entity: Entity = {
    id: randomBytes(32).toString('base64url'),
    clientId,
    consentType,
    principalId,
    resourceId,
    scope,
  };
  call.tenant.store.transaction((tx) => tx.put(context, entity));
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#${context}/$entity`,
    ...projected({ type: permissionGrantType, entity }, undefined),
  });
}

/** Only the scopes can be changed; they are replaced, not added to. */
function update(call: Call): Reply {
  const body = objectBody(call);
  const fixed = Object.keys(body).find((name) => name !== 'scope' && !name.startsWith('@odata.'));
  if (fixed !== undefined) throw badRequest(`Property '${fixed}' is read-only and cannot be set.`);
  const scope = checkedScope(body);
  const { id } = objectForWrite(call, context, 'oAuth2PermissionGrant-id');
  call.tenant.store.transaction((tx) => tx.patch(context, id, { scope }));
  return noContent();
}

function checkedScope(body: Readonly<Record<string, unknown>>): string {
  const scope = requiredText(body, 'scope');
  if (scope.length > 3850) throw badRequest("Invalid value specified for property 'scope' of resource.");
  return scope;
}

/** Delegated permission grants (consents). */
export const permissionGrantRoutes: readonly Route[] = [
  { method: 'GET', path: '/oauth2PermissionGrants', handle: (call) => list(call, visible(call.replica)) },
  {
    method: 'GET',
    path: '/oauth2PermissionGrants/{oAuth2PermissionGrant-id}',
    handle: (call) =>
      entityReply(
        call,
        { type: permissionGrantType, entity: objectOf(call, context, 'oAuth2PermissionGrant-id') },
        context,
      ),
  },
  { method: 'POST', path: '/oauth2PermissionGrants', handle: create },
  {
    method: 'PATCH',
    path: '/oauth2PermissionGrants/{oAuth2PermissionGrant-id}',
    // Page oauth2permissiongrant-update (v1.0).
    allOf: [['DelegatedPermissionGrant.ReadWrite.All', 'Directory.ReadWrite.All']],
    handle: update,
  },
  {
    method: 'DELETE',
    path: '/oauth2PermissionGrants/{oAuth2PermissionGrant-id}',
    handle: (call) => {
      const { id } = objectForWrite(call, context, 'oAuth2PermissionGrant-id');
      call.tenant.store.transaction((tx) => tx.remove(context, id));
      return noContent();
    },
  },
  {
    method: 'GET',
    path: '/users/{user-id}/oauth2PermissionGrants',
    handle: (call) => {
      const { id } = userOf(call);
      return list(
        call,
        visible(call.replica).filter((grant) => text(grant, 'principalId') === id),
      );
    },
  },
];
