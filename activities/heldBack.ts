import { withRow, type Check } from '../domain/checks';
import { isOpen, secondsUntilNextLook, type InviteBreaker } from '../domain/inviteBreaker';
import type { Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import type { StepOutcome } from '../domain/steps';
import { notNow, type ActivityDeps } from './activity';
import { blocking, passed, warning } from './checks/check';
import { openBreaker, readBreaker } from './inviteBreaker';

const CLOSE =
  'Ask Microsoft support to lift the block. When it is lifted, close the breaker: ' +
  'POST /api/controls/invite-breaker/close.';
const DAY_MS = 24 * 60 * 60 * 1000;

/** The row of preflight, and of a migration that stops for it: whether the breaker lets a deletion begin. */
export function breakerRow(breaker: InviteBreaker | undefined): Check {
  return isOpen(breaker)
    ? blocking('invite-breaker-closed', `Microsoft blocks invitations of this tenant (${breaker.openedAt}).`, CLOSE)
    : passed('invite-breaker-closed', 'Nothing says that Microsoft blocks invitations of this tenant.');
}

/** Opens the breaker because of a refusal that this migration met, for everybody to see. Safe to run twice. */
export async function reportBlock(
  { records, clock }: Pick<ActivityDeps, 'records' | 'clock'>,
  migrationId: string,
  log: Log,
): Promise<void> {
  const now = clock.now();
  const { opened } = await openBreaker(records, { migrationId, now });
  if (!opened) return;
  log.warn('invite-breaker-opened', { migrationId });
  await records.audit({
    migrationId,
    at: now.toISOString(),
    by: 'app',
    action: 'openInviteBreaker',
    stage: 'after',
    targetId: '',
    detail: '',
  });
}

/**
 * Puts the invitation off, slowly, and says so in the migration's row: after the purge the only way is forward, however
 * long the block lasts.
 */
export async function holdBack(
  { records, clock }: Pick<ActivityDeps, 'records' | 'clock'>,
  record: MigrationRecord,
  log: Log,
): Promise<StepOutcome<never>> {
  const now = clock.now();
  const since = (await readBreaker(records))?.openedAt ?? now.toISOString();
  const row = warning(
    'invitation-held-back',
    `Microsoft blocks invitations of this tenant (${since}). The guest is invited when the block ends.`,
    CLOSE,
  );
  await records.decideOnMigration(record.id, ({ phase, checks }) =>
    phase === 'ended' ? undefined : { checks: withRow(checks, row) },
  );
  log.warn('invitation-held-back', { migrationId: record.id });
  const purgedAt = record.purgeAttemptedAt ?? record.purgeClaimedAt ?? now.toISOString();
  return notNow(secondsUntilNextLook(now.getTime() - Date.parse(purgedAt)));
}

/** True for a migration whose invitation was, or is, held back. */
export function wasHeldBack({ checks }: MigrationRecord): boolean {
  return checks.some(({ id }) => id === 'invitation-held-back');
}

/**
 * What the row says once the guest is invited after all. The time to accept begins anew: the guest could not know of an
 * invitation that was not sent.
 */
export function afterHold(record: MigrationRecord, now: Date): { checks: Check[]; deadline: string } {
  const detail = `Microsoft blocked invitations of this tenant; the guest was invited at ${now.toISOString()}.`;
  return {
    checks: withRow(record.checks, passed('invitation-held-back', detail, 'warning')),
    deadline: new Date(now.getTime() + record.request.acceptWithinDays * DAY_MS).toISOString(),
  };
}
