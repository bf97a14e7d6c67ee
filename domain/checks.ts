import { z } from 'zod';

/** Ids of the preflight checks, stable for callers. */
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
  'strategy-recommended',
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

/** The blocking checks that failed. */
export function blockers(checks: readonly Check[]): Check[] {
  return checks.filter((check) => !check.ok && check.severity === 'blocking');
}
