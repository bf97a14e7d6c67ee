import type { Check } from '../../domain/checks';
import type { MigrationRecord } from '../../domain/record';
import type { ActivityDeps } from '../activity';
import { budgetRow, readBudget } from '../deletionGate';
import { breakerRow } from '../heldBack';
import { readBreaker } from '../inviteBreaker';

/**
 * Whether the tenant may lose another guest today: the invite breaker is closed, and the day's budget is not used up. A
 * dry run deletes nobody, so it is told and not stopped; nor does a reset, which only has to invite.
 */
export async function checkLimits(
  { request }: Pick<MigrationRecord, 'request'>,
  strategy: 'recreate' | 'reset',
  { records, clock, settings }: Pick<ActivityDeps, 'records' | 'clock' | 'settings'>,
): Promise<Check[]> {
  const [breaker, budget] = await Promise.all([readBreaker(records), readBudget(records, clock, settings.dailyBudget)]);
  const rows = [breakerRow(breaker), ...(strategy === 'reset' ? [] : [budgetRow(budget)])];
  return request.dryRun ? rows.map((row) => ({ ...row, severity: 'warning' })) : rows;
}
