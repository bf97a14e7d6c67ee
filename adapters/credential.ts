import { ManagedIdentityCredential, type TokenCredential } from '@azure/identity';

export type { TokenCredential };

/**
 * The managed identity of the app. It caches its tokens; there is no fallback to other credentials, so that the app
 * never acts as somebody who happens to be signed in.
 *
 * @param clientId of a user-assigned identity; absent = the system-assigned one
 */
export function createCredential(clientId?: string): TokenCredential {
  return clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
}

const identityErrors = new Set([
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);

/** True when an error's name says that no token could be had. By name: the Graph client wraps errors and keeps it. */
export function isIdentityFailure(errorName: string | null | undefined): boolean {
  return errorName !== null && errorName !== undefined && identityErrors.has(errorName);
}
