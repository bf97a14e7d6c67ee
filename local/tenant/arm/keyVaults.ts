import { isGuid } from '../graph/route';
import { created, ok, type Reply } from '../http/message';
import { isRecord, part, text, type Entity, type View } from '../store/snapshot';
import { tenantId } from '../tenant';
import type { ArmCall, ArmRoute } from './api';
import { ArmError } from './errors';
import { propertiesOf, requireAllowed } from './rbac';
import { isInside, sameScope } from './scopes';

const kinds = ['keys', 'secrets', 'certificates', 'storage'] as const;
const maxPolicies = 1024;

/** One entry of a vault's access policies. */
interface Policy {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId?: string;
  readonly permissions: Readonly<Record<string, readonly string[]>>;
}

const isVault = (resource: Entity): boolean => resource['type'] === 'Microsoft.KeyVault/vaults';

const vaults = (view: View): Entity[] => view.list('azureResources').filter(isVault);

const shown = ({ id, name, type, location, properties }: Entity): unknown => ({
  id,
  name,
  type,
  location,
  tags: {},
  properties,
});

function vaultOf(view: View, id: string): Entity {
  const found = vaults(view).find((vault) => sameScope(vault.id, id));
  if (found !== undefined) return found;
  const message = `The Resource 'Microsoft.KeyVault/vaults/${id.slice(id.lastIndexOf('/') + 1)}' was not found.`;
  throw new ArmError(404, 'ResourceNotFound', message);
}

function get(call: ArmCall): Reply {
  const id = call.groups[0] ?? '';
  requireAllowed(call.tenant.store.primary(), call.caller, 'Microsoft.KeyVault/vaults/read', id);
  return ok(shown(vaultOf(call.replica, id)));
}

function list(call: ArmCall): Reply {
  const scope = call.groups[0] ?? '';
  requireAllowed(call.tenant.store.primary(), call.caller, 'Microsoft.KeyVault/vaults/read', scope);
  return ok({
    value: vaults(call.replica)
      .filter((vault) => isInside(vault.id, scope))
      .map(shown),
  });
}

/**
 * Changes the access policies of a vault: `add` merges permissions into the entry of the same identity, `replace` puts
 * the given ones in their place, `remove` takes away exactly the given permissions, as they are spelled, and the entry
 * with the last of them. Nobody checks whether the identity exists. A vault that uses roles keeps policies and ignores them.
 */
function update(call: ArmCall): Reply {
  const id = call.groups[0] ?? '';
  const operation = (call.groups[1] ?? '').toLowerCase();
  const view = call.tenant.store.primary();
  requireAllowed(view, call.caller, 'Microsoft.KeyVault/vaults/accessPolicies/write', id);
  const vault = vaultOf(view, id);
  const given = readPolicies(call.body, tenantId(view));
  const before = policiesOf(vault);
  const after = given.reduce((policies, policy) => changed(policies, policy, operation), before);
  if (after.length > maxPolicies) {
    throw new ArmError(400, 'BadRequest', `A vault cannot have more than ${maxPolicies} access policies.`);
  }
  call.tenant.store.transaction((tx) =>
    tx.patch('azureResources', vault.id, { properties: { ...propertiesOf(vault), accessPolicies: after } }),
  );
  const added = after.length > before.length;
  const body = {
    id: `${vault.id}/accessPolicies/`,
    type: 'Microsoft.KeyVault/vaults/accessPolicies',
    location: vault['location'],
    properties: { accessPolicies: after },
  };
  return added ? created(body) : ok(body);
}

const policiesOf = (vault: Entity): Policy[] => {
  const policies = propertiesOf(vault)['accessPolicies'];
  return Array.isArray(policies) ? (policies as Policy[]) : [];
};

const isSame = (a: Policy, b: Policy): boolean =>
  a.objectId.toLowerCase() === b.objectId.toLowerCase() &&
  (a.applicationId ?? '').toLowerCase() === (b.applicationId ?? '').toLowerCase();

function changed(policies: Policy[], policy: Policy, operation: string): Policy[] {
  const there = policies.find((one) => isSame(one, policy));
  if (operation === 'remove') {
    if (there === undefined) return policies;
    const left = combined(there, policy, (own, taken) => own.filter((permission) => !taken.includes(permission)));
    const isEmpty = Object.values(left.permissions).every((permissions) => permissions.length === 0);
    return policies.flatMap((one) => (one !== there ? [one] : isEmpty ? [] : [left]));
  }
  if (there === undefined) return [...policies, policy];
  const next = operation === 'replace' ? policy : combined(there, policy, merged);
  return policies.map((one) => (one === there ? next : one));
}

const merged = (own: readonly string[], more: readonly string[]): string[] => [
  ...own,
  ...more.filter((permission) => !own.some((one) => one.toLowerCase() === permission.toLowerCase())),
];

function combined(a: Policy, b: Policy, combine: (a: readonly string[], b: readonly string[]) => string[]): Policy {
  const permissions = kinds.map((kind) => [kind, combine(a.permissions[kind] ?? [], b.permissions[kind] ?? [])]);
  return { ...a, permissions: Object.fromEntries(permissions) as Policy['permissions'] };
}

function readPolicies(body: unknown, tenant: string): Policy[] {
  const given = part(body, 'properties')?.['accessPolicies'];
  const wrong = (): ArmError => new ArmError(400, 'BadRequest', "An invalid value was provided for 'accessPolicies'.");
  if (!Array.isArray(given)) throw wrong();
  return given.map((one: unknown): Policy => {
    const entity: Entity = { id: '', ...(isRecord(one) ? one : {}) };
    const objectId = text(entity, 'objectId') ?? '';
    const applicationId = text(entity, 'applicationId');
    const permissions = part(entity, 'permissions');
    const right = isGuid(objectId) && (applicationId === undefined || isGuid(applicationId));
    if (!right || permissions === undefined || text(entity, 'tenantId')?.toLowerCase() !== tenant) throw wrong();
    return {
      tenantId: tenant,
      objectId,
      ...(applicationId === undefined ? {} : { applicationId }),
      permissions: permissions as Policy['permissions'],
    };
  });
}

const vault = '(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.KeyVault/vaults/[^/]+)';
const versions = ['2019-09-01', '2021-10-01', '2022-07-01', '2023-02-01', '2023-07-01'];

/** Key Vaults and their access policies. Source: `keyvault.json` 2022-07-01 of Azure's published specifications. */
export const keyVaultRoutes: readonly ArmRoute[] = [
  { method: 'GET', pattern: new RegExp(`^${vault}$`, 'i'), versions, handle: get },
  {
    method: 'GET',
    pattern: /^(\/subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?)\/providers\/Microsoft\.KeyVault\/vaults\/?$/i,
    versions,
    handle: list,
  },
  {
    method: 'PUT',
    pattern: new RegExp(`^${vault}/accessPolicies/(add|replace|remove)$`, 'i'),
    versions,
    handle: update,
  },
];
