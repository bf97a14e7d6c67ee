import { z } from 'zod';
import { sha256 } from './ids';

/** Name of the control that remembers the tenant's one `/users` subscription; empty = there is none. */
export const SUBSCRIPTION_CONTROL = 'subscription';

/** What is remembered about the subscription, as JSON. Fields that are optional are missing in rows of older versions. */
export const subscriptionSchema = z.strictObject({
  id: z.string().min(1),
  expiresAt: z.iso.datetime({ offset: true }),
  notificationUrl: z.string(),
  /** Tells whether it carries the present `clientState`, without telling which it carries. */
  stateHash: sha256.optional(),
  /** When Graph was last seen to have it. */
  checkedAt: z.iso.datetime().optional(),
  /** When a migration last relied on it, before it invited. */
  wantedAt: z.iso.datetime().optional(),
  /** It is being removed. Nobody may rely on it any more, and nobody may take this back. */
  ending: z.literal(true).optional(),
});
export type Subscription = z.infer<typeof subscriptionSchema>;

/** Name of the control that tells of tries to make the subscription; empty = the latest one worked. */
export const ATTEMPT_CONTROL = 'subscriptionAttempt';

/**
 * A try that is under way, or why the latest one failed. `since`: from when on there was no subscription. `triedAt`:
 * when the present try began; written before it, so that others wait and a try that died is known of. `nextTryAt`: no
 * subscription is asked for earlier.
 */
export const attemptSchema = z.strictObject({
  since: z.iso.datetime(),
  triedAt: z.iso.datetime().optional(),
  failure: z.strictObject({ status: z.int(), code: z.string() }).optional(),
  nextTryAt: z.iso.datetime().optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Graph allows 41,760 minutes for users; a little less leaves room for clocks that differ. */
const LIFETIME_MS = 41_000 * MINUTE_MS;
const RENEW_BEFORE_MS = 3 * DAY_MS;
/** Graph tells nobody when it loses a subscription to users, so it is asked. */
const CHECK_AFTER_MS = HOUR_MS;
/** After a 403: the quota of subscriptions, or a missing permission. Neither goes away by asking often. */
const REFUSED_PAUSE_MS = HOUR_MS;
/** No try takes longer: a few requests, each with a limit of its own. */
const LONGEST_TRY_MS = 2 * MINUTE_MS;
/** Clocks of machines that differ, and the time from the step that relies on it to the phase that shows it. */
const STILL_WANTED_MS = 2 * MINUTE_MS;

/** When a subscription ends that is made or renewed now. */
export function subscriptionExpiry(now: Date): string {
  return new Date(now.getTime() + LIFETIME_MS).toISOString();
}

/**
 * What is to be done about a subscription: nothing, ask Graph whether it has it, renew it, or make another.
 *
 * @param present its address and `clientState` as they should be; `renew` = Graph asked for a renewal
 */
export function subscriptionDue(
  { expiresAt, checkedAt, ending, ...made }: Subscription,
  present: { notificationUrl: string; stateHash: string; renew: boolean; now: Date },
): 'nothing' | 'check' | 'renew' | 'replace' {
  const now = present.now.getTime();
  const left = Date.parse(expiresAt) - now;
  const fits = made.notificationUrl === present.notificationUrl && made.stateHash === present.stateHash;
  if (ending === true || !fits || left <= 0) return 'replace';
  if (present.renew || left <= RENEW_BEFORE_MS) return 'renew';
  return checkedAt === undefined || now - Date.parse(checkedAt) >= CHECK_AFTER_MS ? 'check' : 'nothing';
}

/**
 * Whether a subscription may be removed that nobody needed at `seenAt`, when the migrations were read: not while a
 * migration may have relied on it that did not show yet.
 */
export function isUnwanted({ wantedAt }: Subscription, seenAt: Date): boolean {
  return wantedAt === undefined || Date.parse(wantedAt) < seenAt.getTime() - STILL_WANTED_MS;
}

/** Whether somebody is making a subscription, who did not die over it. */
export function isUnderWay(attempt: Attempt | undefined, now: Date): boolean {
  return attempt?.triedAt !== undefined && now.getTime() - Date.parse(attempt.triedAt) < LONGEST_TRY_MS;
}

/** Whether asking for a subscription has to wait because the latest try was refused. */
export function isPaused(attempt: Attempt | undefined, now: Date): boolean {
  return attempt?.nextTryAt !== undefined && Date.parse(attempt.nextTryAt) > now.getTime();
}

/** The attempt as it stands when a try begins. */
export function attemptBegun(earlier: Attempt | undefined, now: Date): Attempt {
  return { since: now.toISOString(), ...earlier, triedAt: now.toISOString() };
}

/** The attempt as it stands after a try that failed. A refusal (403) makes the next one wait. */
export function attemptFailed(
  { since }: Attempt,
  { status, code }: { status: number; code: string },
  now: Date,
): Attempt {
  const pause = status === 403 ? { nextTryAt: new Date(now.getTime() + REFUSED_PAUSE_MS).toISOString() } : {};
  return { since, failure: { status, code }, ...pause };
}
