import { z } from 'zod';
import { approvalSchema, callerNameSchema } from './approval';
import { checkSchema } from './checks';
import { comparisonSchema } from './comparison';
import { migrationErrorSchema } from './failures';
import { accessCountsSchema, kindSchema } from './grants';
import { migrationId, objectId } from './ids';
import { outcomeSchema, phaseSchema, statusSchema } from './phases';
import { recommendationSchema } from './strategy';
import { wishRequestSchema } from './wishes';

/** Graph refuses these characters in an invited address (facts of POST /invitations); "+" addresses are among them. */
const refusedInAddress = /[~!#$%^&*()+=[\]{}\\/|;:"<>?,\s]/;
const address = /^[^@\s]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}$/;

/** True when Graph accepts the address in POST /invitations as far as its spelling goes. */
export function isInvitableAddress(value: string): boolean {
  const [local = ''] = value.split('@');
  return (
    value.length <= 254 &&
    address.test(value) &&
    !refusedInAddress.test(value) &&
    !/^[.-]|[.-]$/.test(local) &&
    !value.includes('..')
  );
}

const guestReference = z
  .string()
  .max(320)
  .refine(
    (value) => objectId.safeParse(value).success || (address.test(value) && !/["<>,;\\]/.test(value)),
    'must be an object id, a user principal name or a mail address',
  );

/** Body of POST /migrations. */
export const migrationRequestSchema = z.strictObject({
  guest: guestReference.describe('Object id, user principal name or mail address of the guest'),
  inviteEmail: z
    .string()
    .refine(isInvitableAddress, 'must be a mail address that an invitation can be sent to')
    .describe("Address of the guest's personal Microsoft account; the guest's present mail address when absent")
    .optional(),
  strategy: z.enum(['recreate', 'reset', 'auto']).default('recreate'),
  dryRun: z.boolean().default(false),
  reason: z.string().max(1000).optional(),
  approval: z
    .boolean()
    .describe('Wait, once the plan is made and before anything is deleted, until somebody approves it')
    .default(false),
  by: callerNameSchema.describe('Who starts it; kept in the audit log, and compared with who approves').optional(),
  acceptWithinDays: z.int().min(1).max(90).default(30),
  remindAfterDays: z
    .array(z.int().min(1).max(90))
    .max(10)
    .transform((days) => [...new Set(days)].sort((a, b) => a - b))
    .describe('Days after the invitation on which a guest who has not accepted is reminded; below acceptWithinDays')
    .optional(),
  skipAccess: z.array(kindSchema).max(50).default([]),
  callbackUrl: z
    .url({ protocol: /^https$/ })
    .max(2000)
    .describe('Where events are sent, as CloudEvents: at each phase worth knowing, and at the end')
    .optional(),
});
export type MigrationRequest = z.infer<typeof migrationRequestSchema>;

/** Body of POST /migrations/{id}/resume; it may also be absent. */
export const resumeRequestSchema = wishRequestSchema.extend({
  inviteEmail: z
    .string()
    .refine(isInvitableAddress, 'must be a mail address that an invitation can be sent to')
    .describe('Another address for the invitation than before')
    .optional(),
});

/** Body of POST /migrations/{id}/cancel; the body may also be absent. */
export const cancelRequestSchema = z.strictObject({
  mode: z.enum(['undo', 'revert']).default('undo'),
  by: z.string().max(200).optional(),
  comment: z.string().max(1000).optional(),
});

export const linksSchema = z.strictObject({
  self: z.string(),
  result: z.string(),
  report: z.string(),
  cancel: z.string(),
  /** These two are there as long as the migration takes an answer to its plan. */
  approve: z.string().optional(),
  reject: z.string().optional(),
  /** There while the invitation can be repeated. */
  resend: z.string().optional(),
  /** There once the migration has ended and can be continued. */
  resume: z.string().optional(),
  /** The page that guides the guest; there while the guest is waited for. Whoever has it can open the invitation. */
  guide: z.string().optional(),
});

/** A migration as callers see it. */
export const migrationSchema = z.strictObject({
  id: migrationId,
  status: statusSchema,
  phase: phaseSchema,
  outcome: outcomeSchema.nullable(),
  strategy: z.enum(['recreate', 'reset', 'auto']),
  guest: z.strictObject({
    oldId: objectId.nullable(),
    newId: objectId.nullable(),
    displayName: z.string().nullable(),
  }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  progress: z.strictObject({ done: z.int(), total: z.int() }),
  access: accessCountsSchema,
  checks: z.array(checkSchema),
  invitation: z
    .strictObject({
      sentAt: z.iso.datetime(),
      remindersSent: z.int(),
      expiresAt: z.iso.datetime(),
      rounds: z.int(),
    })
    .nullable(),
  /** Only there when the migration needs an approval: null until somebody answered. */
  approval: approvalSchema.nullable().optional(),
  error: migrationErrorSchema.nullable(),
  /** The migration that this one continues, and the one that continues this one; absent when there is none. */
  resumes: migrationId.optional(),
  resumedBy: migrationId.optional(),
  links: linksSchema,
});
export type Migration = z.infer<typeof migrationSchema>;

/** Body of GET /migrations. `continuation` is null on the last page. */
export const migrationListSchema = z.strictObject({
  value: z.array(migrationSchema),
  continuation: migrationId.nullable(),
});

/** One row of the report. */
export const reportGrantSchema = z.strictObject({
  kind: kindSchema,
  key: z.string(),
  name: z.string(),
  scope: z.string().optional(),
  result: z.enum(['planned', 'restored', 'alreadyPresent', 'manual', 'failed']),
  detail: z.string(),
});

/**
 * Body of GET /migrations/{id}/report. `comparison` is null until the new guest's access was read; a migration that ended
 * because the access changed while it waited for its approval says there what changed. `recommendation` (which strategy
 * suits this guest, and why) is null until preflight has read what the guest holds.
 */
export const reportSchema = z.strictObject({
  migrationId,
  outcome: outcomeSchema.nullable(),
  grants: z.array(reportGrantSchema),
  comparison: comparisonSchema.nullable(),
  recommendation: recommendationSchema.nullable(),
});
export type Report = z.infer<typeof reportSchema>;
