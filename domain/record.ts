import { z } from 'zod';
import { approvalSchema } from './approval';
import { comparisonSchema } from './comparison';
import { noAccess } from './grants';
import { migrationId, objectId, sha256 } from './ids';
import { verdictSchema } from './identityVerdict';
import { migrationRequestSchema, migrationSchema, type MigrationRequest } from './migration';
import { progressOf } from './phases';
import { recommendationSchema } from './strategy';
import { wishSchema } from './wishes';

/**
 * The stored row of a migration: what callers see (without links, which depend on the address) and what the steps
 * remember for each other. The request may hold mail addresses: it lives here, never in the durable history.
 */
export const migrationRecordSchema = migrationSchema.omit({ links: true }).extend({
  request: migrationRequestSchema,
  startedBy: z.string(),
  /** How long an approval is waited for; null when the migration needs none. */
  approvalHours: z.int().min(1).nullable(),
  approval: approvalSchema.nullable(),
  resumes: migrationId.nullable(),
  resumedBy: migrationId.nullable(),
  cancelRequestedAt: z.iso.datetime().nullable(),
  deleteAttemptedAt: z.iso.datetime().nullable(),
  purgeClaimedAt: z.iso.datetime().nullable(),
  purgeAttemptedAt: z.iso.datetime().nullable(),
  inviteAttemptedAt: z.iso.datetime().nullable(),
  snapshotHash: sha256.nullable(),
  verdict: verdictSchema.nullable(),
  comparison: comparisonSchema.nullable(),
  recommendation: recommendationSchema.nullable(),
  /** When operators were last told that nothing moves; null while it does. */
  stuckAlertedAt: z.iso.datetime().nullable(),
  /** Invitations that a guest gets at most because of a wrong account; null in migrations of versions that only waited. */
  mostRounds: z.int().min(1).nullable(),
  /** How many phases the run has entered; null in migrations of versions that did not count them. */
  phasesEntered: z.int().nullable(),
  /** What somebody wants, until it is served. */
  wish: wishSchema.nullable(),
  /** When the purge was known to have taken effect; in migrations that continue another, when that was past its return. */
  purgedAt: z.iso.datetime().nullable(),
  /** When the run turned back to the identity that the guest had. */
  turnedBackAt: z.iso.datetime().nullable(),
  /** A guest that this migration invited and then removed; it lies in the recycle bin. */
  removedId: objectId.nullable(),
  /** The latest try to invite again: written down before the call, because its answer may be lost. */
  invitedAgain: z
    .strictObject({
      why: z.string(),
      number: z.int(),
      at: z.iso.datetime(),
      done: z.boolean(),
      /** Whether the redemption was to be reset. */
      reset: z.literal(true).optional(),
      /** Since when it is tried, while the service refused for the moment; `idle`: nothing is under way. */
      since: z.iso.datetime().optional(),
      idle: z.literal(true).optional(),
    })
    .nullable(),
  /** The latest mail of ours to the guest: written down before the call, because its answer may be lost. */
  guestMail: z
    .strictObject({
      why: z.string(),
      number: z.int(),
      at: z.iso.datetime(),
      state: z.enum(['open', 'sent', 'lost', 'refused', 'idle']),
    })
    .nullable(),
  /** When roles were last taken away for a reset, when the invited address was added to the guest's, and the latest try. */
  addressAddedAt: z.iso.datetime().nullable(),
  rolesRemovedAt: z.iso.datetime().nullable(),
  resetAttemptedAt: z.iso.datetime().nullable(),
});
export type MigrationRecord = z.infer<typeof migrationRecordSchema>;

/** A new migration's record, before its orchestration runs. */
export function newRecord(start: {
  id: string;
  guestId: string | null;
  request: MigrationRequest;
  startedBy: string;
  approvalHours?: number | null;
  mostRounds?: number | null;
  /** The migration that this one continues. */
  resumes?: string | null;
  now: string;
}): MigrationRecord {
  return {
    id: start.id,
    status: 'NotStarted',
    phase: 'preflight',
    outcome: null,
    strategy: start.request.strategy,
    guest: { oldId: start.guestId, newId: null, displayName: null },
    createdAt: start.now,
    updatedAt: start.now,
    progress: progressOf('preflight', { captured: 0, done: 0 }),
    access: noAccess,
    checks: [],
    invitation: null,
    error: null,
    request: start.request,
    startedBy: start.startedBy,
    approvalHours: start.approvalHours ?? null,
    approval: null,
    cancelRequestedAt: null,
    deleteAttemptedAt: null,
    purgeClaimedAt: null,
    purgeAttemptedAt: null,
    inviteAttemptedAt: null,
    snapshotHash: null,
    verdict: null,
    comparison: null,
    recommendation: null,
    stuckAlertedAt: null,
    mostRounds: start.mostRounds ?? null,
    phasesEntered: null,
    resumes: start.resumes ?? null,
    resumedBy: null,
    wish: null,
    purgedAt: null,
    turnedBackAt: null,
    removedId: null,
    invitedAgain: null,
    guestMail: null,
    addressAddedAt: null,
    rolesRemovedAt: null,
    resetAttemptedAt: null,
  };
}

/** A row of ActiveGuests: this guest object belongs to this migration. */
export const guestLockSchema = z.strictObject({
  guestId: objectId,
  migrationId: z.string(),
  lockedAt: z.iso.datetime(),
});
export type GuestLock = z.infer<typeof guestLockSchema>;
