import { z } from 'zod';
import { approvalSchema } from './approval';
import { migrationErrorSchema } from './failures';
import { migrationId, objectId, sha256 } from './ids';
import { verdictSchema } from './identityVerdict';
import { outcomeSchema, phaseSchema } from './phases';
import { wishSchema } from './wishes';

/**
 * The contract between orchestrators and activities: one entry a step, its name in code, history and logs. Inputs and
 * outputs go into the durable history, so they carry ids, counts and references only.
 */
function step<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): { input: I; output: O } {
  return { input, output };
}

const nothing = z.strictObject({});
const ofMigration = { migrationId };
const ofSnapshot = { ...ofMigration, guestId: objectId, snapshotHash: sha256 };
const indexes = z.array(z.int().min(0));
const seconds = z.number().min(0);
const count = z.int().min(0);
const plan = {
  snapshotHash: sha256,
  grants: z.int().min(0),
  chunks: z.array(z.strictObject({ wave: z.int(), from: z.int(), to: z.int() })),
};

export const steps = {
  preflight: step(
    // `again`: once more after the wait for an approval, which may have taken days.
    z.strictObject({ ...ofMigration, again: z.literal(true).optional() }),
    // `strategy`: what was asked for or, where preflight may choose, what it chose. Absent = recreate.
    z.strictObject({
      guestId: objectId.nullable(),
      failedChecks: z.array(z.string()),
      strategy: z.enum(['recreate', 'reset']).optional(),
    }),
  ),
  captureAccess: step(z.strictObject({ ...ofMigration, guestId: objectId }), z.strictObject(plan)),
  continueMigration: step(
    z.strictObject(ofMigration),
    // Null where the directory is not as it must be for going on: then nothing was changed.
    z.strictObject({
      failedChecks: z.array(z.string()),
      plan: z
        .strictObject({ ...plan, guestId: objectId, strategy: z.enum(['recreate', 'reset']), back: z.boolean() })
        .nullable(),
      // The guest that the earlier migration invited, when it is still there, and how it stands.
      invited: z.strictObject({ newId: objectId, state: z.enum(['pending', 'accepted']) }).nullable(),
    }),
  ),
  readApproval: step(
    // `close`: the time is up, and nobody may decide after that.
    z.strictObject({ ...ofMigration, close: z.boolean() }),
    z.strictObject({ decision: approvalSchema.shape.decision.nullable(), cancelRequested: z.boolean() }),
  ),
  confirmAccess: step(
    z.strictObject(ofSnapshot),
    // Grants that came, went, and are there in another form; `account`: whether the guest account is the captured one.
    z.strictObject({ added: count, gone: count, changed: count, account: z.enum(['same', 'changed']) }),
  ),
  softDeleteGuest: step(z.strictObject(ofSnapshot), nothing),
  claimPurge: step(z.strictObject(ofMigration), z.strictObject({ claimed: z.boolean() })),
  purgeGuest: step(z.strictObject(ofSnapshot), nothing),
  undeleteGuest: step(
    z.strictObject({ ...ofMigration, guestId: objectId }),
    z.strictObject({ guest: z.enum(['present', 'gone']) }),
  ),
  ensureSubscription: step(nothing, z.strictObject({ active: z.boolean() })),
  inviteGuest: step(
    z.strictObject({ ...ofSnapshot, deadline: z.iso.datetime() }),
    // `deadline`: only when the invitation was held back, so that the guest still has the whole time to accept.
    z.strictObject({ newId: objectId, deadline: z.iso.datetime().optional() }),
  ),
  rewriteConditionalAccess: step(
    z.strictObject({ ...ofMigration, newId: objectId, snapshotHash: sha256 }),
    z.strictObject({ retry: z.boolean(), afterSeconds: seconds }),
  ),
  readRedemption: step(
    // `listen`: also say what people wish.
    z.strictObject({ ...ofMigration, newId: objectId, listen: z.literal(true).optional() }),
    z.strictObject({
      state: z.enum(['pending', 'accepted', 'gone']),
      verdict: verdictSchema.nullable(),
      wish: wishSchema.shape.kind.nullable().optional(),
    }),
  ),
  inviteAgain: step(
    // `number`: which reminder, which repetition, or which round it is; counts from 1 within its reason.
    z.strictObject({
      ...ofMigration,
      newId: objectId,
      snapshotHash: sha256,
      why: z.enum(['reminder', 'resend', 'wrongAccount', 'turnedBack']),
      number: z.int().min(1),
    }),
    // `accepted`: the guest did so with the right account meanwhile, and was not disturbed. `refused`: the directory does
    // not let the app do it. `deadline`: when the time to accept began anew.
    z.strictObject({
      invitation: z.enum(['sent', 'accepted', 'refused']),
      deadline: z.iso.datetime().optional(),
    }),
  ),
  removeInvited: step(
    // `evenAccepted`: also a guest who has accepted; otherwise only an invitation that waits is revoked.
    z.strictObject({ ...ofMigration, newId: objectId, evenAccepted: z.boolean() }),
    z.strictObject({ invited: z.enum(['removed', 'accepted', 'gone']) }),
  ),
  turnBack: step(
    z.strictObject({ ...ofSnapshot, newId: objectId }),
    // The invited guest, where the same account is used for the way back.
    z.strictObject({ newId: objectId.nullable() }),
  ),
  removeRoles: step(z.strictObject(ofSnapshot), z.strictObject({ retry: z.boolean(), afterSeconds: seconds })),
  resetGuest: step(
    // `revoke`: back to the guest's own address without asking anybody, because the time to accept is over. A guest who has
    // accepted by then is left alone, and `accepted` says so.
    z.strictObject({ ...ofSnapshot, deadline: z.iso.datetime(), revoke: z.literal(true).optional() }),
    z.strictObject({ newId: objectId, deadline: z.iso.datetime().optional(), accepted: z.literal(true).optional() }),
  ),
  giveBackRoles: step(z.strictObject(ofSnapshot), z.strictObject({ retry: z.boolean(), afterSeconds: seconds })),
  restoreGrants: step(
    z.strictObject({ ...ofMigration, newId: objectId, snapshotHash: sha256, indexes, lastTry: z.boolean() }),
    z.strictObject({ retry: indexes, afterSeconds: seconds }),
  ),
  verifyAccess: step(
    z.strictObject({ ...ofMigration, newId: objectId, snapshotHash: sha256, lastTry: z.boolean() }),
    // `manual` counts what is still missing: a dynamic group may have taken the new guest in by itself.
    z.strictObject({ settled: z.boolean(), failed: z.int(), manual: z.int() }),
  ),
  recordPhase: step(
    // `nth`: which phase of the run it is, counted from 1; tells a late duplicate from a phase that is entered again.
    z.strictObject({ ...ofMigration, phase: phaseSchema, nth: z.int().min(1).optional() }),
    z.strictObject({ cancelRequested: z.boolean(), wish: z.literal('revert').optional() }),
  ),
  finishMigration: step(
    // `mayTurnBack`: an ending of the wait, from which the run can turn back as it can after giving access.
    z.strictObject({
      ...ofMigration,
      outcome: outcomeSchema,
      error: migrationErrorSchema.nullable(),
      mayTurnBack: z.literal(true).optional(),
    }),
    // `wish`: somebody wants to go back, asked for it before the end was written, and so it was not written.
    z.strictObject({ wish: z.literal('revert').optional() }),
  ),
} as const;

