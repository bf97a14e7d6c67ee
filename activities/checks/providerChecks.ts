import { z } from 'zod';
import type { Check } from '../../domain/checks';
import { isInvitableAddress } from '../../domain/migration';
import type { Graph } from '../../domain/ports';
import { isNotFound, isTransient, ServiceError } from '../../domain/serviceError';
import { passed, warning } from './check';

const ID = 'address-leads-to-personal-account';

/** Domains in which Microsoft itself gives personal accounts, with the endings of countries. */
const ofMicrosoft = /^(outlook|hotmail|live|msn|passport|windowslive)\.(com|[a-z]{2}|co\.[a-z]{2}|com\.[a-z]{2})$/;
const ofGoogle: readonly string[] = ['gmail.com', 'googlemail.com', 'google.com'];

/** The order in which Microsoft looks for an account, where a tenant has not set its own. */
const usualOrder = ['azureActiveDirectory', 'externalFederation', 'socialIdentityProviders'];

const redemptionOrder = z.object({
  invitationRedemptionIdentityProviderConfiguration: z
    .object({ primaryIdentityProviderPrecedenceOrder: z.array(z.string().nullish()).nullish() })
    .nullish(),
});
const tenantInformation = z.object({ tenantId: z.string() });

/**
 * Whether the invited address can lead to a personal account at all. A personal account is what Microsoft tries last: an
 * account of an Entra tenant that has verified the domain, a federated sign-in and Google come before it, in the order
 * that the tenant sets. A warning only: the guest may still be asked which account to use, and a wrong one gets nothing.
 */
export async function checkProvider(address: string | null, graph: Graph): Promise<Check[]> {
  if (address === null || !isInvitableAddress(address)) return [];
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  if (ofMicrosoft.test(domain)) return [passed(ID, 'Microsoft gives personal accounts in the domain.', 'warning')];
  const order = await orderOf(graph);
  if (ofGoogle.includes(domain)) return [google(order)];
  return [await ofDomain(domain, order, graph)];
}

function google(order: readonly string[]): Check {
  return order.includes('socialIdentityProviders')
    ? warning(
        ID,
        'Where the tenant has federation with Google switched on, the address leads to the Google account.',
        'Invite another personal address, or take social identity providers out of the redemption order.',
      )
    : passed(ID, 'The redemption order has no social identity providers, so Google is not asked.', 'warning');
}

async function ofDomain(domain: string, order: readonly string[], graph: Graph): Promise<Check> {
  try {
    const path = `/tenantRelationships/findTenantInformationByDomainName(domainName='${encodeURIComponent(domain)}')`;
    await graph.read(path, tenantInformation);
  } catch (error) {
    if (isNotFound(error)) return notVerified(order);
    if (!(error instanceof ServiceError) || isTransient(error)) throw error;
    return warning(
      ID,
      'Whether an Entra tenant has verified the domain of the address was not checked.',
      'Grant CrossTenantInformation.ReadBasic.All, or see to it that the address is that of a personal account.',
    );
  }
  const first = order[0] === 'azureActiveDirectory' ? ', and such an account is looked for first' : '';
  return warning(
    ID,
    `An Entra tenant has verified the domain of the address${first}: the guest is likely to accept with an account of it.`,
    'Invite an address of outlook.com or another personal one, or tell the guest to choose the personal account.',
  );
}

function notVerified(order: readonly string[]): Check {
  const federated = order.includes('externalFederation')
    ? ' A domain that this tenant has federation with leads there all the same.'
    : '';
  const detail = `No Entra tenant has verified the domain of the address.${federated} Without a personal account of this address the guest may get a one-time passcode instead.`;
  return passed(ID, detail, 'warning');
}

/** The tenant's order. Where it may not be read another check says so; then the usual one is taken. */
async function orderOf(graph: Graph): Promise<string[]> {
  try {
    const policy = await graph.read('/policies/crossTenantAccessPolicy/default', redemptionOrder);
    const order = policy.invitationRedemptionIdentityProviderConfiguration?.primaryIdentityProviderPrecedenceOrder;
    const named = (order ?? []).filter((one) => typeof one === 'string');
    return named.length === 0 ? usualOrder : named;
  } catch (error) {
    if (error instanceof ServiceError && !isTransient(error)) return usualOrder;
    throw error;
  }
}
