import { z } from 'zod';

/** Which provider redeemed an invitation. */
export const verdictSchema = z.enum(['personal', 'work', 'emailCode', 'google', 'federated', 'unknown']);
export type IdentityVerdict = z.infer<typeof verdictSchema>;

/** One entry of a user's `identities` (Graph objectIdentity). */
export const identitySchema = z.object({
  signInType: z.string().nullish(),
  issuer: z.string().nullish(),
  issuerAssignedId: z.string().nullish(),
});
export type Identity = z.infer<typeof identitySchema>;

/**
 * Says which provider a user signs in with, from `identities`.
 *
 * The issuer is compared without case and spaces: Graph documents `ExternalAzureAD`, but the literal for personal
 * accounts is printed both as "Microsoft account" and "MicrosoftAccount". Anything not recognised is `unknown`, and
 * unknown never gets access. Two providers at once are `unknown` too: it would be a guess which of them signs in.
 */
export function identityVerdict(identities: readonly Identity[]): IdentityVerdict {
  const verdicts = new Set(
    identities
      .filter((identity) => (identity.signInType ?? '').toLowerCase() !== 'userprincipalname')
      .map((identity) => verdictOfIssuer(identity.issuer ?? '')),
  );
  const [only, ...others] = [...verdicts];
  return only !== undefined && others.length === 0 ? only : 'unknown';
}

function verdictOfIssuer(issuer: string): IdentityVerdict {
  const plain = issuer.toLowerCase().replaceAll(/\s/g, '');
  if (plain === 'microsoftaccount') return 'personal';
  if (plain === 'externalazuread') return 'work';
  if (plain === 'mail') return 'emailCode';
  if (plain === 'google.com') return 'google';
  if (/^(https?:\/\/|urn:)/.test(plain)) return 'federated';
  return 'unknown';
}
