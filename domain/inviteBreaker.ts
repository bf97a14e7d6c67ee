import { z } from 'zod';
import { migrationId } from './ids';
import type { ServiceError } from './serviceError';

/** Name of the control that remembers the breaker. */
export const INVITE_BREAKER = 'inviteBreaker';

/**
 * The breaker as it is stored: opened by the refusal that a migration met, closed by a person. `lastTriedAt` is when an
 * invitation was last tried while it was open, by whichever migration.
 */
export const inviteBreakerSchema = z.strictObject({
  openedAt: z.iso.datetime(),
  migrationId,
  lastTriedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().optional(),
  closedBy: z.string().optional(),
});
export type InviteBreaker = z.infer<typeof inviteBreakerSchema>;

/** Body of POST /controls/invite-breaker/close. */
export const closeBreakerRequestSchema = z.strictObject({
  by: z.string().min(1).max(200).describe('Who closes it; written into the audit log'),
  comment: z.string().max(1000).optional(),
});

/** The breaker as callers see it; everything but `state` is null when it never opened. */
export const breakerStateSchema = z.strictObject({
  state: z.enum(['closed', 'open']),
  openedAt: z.iso.datetime().nullable(),
  migrationId: migrationId.nullable(),
  closedAt: z.iso.datetime().nullable(),
  closedBy: z.string().nullable(),
});

/** True while nobody closed it. */
export function isOpen(breaker: InviteBreaker | undefined): breaker is InviteBreaker {
  return breaker !== undefined && breaker.closedAt === undefined;
}

/**
 * Within one sentence, so that refusals by a policy ("This invitation is blocked by cross-tenant access settings.
 * Admins in both your organization …") are not taken for it.
 */
const blockedTenant =
  /\binvit(?:ation|e)s?\b[^.]*\bblocked\b[^.]*\b(?:this|the|your)\s+(?:directory|tenant|company|organi[sz]ation)\b/i;

/**
 * True for Graph's 403 that says that invitations of the whole directory are blocked. It is on no page of Microsoft's
 * documents; people quote it in questions, so its words are taken loosely. It can come in the middle of a handful of
 * invitations, and only Microsoft support lifts it.
 */
export function saysInvitationsAreBlocked({ status, serviceMessage }: ServiceError): boolean {
  return status === 403 && blockedTenant.test(serviceMessage);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The longest that a held-back migration waits until it looks again. */
export const LONGEST_HOLD_MS = 3 * HOUR_MS;

/**
 * Seconds until a held-back invitation is looked at again: 15 minutes on the first day after the purge, an hour in the
 * first week, three hours after that. A step may be put off 500 times, so the wait lasts about five weeks.
 *
 * @param waitedMs since the old guest was purged
 */
export function secondsUntilNextLook(waitedMs: number): number {
  if (waitedMs < DAY_MS) return (15 * MINUTE_MS) / 1000;
  return (waitedMs < 8 * DAY_MS ? HOUR_MS : LONGEST_HOLD_MS) / 1000;
}

/** Time between two invitations of the whole tenant while the breaker is open: failed ones are held against it. */
const PACE_MS = 14 * MINUTE_MS;

/** True when a migration may try an invitation now. */
export function mayTry(breaker: InviteBreaker | undefined, now: Date): boolean {
  return !isOpen(breaker) || now.getTime() - Date.parse(breaker.lastTriedAt) >= PACE_MS;
}
