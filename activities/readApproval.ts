import { done, type Activity, type ActivityDeps } from './activity';
import { auditor } from './common';

/** The name under which the app gives its own answer. */
const APP = 'app';

/**
 * Reads whether the plan was approved or rejected, and whether a cancel was asked for. With `close` it also answers for
 * everybody who did not, by a conditional write: an approval is either before it or refused.
 * Safe to run twice: an answer is never replaced, and a run that went on or has ended is not closed any more. The audit
 * entry may be there twice; missing it would be worse.
 */
export function createReadApproval(deps: Pick<ActivityDeps, 'records' | 'clock'>): Activity<'readApproval'> {
  const { records, clock } = deps;
  return async ({ migrationId, close }, log) => {
    const record = await records.decideOnMigration(migrationId, ({ approval, cancelRequestedAt, phase }) => {
      const open = approval === null && cancelRequestedAt === null && phase === 'awaitingApproval';
      if (!close || !open) return undefined;
      return { approval: { decision: 'timedOut', by: APP, comment: '', at: clock.now().toISOString() } };
    });
    if (record === undefined) throw new Error('the migration has no row');
    const decision = record.approval?.decision ?? null;
    if (close && decision === 'timedOut') {
      await auditor(deps, migrationId, 'timeOutApproval')('after', record.guest.oldId ?? '');
    }
    log.info('approval', { migrationId, decision });
    return done({ decision, cancelRequested: record.cancelRequestedAt !== null });
  };
}
