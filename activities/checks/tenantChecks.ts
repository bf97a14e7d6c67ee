import { z } from 'zod';
import type { Check } from '../../domain/checks';
import type { Graph } from '../../domain/ports';
import type { ActivityDeps } from '../activity';
import { holdsOneOf } from './appChecks';
import { blocking, passed, unlessRefused, warning } from './check';
import { GLOBAL_ADMINISTRATOR } from './guestChecks';
import { checkProvider } from './providerChecks';

const COMPARE = 'Compare the allow or deny list by hand.';
const GUEST_INVITER = '95e79109-95c0-4d8e-aee3-d01accf2d47b';
const USER_ADMINISTRATOR = 'fe930be7-5e62-47db-91af-98c3a49a38b1';
const INVITING_ROLES = [GUEST_INVITER, USER_ADMINISTRATOR, GLOBAL_ADMINISTRATOR];
const RESTRICTED_GUEST = '2af84b1e-32c8-42b7-82bc-daa82404023b';

const authorizationPolicy = z.object({ allowInvitesFrom: z.string().nullish(), guestUserRoleId: z.string().nullish() });
const target = z.object({ target: z.string().nullish() });
const crossTenantDefault = z.object({
  b2bCollaborationInbound: z
    .object({
      usersAndGroups: z.object({ accessType: z.string().nullish(), targets: z.array(target).nullish() }).nullish(),
    })
    .nullish(),
  invitationRedemptionIdentityProviderConfiguration: z
    .object({ fallbackIdentityProvider: z.string().nullish() })
    .nullish(),
});
const b2bPolicies = z.object({
  value: z.array(z.object({ isOrganizationDefault: z.boolean().nullish(), definition: z.array(z.string()).nullish() })),
});

/** Whether the tenant's policies let the invitation through, and whether it can lead to a personal account. */
export async function checkTenant(address: string | null, { graph, settings }: ActivityDeps): Promise<Check[]> {
  const unknown = (id: 'invitations-allowed' | 'personal-accounts-allowed'): Check =>
    blocking(
      id,
      'The app may not read the policy, so the invitation might be refused after the purge.',
      'Grant Policy.Read.All.',
    );
  const groups = await Promise.all([
    unlessRefused(authorization(graph), unknown('invitations-allowed')),
    unlessRefused(crossTenant(graph), unknown('personal-accounts-allowed')),
    checkProvider(address, graph),
    settings.domainPolicyCheck === 'off' || address === null
      ? [warning('invite-domain-allowed', 'The domain lists were not read.', COMPARE)]
      : unlessRefused(
          domainLists(address, graph),
          warning(
            'invite-domain-allowed',
            'The app may not read the domain lists.',
            'Grant Policy.Read.B2BManagementPolicy.',
          ),
        ),
  ]);
  return groups.flat();
}

async function authorization(graph: Graph): Promise<Check[]> {
  const policy = await graph.read('/policies/authorizationPolicy', authorizationPolicy);
  const restricted = policy.guestUserRoleId?.toLowerCase() === RESTRICTED_GUEST;
  return [
    await invitations(policy.allowInvitesFrom ?? 'default', graph),
    restricted
      ? warning(
          'guest-permissions-sufficient',
          'Guests of this tenant see only themselves, so some applications may not work for the new guest either.',
          'Change "Guest user access" if the guest needs to see others.',
        )
      : passed('guest-permissions-sufficient', 'Guests have the usual permissions.', 'warning'),
  ];
}

/**
 * Microsoft's pages disagree on whether an app may invite where only administrators and guest inviters may. After the
 * purge it would be too late to find out, so the app must hold a role that may.
 */
async function invitations(allowed: string, graph: Graph): Promise<Check> {
  const id = 'invitations-allowed';
  if (allowed === 'none') {
    return blocking(id, 'The tenant allows nobody to invite guests.', 'Change "Guest invite settings".');
  }
  if (allowed !== 'adminsAndGuestInviters' || (await holdsOneOf(INVITING_ROLES, graph))) {
    return passed(id, `Invitations are allowed (${allowed}).`);
  }
  return blocking(
    id,
    'Only administrators and guest inviters may invite, and the app holds no such role.',
    'Assign the directory role Guest Inviter to the app.',
  );
}

async function crossTenant(graph: Graph): Promise<Check[]> {
  const policy = await graph.read('/policies/crossTenantAccessPolicy/default', crossTenantDefault);
  const inbound = policy.b2bCollaborationInbound?.usersAndGroups;
  const everyone = (inbound?.targets ?? []).some((one) => one.target === 'AllUsers');
  if (inbound?.accessType === 'blocked' && everyone) {
    return [
      blocking(
        'personal-accounts-allowed',
        'The cross-tenant default blocks inbound collaboration for everybody.',
        'Allow external users in the default cross-tenant access settings.',
      ),
    ];
  }
  const fallback =
    policy.invitationRedemptionIdentityProviderConfiguration?.fallbackIdentityProvider ?? 'defaultConfiguredIdp';
  return [
    fallback === 'emailOneTimePasscode'
      ? blocking(
          'personal-accounts-allowed',
          'Personal accounts are switched off as fallback: the guest would get a one-time passcode instead.',
          'Allow "Microsoft account" as fallback identity provider in the redemption order.',
        )
      : passed('personal-accounts-allowed', `Personal accounts can redeem (fallback: ${fallback}).`),
  ];
}

async function domainLists(address: string, graph: Graph): Promise<Check[]> {
  const policies = await graph.read('/beta/policies/b2bManagementPolicies', b2bPolicies);
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const definition = policies.value.find((policy) => policy.isOrganizationDefault === true)?.definition?.[0];
  const lists = listsIn(definition);
  if (lists === undefined) return [warning('invite-domain-allowed', 'The domain lists are not readable.', COMPARE)];
  const { allowed, blocked } = lists;
  const refused = blocked.includes(domain) || (allowed.length > 0 && !allowed.includes(domain));
  return [
    refused
      ? blocking(
          'invite-domain-allowed',
          'The domain of the invited address is not allowed by the invitation policy.',
          'Add the domain in "Collaboration restrictions", or invite another address.',
        )
      : passed('invite-domain-allowed', 'The domain of the invited address is allowed.'),
  ];
}

/** Finds the two lists wherever they stand: samples of the definition differ in the names around them. */
function listsIn(definition: string | undefined): { allowed: string[]; blocked: string[] } | undefined {
  const lists = { allowed: [] as string[], blocked: [] as string[] };
  if (definition === undefined) return lists;
  try {
    JSON.parse(definition, (key, value: unknown) => {
      const texts = z.array(z.string()).safeParse(value);
      if (texts.success && /^alloweddomains$/i.test(key)) lists.allowed = texts.data.map((text) => text.toLowerCase());
      if (texts.success && /^blockeddomains$/i.test(key)) lists.blocked = texts.data.map((text) => text.toLowerCase());
      return value;
    });
    return lists;
  } catch {
    return undefined;
  }
}
