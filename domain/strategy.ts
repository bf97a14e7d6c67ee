import { z } from 'zod';
import { isAdvisory, type Grant, type GrantKind } from './grants';

/** Which strategy suits a guest, and why; the reason is written for the administrator. */
export const recommendationSchema = z.strictObject({
  strategy: z.enum(['recreate', 'reset']),
  reason: z.string(),
});
export type Recommendation = z.infer<typeof recommendationSchema>;

/** What the recommendation depends on. */
export interface Findings {
  grants: readonly Grant[];
  /** Kinds that were not looked at. */
  skipped: readonly GrantKind[];
  /** Whether the app may reset redemptions: User.ReadWrite.All in its token. */
  mayReset: boolean;
}

/**
 * Recommends `reset` (same object id, nothing deleted) where Graph allows it to an app, otherwise `recreate`.
 * Graph refuses app-only resets of users with roles; whether eligible roles and roles through a group count is not
 * documented, so they do.
 */
export function recommendStrategy({ grants, skipped, mayReset }: Findings): Recommendation {
  const unseen = skipped.filter((kind) => kind === 'directoryRole' || kind === 'pimDirectoryRole');
  if (unseen.length > 0) {
    return recreate(`Directory roles were not read (${unseen.join(', ')}), and Graph refuses to reset role holders.`);
  }
  const roles = grants.filter(({ kind }) => kind === 'directoryRole' || kind === 'pimDirectoryRole').length;
  if (roles > 0)
    return recreate(`The guest holds directory roles (${roles}), and Graph refuses an app to reset their holders.`);
  if (grants.some((grant) => grant.data['roleAssignable'] === true)) {
    return recreate('The guest is in a group that may hold directory roles, and Graph may refuse to reset them.');
  }
  if (!mayReset) return recreate('A reset needs the permission User.ReadWrite.All, which the app does not hold.');
  const byHand = grants.filter((grant) => grant.instruction !== undefined && !isAdvisory(grant)).length;
  return {
    strategy: 'reset',
    reason:
      'The guest holds no directory role, so a reset keeps the object id: nothing is deleted' +
      (byHand === 0 ? '.' : `, and what only people can restore stays as it is (grants: ${byHand}).`),
  };
}

function recreate(reason: string): Recommendation {
  return { strategy: 'recreate', reason };
}
