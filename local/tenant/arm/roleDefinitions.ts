import { ok, type Reply } from '../http/message';
import type { Entity } from '../store/snapshot';
import type { ArmCall, ArmRoute } from './api';
import { permissionsAt, propertiesOf, requireAllowed, roleDefinition } from './rbac';
import { ArmError } from './errors';
import { scopeOfPath } from './scopes';

const read = 'Microsoft.Authorization/roleDefinitions/read';

/** Inside a subscription, ids of role definitions carry the subscription. */
function shown(definition: Entity, scope: string): unknown {
  const { name, type, properties } = definition;
  const [subscription = ''] = /^\/subscriptions\/[^/]+/i.exec(scope) ?? [];
  return {
    id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${String(name)}`,
    name,
    type,
    properties,
  };
}

function list(call: ArmCall): Reply {
  const scope = scopeOfPath(call.groups[0]);
  requireAllowed(call.tenant.store.primary(), call.caller, read, scope);
  const filter = call.query.get('$filter') ?? '';
  const [, roleName] = /roleName\s+eq\s+'([^']*)'/i.exec(filter) ?? [];
  const [, type] = /type\s+eq\s+'([^']*)'/i.exec(filter) ?? [];
  const matching = call.replica.list('azureRoleDefinitions').filter((definition) => {
    const properties = propertiesOf(definition);
    return (
      (roleName === undefined || String(properties['roleName']).toLowerCase() === roleName.toLowerCase()) &&
      (type === undefined || properties['type'] === type)
    );
  });
  return ok({ value: matching.map((definition) => shown(definition, scope)) });
}

function get(call: ArmCall): Reply {
  const scope = scopeOfPath(call.groups[0]);
  requireAllowed(call.tenant.store.primary(), call.caller, read, scope);
  const id = call.groups[1] ?? '';
  const found = roleDefinition(call.replica, id);
  if (found === undefined) {
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${id}' does not exist.`,
    );
  }
  return ok(shown(found, scope));
}

/** What the caller itself may do at the scope. */
function ownPermissions(call: ArmCall): Reply {
  return ok({ value: permissionsAt(call.replica, call.caller.objectId, scopeOfPath(call.groups[0])) });
}

/** Azure role definitions and the caller's permissions at a scope. */
export const roleDefinitionRoutes: readonly ArmRoute[] = [
  { method: 'GET', pattern: /^(.*)\/providers\/Microsoft\.Authorization\/roleDefinitions\/?$/i, handle: list },
  { method: 'GET', pattern: /^(.*)\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i, handle: get },
  { method: 'GET', pattern: /^(.*)\/providers\/Microsoft\.Authorization\/permissions\/?$/i, handle: ownPermissions },
];
