import { kindSchema, type GrantKind } from '../../domain/grants';
import type { TenantState } from './localStack';
import { accessOf } from './tenantView';

/** The guest of the seed who holds most: signs in with a work account. */
export function demoGuest(state: TenantState): {
  id: string;
  displayName: string;
  mail: string;
  upn: string;
  personal: string;
} {
  const [best] = workGuests(state)
    .map((user) => ({ user, holds: accessOf(state, user.id).length }))
    .sort((a, b) => b.holds - a.holds);
  if (best === undefined) throw new Error('the seed has no guest with a work account');
  const { id, displayName, mail, userPrincipalName } = best.user;
  const personal = `${displayName.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@outlook.example`;
  return { id, displayName, mail: mail ?? '', upn: userPrincipalName, personal };
}

/** Guests that signed in with a work account. */
export function workGuests(state: TenantState): TenantState['users'] {
  return state.users.filter(
    (user) =>
      user.userType === 'Guest' &&
      user.externalUserState === 'Accepted' &&
      user.identities?.some((identity) => identity.issuer === 'ExternalAzureAD') === true,
  );
}

const few: readonly GrantKind[] = [
  'profile',
  'groupMembership',
  'accessPackage',
  'pimGroup',
  'appRole',
  'azureRole',
  'directoryRole',
];

/**
 * Part of a request for tests that are not about kinds of access: one kind of each sort is restored, which takes a
 * third of the time. tests/switch has them all.
 */
export const fewKinds = { skipAccess: kindSchema.options.filter((kind) => !few.includes(kind)) };
