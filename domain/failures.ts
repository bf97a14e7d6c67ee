import { z } from 'zod';

/**
 * The one registry of codes. `http` codes travel in problem+json answers, with their status; `migration` codes in a
 * migration's `error`, with what an operator does about it. docs/failures.md lists exactly these (a test compares).
 */
export const failures = {
  'body-too-large': { in: 'http', status: 413, title: 'The request body is too large' },
  'content-type-not-json': { in: 'http', status: 415, title: 'The request body must be application/json' },
  'body-not-utf8': { in: 'http', status: 400, title: 'The request body is not valid UTF-8' },
  'body-not-json': { in: 'http', status: 400, title: 'The request body is not valid JSON' },
  'invalid-body': { in: 'http', status: 400, title: 'A field of the request body is missing or not valid' },
  'unknown-field': { in: 'http', status: 400, title: 'The request body has a field that is not known' },
  'invalid-id': { in: 'http', status: 400, title: 'The id in the address is not valid' },
  'invalid-query': { in: 'http', status: 400, title: 'A query parameter is not known or not valid' },
  'invalid-header': { in: 'http', status: 400, title: 'A request header is not valid' },
  'feature-not-available': { in: 'http', status: 422, title: 'This version cannot do what the request asks for' },
  'callback-not-allowed': { in: 'http', status: 422, title: 'Callbacks may not be sent to this address' },
  'route-not-found': { in: 'http', status: 404, title: 'There is nothing at this address' },
  'method-not-allowed': { in: 'http', status: 405, title: 'This address does not take this method' },
  'migration-not-found': { in: 'http', status: 404, title: 'No migration has this id' },
  'guest-already-migrating': { in: 'http', status: 409, title: 'This guest is being migrated already' },
  'migration-ended': { in: 'http', status: 409, title: 'The migration has ended' },
  'past-point-of-no-return': {
    in: 'http',
    status: 409,
    title: 'The old guest is being purged or gone: it cannot be given back as it was',
  },
  'nothing-to-resend': { in: 'http', status: 409, title: 'The migration has no invitation that could be repeated now' },
  'nothing-to-resume': { in: 'http', status: 409, title: 'The migration did not end where another could go on' },
  'already-resumed': { in: 'http', status: 409, title: 'Another migration continues this one already' },
  'approval-not-awaited': { in: 'http', status: 409, title: 'The migration does not wait for an approval' },
  'already-decided': { in: 'http', status: 409, title: 'Somebody has approved or rejected this migration already' },
  'approver-is-starter': { in: 'http', status: 403, title: 'Whoever started a migration may not approve it' },
  'invite-breaker-open': {
    in: 'http',
    status: 409,
    title: 'Microsoft blocks invitations of this tenant: nothing is deleted until an operator closes the breaker',
  },
  'daily-budget-used-up': {
    in: 'http',
    status: 429,
    title: 'As many migrations as a day allows have begun to delete',
  },
  'idempotency-key-reused': { in: 'http', status: 422, title: 'The Idempotency-Key was used with another request' },
  'notification-refused': { in: 'http', status: 403, title: 'The notification does not come from our subscription' },
  'directory-unavailable': { in: 'http', status: 503, title: 'The directory cannot be reached at the moment' },
  'records-unavailable': { in: 'http', status: 503, title: 'The record store cannot be reached at the moment' },
  'unexpected-error': { in: 'http', status: 500, title: 'An unexpected error occurred' },

  'preflight-failed': {
    in: 'migration',
    title: 'A blocking check failed; nothing was changed',
    advice: 'Read the failed rows of `checks`: each says how to fix it. Start again afterwards.',
  },
  'permission-missing': {
    in: 'migration',
    title: 'The app lacks a permission',
    advice: 'Grant the permission that the detail names (infra/graph-permissions.md) and start again.',
  },
  'snapshot-unverified': {
    in: 'migration',
    title: 'The snapshot could not be written and read back unharmed',
    advice: 'Check the storage account. Nothing is deleted, invited or restored without a verified snapshot.',
  },
  'approval-rejected': {
    in: 'migration',
    title: 'Somebody rejected the plan; nothing was changed',
    advice: 'Read `approval` for who and why. Start again when the reasons are gone.',
  },
  'approval-timed-out': {
    in: 'migration',
    title: 'Nobody approved the plan in time; nothing was changed',
    advice: 'Start again and have it approved in time; APPROVAL_TIMEOUT_HOURS sets how long that may take.',
  },
  'access-changed': {
    in: 'migration',
    title: 'The guest or their access changed between the plan and its approval; nothing was changed',
    advice: 'Read `comparison` of the report for what changed. Start again, so that the present plan is approved.',
  },
  'delete-refused': {
    in: 'migration',
    title: 'The directory refused to delete the guest',
    advice: 'See the detail. A guest with roles needs the app to hold Privileged Authentication Administrator.',
  },
  'invitations-blocked': {
    in: 'migration',
    endsAs: 'rejected',
    title: 'Microsoft blocks invitations of this tenant: the migration stopped before the purge, nothing is changed',
    advice: 'When Microsoft has lifted the block, close the invite breaker (docs/runbook.md) and start again.',
  },
  'budget-used-up': {
    in: 'migration',
    endsAs: 'rejected',
    title: 'Others used up the daily budget of deletions first; nothing was changed',
    advice: 'Start again after midnight UTC, or raise DAILY_BUDGET.',
  },
  'guest-vanished': {
    in: 'migration',
    title: 'The guest disappeared while the migration ran',
    advice: 'Somebody else deleted the old or the invited guest. Look in the recycle bin; the snapshot is kept.',
  },
  'purge-refused': {
    in: 'migration',
    title: 'The directory refused to purge the deleted guest',
    advice: 'The guest was restored. Hard-delete protection or a missing role are the usual reasons.',
  },
  'undo-failed': {
    in: 'migration',
    title: 'The soft-deleted guest could not be restored',
    advice: 'Restore the guest from "Deleted users" by hand within 30 days of the deletion.',
  },
  'invitation-refused': {
    in: 'migration',
    title: 'The directory refused the invitation after the purge',
    advice: 'Fix what the detail names, then resume; the snapshot is kept, nothing of it is lost.',
  },
  'invited-someone-else': {
    in: 'migration',
    title: 'The invited address belongs to another account of the directory',
    advice: 'Nothing was restored to it. Free the address, or resume with another one; the snapshot is kept.',
  },
  'wrong-identity': {
    in: 'migration',
    title: 'The invitation was redeemed with something other than a personal Microsoft account',
    advice: 'Nothing is restored to such an identity. The snapshot is kept; see the detail for how far it got.',
  },
  'reset-refused': {
    in: 'migration',
    title: 'The directory refused to reset the redemption of the guest',
    advice: 'See the detail. Resets need User.ReadWrite.All, and a guest without any role.',
  },
  'roles-not-returned': {
    in: 'migration',
    title: 'Roles that were taken away for a reset could not be given back',
    advice: 'Assign the roles that the report lists by hand; the snapshot is kept.',
  },
  'not-redeemed-in-time': {
    in: 'migration',
    title: 'The guest did not accept the invitation before the deadline',
    advice: 'The invitation is revoked, the snapshot is kept. Ask the guest, then resume.',
  },
  'step-exhausted': {
    in: 'migration',
    title: 'A service stayed unavailable through all retries',
    advice: 'Check service health and throttling. After the purge resume; the snapshot is kept.',
  },
  'engine-stopped': {
    in: 'migration',
    title: 'The orchestration was terminated or failed outside of the story',
    advice: 'Look at the instance in the durable store. A guest that was only soft-deleted was restored.',
  },
} as const satisfies Record<string, Failure>;

type Failure =
  | { in: 'http'; status: number; title: string }
  /** `endsAs`: the outcome when it is not `failed`. */
  | { in: 'migration'; title: string; advice: string; endsAs?: 'rejected' };

export type FailureCode = keyof typeof failures;
type CodesIn<Where extends Failure['in']> = {
  [Code in FailureCode]: (typeof failures)[Code] extends { in: Where } ? Code : never;
}[FailureCode];
export type HttpCode = CodesIn<'http'>;
export type MigrationCode = CodesIn<'migration'>;

const codes = Object.keys(failures) as FailureCode[];
export const migrationCodes = codes.filter((code): code is MigrationCode => failures[code].in === 'migration');
export const httpCodes = codes.filter((code): code is HttpCode => failures[code].in === 'http');

/** The outcome of a migration that ends with this code. */
export function outcomeOfFailure(code: MigrationCode): 'failed' | 'rejected' {
  const failure = failures[code];
  return 'endsAs' in failure ? failure.endsAs : 'failed';
}

export const migrationErrorSchema = z.strictObject({ code: z.enum(migrationCodes), detail: z.string() });
export type MigrationError = z.infer<typeof migrationErrorSchema>;
