import { withoutRow, withRow, type Check } from './checks';
import { LONGEST_HOLD_MS } from './inviteBreaker';
import type { Phase } from './phases';
import type { MigrationRecord } from './record';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Time after which a migration that is still stuck is told of again. */
export const TELL_AGAIN_MS = DAY_MS;

/**
 * How long a row may stay as it is in each phase. Short where everything can be undone, because the guest has no access
 * from the deletion on; `null` where nothing is waited for.
 */
const quietMs: Record<Phase, number | null> = {
  preflight: HOUR_MS,
  capturing: HOUR_MS,
  // After the hours that an approval may take.
  awaitingApproval: HOUR_MS,
  deleting: HOUR_MS,
  purging: HOUR_MS,
  undoing: HOUR_MS,
  inviting: HOUR_MS,
  // From the deadline on, when there is one.
  awaitingRedemption: DAY_MS,
  verifyingIdentity: HOUR_MS,
  restoring: 2 * HOUR_MS,
  verifyingAccess: HOUR_MS,
  needsOperator: DAY_MS,
  ended: null,
};

/** Milliseconds since 1970 from which on the migration counts as stuck unless it moves; null = never. */
export function stuckFrom(
  record: Pick<MigrationRecord, 'phase' | 'updatedAt' | 'invitation' | 'checks' | 'approvalHours'>,
): number | null {
  const allowed = quietMs[record.phase];
  if (allowed === null) return null;
  const since = Date.parse(record.updatedAt);
  if (record.phase === 'awaitingRedemption' && record.invitation !== null) {
    return Math.max(since, Date.parse(record.invitation.expiresAt)) + allowed;
  }
  if (record.phase === 'awaitingApproval') return since + (record.approvalHours ?? 0) * HOUR_MS + allowed;
  const heldBack = record.checks.some(({ id, ok }) => id === 'invitation-held-back' && !ok);
  return since + allowed + (record.phase === 'inviting' && heldBack ? LONGEST_HOLD_MS : 0);
}

/** The mark of a stuck migration, as a row that callers see. */
export function stuckRow(record: Pick<MigrationRecord, 'phase' | 'updatedAt'>): Check {
  return {
    id: 'stuck',
    ok: false,
    severity: 'warning',
    detail: `Nothing has changed in the phase ${record.phase} since ${record.updatedAt}.`,
    fix: 'Look at the log for step-hindered and at the instance in the durable store; docs/runbook.md says more.',
  };
}

type Mark = Pick<MigrationRecord, 'checks' | 'stuckAlertedAt'>;

/** The fields that mark a migration; told of at `now`. */
export function marked(record: MigrationRecord, now: Date): Mark {
  return { checks: withRow(record.checks, stuckRow(record)), stuckAlertedAt: now.toISOString() };
}

/** The fields that take the mark away; none when there is no mark. */
export function unmarked(record: MigrationRecord): Partial<Mark> {
  if (record.stuckAlertedAt === null) return {};
  return { checks: withoutRow(record.checks, 'stuck'), stuckAlertedAt: null };
}
