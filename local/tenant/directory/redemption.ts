import { text, type Entity, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';
import type { Tenant } from '../tenant';
import { domainOf, isDomainBlocked, refusesPersonalAccounts } from './invitationPolicy';

/** What a guest can sign in with when accepting an invitation. */
export const accounts = ['personal', 'work', 'emailCode', 'google', 'federated'] as const;
export type Account = (typeof accounts)[number];

/** The identity issuer that each account leaves on the user. */
function issuerOf(account: Account, address: string): string {
  switch (account) {
    case 'personal':
      return 'MicrosoftAccount';
    case 'work':
      return 'ExternalAzureAD';
    case 'emailCode':
      return 'mail';
    case 'google':
      return 'google.com';
    case 'federated':
      return `https://sts.${domainOf(address)}/adfs/services/trust`;
  }
}

/** Why a redemption was refused. */
export type Refusal =
  'unknownUser' | 'notInvited' | 'alreadyAccepted' | 'signInBlocked' | 'domainBlocked' | 'personalNotAllowed';

/** The refusal a redemption would get, or undefined when it would succeed. */
export function refusalOf(view: View, userId: string, account: Account | undefined): Refusal | undefined {
  const user = view.get('users', userId);
  if (user === undefined) return 'unknownUser';
  const state = text(user, 'externalUserState');
  if (state === 'Accepted') return 'alreadyAccepted';
  if (state !== 'PendingAcceptance') return 'notInvited';
  if (user['accountEnabled'] === false) return 'signInBlocked';
  if (isDomainBlocked(view, invitedAddress(view, user))) return 'domainBlocked';
  if (account === 'personal' && refusesPersonalAccounts(view)) return 'personalNotAllowed';
  return undefined;
}

/** The newest invitation of the user: it says where they are led, whichever of their valid links they follow. */
export const newestInvitation = (view: View, userId: string): Entity | undefined =>
  view.list('invitations').findLast((one) => text(one, 'userId') === userId);

/** Links sent so far lead nowhere any more: the redemption begins anew, perhaps for somebody else. */
export function supersedeInvitations(tx: Transaction, userId: string): void {
  for (const invitation of tx.list('invitations').filter((one) => text(one, 'userId') === userId)) {
    tx.patch('invitations', invitation.id, { superseded: true });
  }
}

/** The address the newest invitation went to. */
export function invitedAddress(view: View, user: Entity): string {
  return text(newestInvitation(view, user.id), 'invitedUserEmailAddress') ?? text(user, 'mail') ?? '';
}

/** The guest accepts with the given account. Answers why not, or undefined when it is done and durable. */
export function redeem(tenant: Tenant, userId: string, account: Account): Refusal | undefined {
  return tenant.store.transaction((tx) => {
    const refusal = refusalOf(tx, userId, account);
    if (refusal !== undefined) return refusal;
    const user = tx.get('users', userId);
    if (user === undefined) return 'unknownUser';
    const signIn = {
      signInType: 'federated',
      issuer: issuerOf(account, invitedAddress(tx, user)),
      issuerAssignedId: null,
    };
    tx.patch('users', userId, {
      externalUserState: 'Accepted',
      externalUserStateChangeDateTime: tenant.clock.stamp(),
      identities: [signIn, ...hostIdentities(user)],
    });
    return undefined;
  });
}

/** The identity in this tenant's own domain, which every guest has. Before redemption it is the only one. */
export function hostIdentities(user: Entity): unknown[] {
  const identities = Array.isArray(user['identities']) ? (user['identities'] as Record<string, unknown>[]) : [];
  return identities.filter((identity) => identity['signInType'] === 'userPrincipalName');
}
