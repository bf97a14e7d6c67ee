import { z } from 'zod';

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
