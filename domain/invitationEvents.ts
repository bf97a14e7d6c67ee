import { z } from 'zod';

/** Why a guest is invited, or invited again. */
export const inviteReasons = ['invitation', 'reminder', 'resend', 'wrongAccount', 'turnedBack'] as const;
export type InviteReason = (typeof inviteReasons)[number];

/**
 * What a caller who writes to the guest is told of an invitation. `number` counts within its reason, a wrong account by
 * its round; `account` is the one to pick.
 */
export const invitationEventSchema = z.strictObject({
  why: z.enum(inviteReasons),
  number: z.int().min(1),
  account: z.enum(['personal', 'work']),
});
export type InvitationEvent = z.infer<typeof invitationEventSchema>;

/** The event's own part of its id: a run that turns back may count once more from the start. */
export function invitationEventKey({ why, number, account }: InvitationEvent): string {
  return `invitation-${why}-${number}-${account}`;
}
