import { z } from 'zod';

/** Who answers, as callers say it. Blanks around it do not count. */
export const callerNameSchema = z.string().trim().min(1).max(200);

/** Body of POST /migrations/{id}/approve and of /reject. */
export const decisionRequestSchema = z.strictObject({
  by: callerNameSchema.describe('Who decides; kept in the audit log'),
  comment: z.string().max(1000).optional(),
});

/**
 * The answer to a plan, written once: whoever is first decides. `timedOut` is the answer of the app itself, given when
 * nobody else answered in time.
 */
export const approvalSchema = z.strictObject({
  decision: z.enum(['approved', 'rejected', 'timedOut']),
  by: z.string(),
  comment: z.string(),
  at: z.iso.datetime(),
});
export type Approval = z.infer<typeof approvalSchema>;
export type Decision = Approval['decision'];

/** Whether two names mean the same caller: spelling of letters, and blanks around the name, do not make another one. */
export function isSameCaller(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

function plain(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}
