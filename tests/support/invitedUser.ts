import { INVITED_ADDRESS, oldGuest } from './activityWorld';
import type { DirectoryUser } from './memoryDirectory';

export const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const TENANT_ISSUER = 'tenant.example';

/** Issuers of the identities that a guest shows: before the acceptance the tenant's own domain. */
const issuers = { pending: TENANT_ISSUER, accepted: 'MicrosoftAccount', work: 'ExternalAzureAD' } as const;

/** A guest who was invited with the personal address, and has accepted with that account, with a work account, or not. */
export function invitedUser(state: keyof typeof issuers, change: Partial<DirectoryUser> = {}): DirectoryUser {
  return {
    ...oldGuest(),
    id: NEW_ID,
    mail: INVITED_ADDRESS,
    userPrincipalName: `${INVITED_ADDRESS.replace('@', '_')}#EXT#@tenant.example`,
    createdDateTime: '2026-03-01T08:00:00Z',
    externalUserState: state === 'pending' ? 'PendingAcceptance' : 'Accepted',
    identities: [{ signInType: 'federated', issuer: issuers[state], issuerAssignedId: null }],
    ...change,
  };
}
