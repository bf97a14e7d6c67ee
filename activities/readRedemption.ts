import { z } from 'zod';
import { identitySchema, identityVerdict } from '../domain/identityVerdict';
import { isNotFound } from '../domain/serviceError';
import { done, type Activity, type ActivityDeps } from './activity';
import { recordOf, secondsUntilConsistent } from './common';

const invited = z.object({
  externalUserState: z.string().nullish(),
  identities: z.array(identitySchema).nullish(),
});

/**
 * Reads whether the new guest accepted, and with which provider. The issuer says nothing before the acceptance: an
 * invited guest shows the tenant's own domain until then.
 * Safe to run twice: it reads; the verdict it writes down is the same for the same answer.
 */
export function createReadRedemption(deps: ActivityDeps): Activity<'readRedemption'> {
  const { graph, records, clock, settings } = deps;
  return async ({ migrationId, newId }, log) => {
    const record = await recordOf(records, migrationId);
    if (record.guest.newId !== newId)
      throw new Error('readRedemption: the id is not the invited guest of this migration');
    try {
      const user = await graph.read(`/users/${newId}?$select=id,externalUserState,identities`, invited);
      if (user.externalUserState?.toLowerCase() !== 'accepted') return done({ state: 'pending', verdict: null });
      const verdict = identityVerdict(user.identities ?? []);
      await records.updateMigration(migrationId, { verdict });
      log.info('redeemed', { migrationId, newId, verdict });
      return done({ state: 'accepted', verdict });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const invitedAt = record.invitation?.sentAt ?? record.updatedAt;
      const young = secondsUntilConsistent(invitedAt, clock, settings.consistencySeconds) > 0;
      return done({ state: young ? 'pending' : 'gone', verdict: null });
    }
  };
}
