import { z } from 'zod';

/** What is left of a day's deletions. */
export const budgetSchema = z.strictObject({ used: z.int().min(0), limit: z.int().min(1) });
export type Budget = z.infer<typeof budgetSchema>;

const DAY_MS = 24 * 60 * 60 * 1000;

/** The day that a deletion counts for, in UTC: `2026-03-01`. */
export function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}

/** Seconds until the next day begins in UTC, at least one. */
export function secondsUntilTomorrow(now: Date): number {
  return Math.max(1, Math.ceil((DAY_MS - (now.getTime() % DAY_MS)) / 1000));
}

/** True when no further migration may begin to delete on that day. */
export function isUsedUp({ used, limit }: Budget): boolean {
  return used >= limit;
}
