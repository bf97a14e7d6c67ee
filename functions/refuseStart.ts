import { readBudget } from '../activities/deletionGate';
import { readBreaker } from '../activities/inviteBreaker';
import { isUsedUp, secondsUntilTomorrow } from '../domain/dailyBudget';
import { isOpen } from '../domain/inviteBreaker';
import { Problem } from './problems';
import type { Services } from './services';

/**
 * Refuses a start that could not delete anybody now. A courtesy to the caller: what holds is the same look right before
 * the deletion.
 *
 * @throws Problem invite-breaker-open or daily-budget-used-up
 */
export async function refuseStart(services: Services): Promise<void> {
  await refuseWhileBlocked(services);
  const { records, clock, settings } = services;
  const budget = await readBudget(records, clock, settings.dailyBudget);
  if (isUsedUp(budget)) {
    throw new Problem(
      'daily-budget-used-up',
      `A day (UTC) allows ${budget.limit} deletions; dry runs are not counted.`,
      {
        headers: { 'Retry-After': String(secondsUntilTomorrow(clock.now())) },
      },
    );
  }
}

/**
 * Refuses what would invite somebody now.
 *
 * @throws Problem invite-breaker-open
 */
export async function refuseWhileBlocked({ records }: Pick<Services, 'records'>): Promise<void> {
  const breaker = await readBreaker(records);
  if (isOpen(breaker)) {
    throw new Problem(
      'invite-breaker-open',
      'When Microsoft has lifted the block, an operator closes it: POST /api/controls/invite-breaker/close.',
      { migrationId: breaker.migrationId },
    );
  }
}