export type StepName = keyof typeof steps;
export type StepInput<N extends StepName> = z.input<(typeof steps)[N]['input']>;
export type StepOutput<N extends StepName> = z.output<(typeof steps)[N]['output']>;

/**
 * What an activity answers. A permanent failure is *returned* with its code; "not now" is returned with the time to
 * wait, which a durable timer serves; anything transient without a time is *thrown*, so that the retry policy runs.
 */
export type StepOutcome<T> =
  | { ok: true; value: T }
  | { ok: false; failure: z.infer<typeof migrationErrorSchema> }
  | { ok: false; afterSeconds: number };

/** Schema of the outcome of a step with this output, as it comes back through the history. */
export function outcomeOf<O extends z.ZodType>(output: O) {
  return z.union([
    z.strictObject({ ok: z.literal(true), value: output }),
    z.strictObject({ ok: z.literal(false), failure: migrationErrorSchema }),
    z.strictObject({ ok: z.literal(false), afterSeconds: seconds }),
  ]);
}

/** The outcome's schema of every step: made once, because every replay reads every outcome again. */
export const outcomes = Object.fromEntries(
  Object.entries(steps).map(([name, { output }]) => [name, outcomeOf(output)]),
) as unknown as Record<StepName, z.ZodType>;

/** Input of the orchestration: references and decisions, no personal data. */
export const switchInputSchema = z.strictObject({
  migrationId,
  dryRun: z.boolean(),
  acceptWithinDays: z.int().min(1).max(90),
  parallelRestores: z.int().min(1).max(50),
  /** Whether policies are rewritten before the guest can sign in. Absent in runs of versions that did not do it. */
  rewriteConditionalAccess: z.boolean().optional(),
  /** How long an approval is waited for before the deletion. Absent where none is needed. */
  approvalHours: z.int().min(1).max(720).optional(),
  /**
   * How the wait is attended: invitations a guest gets at most because of a wrong account, and days after which they are
   * reminded. Absent in runs of versions that only waited.
   */
  attended: z
    .strictObject({ rounds: z.int().min(1).max(10), remindAfterDays: z.array(z.int().min(1).max(90)).max(10) })
    .optional(),
  /** Keeps the soft-deleted guest until the new identity is proven. */
  purgeAfterRedemption: z.literal(true).optional(),
  /** Continues a migration that ended after the purge, from its snapshot. */
  resumes: z.literal(true).optional(),
});
export type SwitchInput = z.infer<typeof switchInputSchema>;

/** Name of the orchestration; its file is orchestrators/switchGuest.ts. */
export const SWITCH_GUEST = 'switchGuest';
