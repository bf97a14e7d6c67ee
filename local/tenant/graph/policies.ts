import { ok, type Reply } from '../http/message';
import { isRecord, without, type Entity } from '../store/snapshot';
import { notFound } from './errors';
import { listOf } from './odata/list';
import { organizationType } from './odata/types';
import { param, type Call, type Route } from './route';

/** Answers a policy as it is stored, without the store's own id where Graph has none. */
function answer(call: Call, context: string, policy: Readonly<Record<string, unknown>>): Reply {
  const names = call.query.get('$select')?.split(',');
  const shown = Object.entries(policy).filter(([name]) => names === undefined || names.includes(name));
  return ok({
    '@odata.context': `${call.tenant.origin()}${call.version}/$metadata#${context}/$entity`,
    ...Object.fromEntries(shown),
  });
}

const crossTenant = (call: Call): Entity => call.replica.single('crossTenantAccessPolicy');

function crossTenantDefault(call: Call): Readonly<Record<string, unknown>> {
  const settings = crossTenant(call)['default'];
  return isRecord(settings) ? settings : {};
}

function partners(call: Call): Readonly<Record<string, unknown>>[] {
  const list = crossTenant(call)['partners'];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function partner(call: Call): Reply {
  const id = param(call, 'crossTenantAccessPolicyConfigurationPartner-tenantId');
  const found = partners(call).find((one) => one['tenantId'] === id);
  if (found === undefined) throw notFound(id);
  return answer(call, 'policies/crossTenantAccessPolicy/partners', found);
}

function organization(call: Call): Reply {
  const id = param(call, 'organization-id');
  const found = call.replica.get('organization', id);
  if (found === undefined) throw notFound(id);
  return answer(call, 'organization', found);
}

/** The tenant's policies and its organization record. */
export const policyRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/policies/authorizationPolicy',
    handle: (call) => answer(call, 'policies/authorizationPolicy', call.replica.single('authorizationPolicy')),
  },
  {
    method: 'GET',
    path: '/policies/crossTenantAccessPolicy',
    handle: (call) => {
      const policy = without(crossTenant(call), 'default', 'partners');
      return answer(call, 'policies/crossTenantAccessPolicy', policy);
    },
  },
  {
    method: 'GET',
    path: '/policies/crossTenantAccessPolicy/default',
    handle: (call) => answer(call, 'policies/crossTenantAccessPolicy/default', crossTenantDefault(call)),
  },
  {
    method: 'GET',
    path: '/policies/crossTenantAccessPolicy/partners',
    handle: (call) =>
      ok({
        '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#policies/crossTenantAccessPolicy/partners`,
        value: partners(call),
      }),
  },
  {
    method: 'GET',
    path: '/policies/crossTenantAccessPolicy/partners/{crossTenantAccessPolicyConfigurationPartner-tenantId}',
    handle: partner,
  },
  {
    method: 'GET',
    path: '/policies/b2bManagementPolicies',
    version: '/beta',
    handle: (call) =>
      ok({
        '@odata.context': `${call.tenant.origin()}/beta/$metadata#policies/b2bManagementPolicies`,
        value: call.replica.list('b2bManagementPolicy'),
      }),
  },
  {
    method: 'GET',
    path: '/organization',
    handle: (call) => listOf(call, organizationType, call.replica.list('organization'), { context: 'organization' }),
  },
  { method: 'GET', path: '/organization/{organization-id}', handle: organization },
];
