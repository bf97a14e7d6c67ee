import { z } from 'zod';
import type { Phase } from './phases';
import type { MigrationRecord } from './record';

/**
 * What somebody wants of a migration whose guest is waited for: the invitation again, back to the identity the guest had,
 * an end without either (only while an operator is asked for), or, while the old guest can still be given back, that.
 */
export const wishSchema = z.strictObject({
  kind: z.enum(['resend', 'revert', 'stop', 'cancel']),
  by: z.string(),
  at: z.iso.datetime(),
});
export type Wish = z.infer<typeof wishSchema>;

/** Body of POST /migrations/{id}/resend; it may also be absent. */
export const wishRequestSchema = z.strictObject({
  by: z.string().min(1).max(200).describe('Who asks for it; kept in the audit log').optional(),
  comment: z.string().max(1000).optional(),
});

const waits: readonly Phase[] = ['awaitingRedemption', 'verifyingIdentity', 'needsOperator'];

/** True in the phases in which a run waits for its guest or for an operator, and serves what people wish. */
export function takesWishes(phase: Phase): boolean {
  return waits.includes(phase);
}

/** True while the invitation can be repeated. */
export function takesResend({ phase, mostRounds }: MigrationRecord): boolean {
  return mostRounds !== null && takesWishes(phase);
}

/** The fields by which somebody wants something of a migration; none when the same is wanted already. */
export function wishing({ wish }: MigrationRecord, wanted: Wish): Pick<MigrationRecord, 'wish'> | undefined {
  // The way back outweighs a repetition of the invitation; nothing outweighs the way back.
  if (wish?.kind === wanted.kind || wish?.kind === 'revert') return undefined;
  return { wish: wanted };
}
