import { isGoingBack, wantedIdentity } from '../domain/direction';
import type { IdentityVerdict } from '../domain/identityVerdict';
import type { MigrationRecord } from '../domain/record';
import { isNotFound } from '../domain/serviceError';
import type { Wish } from '../domain/wishes';
import { done, type Activity, type ActivityDeps } from './activity';
import { recordOf, secondsUntilConsistent } from './common';
import { standingOf } from './standing';

/**
 * Reads whether the new guest accepted, and with which provider. The issuer says nothing before the acceptance: an
 * invited guest shows the tenant's own domain until then.
 * Safe to run twice: it reads; the verdict it writes down is the same for the same answer.
 */
export function createReadRedemption(deps: ActivityDeps): Activity<'readRedemption'> {
  const { graph, records, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, newId } = input;
    const record = await recordOf(records, migrationId);
    if (record.guest.newId !== newId)
      throw new Error('readRedemption: the id is not the invited guest of this migration');
    const wish = input.listen === undefined ? {} : { wish: wishOf(record) };
    try {
      const { accepted, verdict } = await standingOf(newId, graph);
      const pending = done({ state: 'pending' as const, verdict: null, ...wish });
      if (!accepted || mayBeOfBefore(record, verdict)) return pending;
      await records.decideOnMigration(migrationId, (current) => (isAbout(record, current) ? { verdict } : undefined));
      log.info('redeemed', { migrationId, newId, verdict });
      return done({ state: 'accepted', verdict, ...wish });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const invitedAt = record.invitation?.sentAt ?? record.updatedAt;
      const young = secondsUntilConsistent(invitedAt, clock, settings.consistencySeconds) > 0;
      return done({ state: young ? 'pending' : 'gone', verdict: null, ...wish });
    }
  };

  /**
   * Right after a reset a replica may still show the account that the guest accepted with before. The wanted one is only
   * on the way back among those of before.
   */
  function mayBeOfBefore(record: MigrationRecord, verdict: IdentityVerdict): boolean {
    if (!isGoingBack(record) && verdict === wantedIdentity(false)) return false;
    const { resetAttemptedAt, invitedAgain, turnedBackAt } = record;
    const resets = [resetAttemptedAt, invitedAgain?.at, turnedBackAt].filter((at) => typeof at === 'string');
    return resets.some((at) => secondsUntilConsistent(at, clock, settings.consistencySeconds) > 0);
  }
}

/** False once the row speaks of another account, or of the way back: then what was read says nothing any more. */
function isAbout({ guest, turnedBackAt }: MigrationRecord, current: MigrationRecord): boolean {
  return current.phase !== 'ended' && current.guest.newId === guest.newId && current.turnedBackAt === turnedBackAt;
}

/** What somebody wants; a cancel is possible as long as the purge is not claimed. */
function wishOf({ cancelRequestedAt, purgeClaimedAt, wish }: MigrationRecord): Wish['kind'] | null {
  if (cancelRequestedAt !== null && purgeClaimedAt === null) return 'cancel';
  return wish?.kind ?? null;
}
