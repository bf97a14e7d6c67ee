import { withRow, type Check } from '../domain/checks';
import { dayOf, isUsedUp, type Budget } from '../domain/dailyBudget';
import { isOpen } from '../domain/inviteBreaker';
import type { Clock, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import type { StepOutcome } from '../domain/steps';
import { failed, type ActivityDeps } from './activity';
import { blocking, passed } from './checks/check';
import { breakerRow } from './heldBack';
import { readBreaker } from './inviteBreaker';

/** Today's budget of deletions. */
export async function readBudget(records: Records, clock: Clock, limit: number): Promise<Budget> {
  return { used: await records.deletionsOn(dayOf(clock.now())), limit };
}

/** The row of preflight, and of a migration that stops for it: whether the day allows another deletion. */
export function budgetRow(budget: Budget): Check {
  return isUsedUp(budget)
    ? blocking(
        'daily-budget-left',
        `All ${budget.limit} deletions of today (UTC) are used up.`,
        'Start again after midnight UTC, or raise DAILY_BUDGET.',
      )
    : passed(
        'daily-budget-left',
        `${budget.limit - budget.used} of ${budget.limit} deletions of today (UTC) are left.`,
      );
}

type Gate = Pick<ActivityDeps, 'records' | 'clock'>;

/**
 * Stops a migration while the breaker is open: whoever is deleted now cannot be invited. The row says so as well.
 *
 * @returns undefined when it may go on
 */
export async function stopWhenBlocked({ records }: Gate, migrationId: string): Promise<StepOutcome<never> | undefined> {
  const breaker = await readBreaker(records);
  if (!isOpen(breaker)) return undefined;
  await showRow(records, migrationId, breakerRow(breaker));
  return failed('invitations-blocked', 'The invite breaker opened after preflight.');
}

/**
 * The last look before anything is destroyed: the breaker, and a reservation of the day's budget. Safe to run twice: a
 * migration has one reservation, and the breaker may stop it at every look.
 *
 * @returns undefined when the deletion may begin
 */
export async function stopBeforeDeletion(
  deps: Gate & { settings: { dailyBudget: number } },
  record: MigrationRecord,
): Promise<StepOutcome<never> | undefined> {
  const blocked = await stopWhenBlocked(deps, record.id);
  // Reserved before the first try was written down, so a later look asks for nothing, on no day.
  if (blocked !== undefined || record.deleteAttemptedAt !== null) return blocked;
  const { records, clock, settings } = deps;
  const limit = settings.dailyBudget;
  const { granted, used } = await records.reserveDeletion({
    day: dayOf(clock.now()),
    migrationId: record.id,
    limit,
  });
  if (granted) return undefined;
  await showRow(records, record.id, budgetRow({ used, limit }));
  return failed('budget-used-up', `The day allows ${limit} deletions, and others were faster.`);
}

async function showRow(records: Records, migrationId: string, row: Check): Promise<void> {
  await records.decideOnMigration(migrationId, ({ phase, checks }) =>
    phase === 'ended' ? undefined : { checks: withRow(checks, row) },
  );
}
