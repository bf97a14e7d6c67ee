import { isRecord, part, text, texts, type Entity, type View } from '../store/snapshot';

/** `allowInvitesFrom` of the tenant; `everyone` when unset. */
export const invitesAllowedFrom = (view: View): string =>
  text(view.single('authorizationPolicy'), 'allowInvitesFrom') ?? 'everyone';

/** The domain of an address, in lower case. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/** True when the allow or deny list of domains (B2B management policy) keeps the address out. */
export function isDomainBlocked(view: View, address: string): boolean {
  const lists = domainLists(view);
  const domain = domainOf(address);
  if (lists === undefined) return false;
  const allowed = lists.allowed.map((one) => one.toLowerCase());
  const blocked = lists.blocked.map((one) => one.toLowerCase());
  return blocked.includes(domain) || (allowed.length > 0 && !allowed.includes(domain));
}

function domainLists(view: View): { allowed: readonly string[]; blocked: readonly string[] } | undefined {
  const policy = view.list('b2bManagementPolicy').find((one) => one['isOrganizationDefault'] === true);
  const [definition] = texts(policy, 'definition');
  if (definition === undefined) return undefined;
  const parsed: unknown = JSON.parse(definition);
  const lists = part(part(parsed, 'B2BManagementPolicy'), 'InvitationsAllowedAndBlockedDomainsPolicy');
  const list = (name: string): readonly string[] => texts({ ...lists, id: '' }, name);
  return lists === undefined ? undefined : { allowed: list('AllowedDomains'), blocked: list('BlockedDomains') };
}

/** The Entra organization outside that owns the domain, from `externalOrganizations` (`{id, domains}`). */
export const organizationOf = (view: View, address: string): Entity | undefined =>
  view.list('externalOrganizations').find((one) => texts(one, 'domains').includes(domainOf(address)));

/** True when cross-tenant access settings block inbound B2B collaboration for the address. */
export function isCrossTenantBlocked(view: View, address: string): boolean {
  const policy = view.single('crossTenantAccessPolicy');
  const organization = organizationOf(view, address);
  const partners = Array.isArray(policy['partners']) ? policy['partners'].filter(isRecord) : [];
  const partner = partners.find((one) => organization !== undefined && one['tenantId'] === organization.id);
  const inbound = part(partner, 'b2bCollaborationInbound') ?? part(policy['default'], 'b2bCollaborationInbound');
  const users = part(inbound, 'usersAndGroups');
  const targets = users?.['targets'];
  const everybody =
    Array.isArray(targets) && targets.some((target) => isRecord(target) && target['target'] === 'AllUsers');
  return users?.['accessType'] === 'blocked' && everybody;
}

/** True when the tenant redeems with one-time passcodes instead of Microsoft accounts. */
export function refusesPersonalAccounts(view: View): boolean {
  const settings = part(
    view.single('crossTenantAccessPolicy')['default'],
    'invitationRedemptionIdentityProviderConfiguration',
  );
  return settings?.['fallbackIdentityProvider'] === 'emailOneTimePasscode';
}
