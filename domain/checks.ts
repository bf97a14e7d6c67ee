import { z } from 'zod';

/** Ids of the rows, stable for callers: checks of preflight, and the last five for what a run meets later. */
export const checkIdSchema = z.enum([
  'guest-exists',
  'guest-is-guest',
  'guest-signs-in-with-work-account',
  'guest-is-cloud-managed',
  'guest-not-protected',
  'not-last-global-administrator',
  'invite-address-usable',
  'invite-address-free',
  'invite-address-not-the-work-address',
  'invitations-allowed',
  'invite-domain-allowed',
  'personal-accounts-allowed',
  'guest-permissions-sufficient',
  'app-permissions',
  'app-role-for-privileged-guest',
  'azure-permissions',
  'address-leads-to-personal-account',
  'strategy-recommended',
  'strategy-chosen',
  'reset-possible',
  'purge-after-redemption-possible',
  'migration-resumable',
  'invite-breaker-closed',
  'daily-budget-left',
  'invitation-held-back',
  'accepted-with-wrong-account',
  'invited-again',
  'guest-mail-sent',
  'stuck',
]);
export type CheckId = z.infer<typeof checkIdSchema>;

/** One row of preflight. A failed `blocking` row ends the migration as `rejected`; a failed `warning` is only shown. */
export const checkSchema = z.strictObject({
  id: checkIdSchema,
  ok: z.boolean(),
  severity: z.enum(['blocking', 'warning']),
  detail: z.string(),
  fix: z.string(),
});
export type Check = z.infer<typeof checkSchema>;

/** The rows with this one in the place of its predecessor, or at the end. */
export function withRow(checks: readonly Check[], row: Check): Check[] {
  const there = checks.some(({ id }) => id === row.id);
  return there ? checks.map((check) => (check.id === row.id ? row : check)) : [...checks, row];
}

/** The rows without the one with this id. */
export function withoutRow(checks: readonly Check[], id: CheckId): Check[] {
  return checks.filter((check) => check.id !== id);
}

/** The blocking checks that failed. */
export function blockers(checks: readonly Check[]): Check[] {
  return checks.filter((check) => !check.ok && check.severity === 'blocking');
}
