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
  /** Whether it may take directory roles away and give them back: RoleManagement.ReadWrite.Directory. */
  mayMoveRoles: boolean;
}

/**
 * Recommends `reset` (same object id, nothing deleted) where Graph allows it to an app, otherwise `recreate`.
 * Graph refuses app-only resets of users with roles. Lasting roles can be taken away and given back around it; whether
 * eligible roles and roles through a group count is not documented, so they do.
 */
export function recommendStrategy({ grants, skipped, mayReset, mayMoveRoles }: Findings): Recommendation {
  const unseen = skipped.filter((kind) => kind === 'directoryRole' || kind === 'pimDirectoryRole');
  if (unseen.length > 0) {
    return recreate(`Directory roles were not read (${unseen.join(', ')}), and Graph refuses to reset role holders.`);
  }
  const ofPim = grants.filter(({ kind }) => kind === 'pimDirectoryRole').length;
  if (ofPim > 0) {
    return recreate(
      `The guest has directory roles in PIM (${ofPim}), and Graph may refuse an app to reset their holders.`,
    );
  }
  const roles = grants.filter(({ kind }) => kind === 'directoryRole');
  if (roles.some(({ instruction }) => instruction !== undefined)) {
    return recreate('A directory role cannot be given back by an app, and Graph refuses to reset role holders.');
  }
  if (grants.some((grant) => grant.data['roleAssignable'] === true)) {
    return recreate('The guest is in a group that may hold directory roles, and Graph may refuse to reset them.');
  }
  if (!mayReset) return recreate('A reset needs the permission User.ReadWrite.All, which the app does not hold.');
  if (roles.length > 0 && !mayMoveRoles) {
    return recreate(
      `The guest holds directory roles (${roles.length}), and without RoleManagement.ReadWrite.Directory the app cannot ` +
        'take them away and give them back around a reset.',
    );
  }
  const byHand = grants.filter((grant) => grant.instruction !== undefined && !isAdvisory(grant)).length;
  return {
    strategy: 'reset',
    reason:
      (roles.length === 0
        ? 'The guest holds no directory role, so a reset keeps the object id: nothing is deleted'
        : `Directory roles (${roles.length}) are taken away until the guest has accepted, and a reset keeps the object id: ` +
          'nothing is deleted') +
      (byHand === 0 ? '.' : `, and what only people can restore stays as it is (grants: ${byHand}).`),
  };
}

function recreate(reason: string): Recommendation {
  return { strategy: 'recreate', reason };
}
