import { z } from 'zod';
import { approvalSchema } from './approval';
import { comparisonSchema } from './comparison';
import { noAccess } from './grants';
import { objectId, sha256 } from './ids';
import { verdictSchema } from './identityVerdict';
import { migrationRequestSchema, migrationSchema, type MigrationRequest } from './migration';
import { progressOf } from './phases';
import { recommendationSchema } from './strategy';

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
});
export type MigrationRecord = z.infer<typeof migrationRecordSchema>;

/** A new migration's record, before its orchestration runs. */
export function newRecord(start: {
  id: string;
  guestId: string | null;
  request: MigrationRequest;
  startedBy: string;
  approvalHours?: number | null;
  now: string;
}): MigrationRecord {
  return {
    id: start.id,
    status: 'NotStarted',
    phase: 'preflight',
    outcome: null,
    strategy: 'recreate',
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
  };
}

/** A row of ActiveGuests: this guest object belongs to this migration. */
export const guestLockSchema = z.strictObject({
  guestId: objectId,
  migrationId: z.string(),
  lockedAt: z.iso.datetime(),
});
export type GuestLock = z.infer<typeof guestLockSchema>;
