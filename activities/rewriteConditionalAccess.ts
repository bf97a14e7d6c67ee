import type { Attempt } from '../access/kind';
import { countResults, type Grant, type GrantRecord } from '../domain/grants';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { changePolicies } from './changePolicies';
import { recordOf, requireInvited, verifiedSnapshot } from './common';

/**
 * Puts the invited guest into the Conditional Access policies that named the old one, before the guest can sign in:
 * afterwards it would be too late for a guest whom a lost exclusion locks out, and for a lost inclusion that lets the
 * guest by.
 *
 * This comes before the verdict on the identity, and does not break the rule that nothing is restored before it is
 * personal: a policy grants nobody any access. It only says under which conditions a sign-in is let through, and the
 * new guest, whoever redeems the invitation, holds nothing to sign in to until the verdict is there. Of all kinds of
 * grants this step touches this one only.
 *
 * Safe to run twice: a grant that has a result is left alone, and a rewrite whose answer was lost is found as
 * `alreadyPresent`. A refusal is not written down: the restore phase tries again, when somebody may have mended it.
 */
export function createRewriteConditionalAccess(deps: ActivityDeps): Activity<'rewriteConditionalAccess'> {
  const { records, documents, settings } = deps;
  return async (input, log) => {
    const { migrationId, newId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: no policy was changed.');
    requireInvited('rewriteConditionalAccess', newId, snapshot, await recordOf(records, migrationId));
    // Switched off since the start: the restore phase tells people what to do.
    if (!settings.rewriteConditionalAccess) return done({ retry: false, afterSeconds: 0 });

    const finished = new Set((await records.readGrantResults(migrationId)).map(({ index }) => index));
    const open = snapshot.grants.flatMap((grant, index) =>
      isOpen(grant) && !finished.has(index) ? [{ index, grant }] : [],
    );
    const attempts = await changePolicies(
      open.map(({ grant }) => grant),
      { migrationId, newId },
      deps,
    );
    const results = open.flatMap(({ index }, place) => resultOf(index, attempts[place]));
    await records.saveGrantResults(migrationId, results);
    const access = countResults(snapshot.grants.length, await records.readGrantResults(migrationId));
    await records.updateMigration(migrationId, { access });

    const again = attempts.flatMap((attempt) => (attempt.result === 'retry' ? [attempt.afterSeconds] : []));
    log.info('policies-rewritten', { migrationId, tried: open.length, finished: results.length, again: again.length });
    return done({ retry: again.length > 0, afterSeconds: Math.max(0, ...again) });
  };
}

function isOpen({ kind, instruction }: Grant): boolean {
  return kind === 'conditionalAccess' && instruction === undefined;
}

function resultOf(index: number, attempt: Attempt | undefined): GrantRecord[] {
  if (attempt === undefined || attempt.result === 'retry' || attempt.result === 'failed') return [];
  return [{ index, result: attempt.result, detail: attempt.detail }];
}
