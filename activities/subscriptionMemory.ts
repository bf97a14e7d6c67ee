import { createHash } from 'node:crypto';
import type { Records } from '../domain/ports';
import {
  ATTEMPT_CONTROL,
  attemptBegun,
  attemptFailed,
  attemptSchema,
  isPaused,
  isUnderWay,
  isUnwanted,
  SUBSCRIPTION_CONTROL,
  subscriptionSchema,
  type Attempt,
  type Subscription,
} from '../domain/subscription';

/*
 * What the app remembers about the tenant's one subscription. All changes are conditional writes, because a migration
 * that is about to invite, the tending timer and their late duplicates may be at it at the same moment.
 */

/** The subscription in force as far as we remember; also one that is being removed (`ending`). */
export async function readSubscription(records: Pick<Records, 'readControl'>): Promise<Subscription | undefined> {
  return subscriptionOf(await records.readControl(SUBSCRIPTION_CONTROL));
}

/** Writes down that a migration relies on the subscription now. Whoever would remove it sees that, or it sees them. */
export async function markWanted(records: Records, now: Date): Promise<void> {
  await records.decideOnControl(SUBSCRIPTION_CONTROL, (value) => {
    const present = subscriptionOf(value);
    return present && JSON.stringify({ ...present, wantedAt: now.toISOString() } satisfies Subscription);
  });
}

/** Changes what is remembered of the subscription with this id; nothing when another took its place. */
export async function changeSubscription(records: Records, id: string, change: Partial<Subscription>): Promise<void> {
  await records.decideOnControl(SUBSCRIPTION_CONTROL, (value) => {
    const present = subscriptionOf(value);
    return present?.id === id ? JSON.stringify({ ...present, ...change } satisfies Subscription) : undefined;
  });
}

/**
 * Remembers a subscription, unless another is remembered that is none of those known to be gone.
 *
 * @returns the one in force afterwards
 */
export async function rememberSubscription(
  records: Records,
  made: Subscription,
  gone: ReadonlySet<string>,
): Promise<Subscription> {
  const value = await records.decideOnControl(SUBSCRIPTION_CONTROL, (stored) => {
    const present = subscriptionOf(stored);
    if (present?.id === made.id && present.ending === true) return undefined;
    return present === undefined || present.id === made.id || gone.has(present.id) ? JSON.stringify(made) : undefined;
  });
  return subscriptionOf(value) ?? made;
}

/**
 * Marks the subscription as ending, if nobody has relied on it since about `seenAt`.
 *
 * @returns the one that is to be removed now; undefined when there is none or it stays
 */
export async function markEnding(records: Records, seenAt: Date): Promise<Subscription | undefined> {
  const value = await records.decideOnControl(SUBSCRIPTION_CONTROL, (stored) => {
    const present = subscriptionOf(stored);
    if (present === undefined || present.ending === true || !isUnwanted(present, seenAt)) return undefined;
    return JSON.stringify({ ...present, ending: true } satisfies Subscription);
  });
  const present = subscriptionOf(value);
  return present?.ending === true ? present : undefined;
}

/** Forgets a subscription that is gone, unless another took its place. */
export async function forgetSubscription(records: Records, id: string): Promise<void> {
  await records.decideOnControl(SUBSCRIPTION_CONTROL, (value) => (subscriptionOf(value)?.id === id ? '' : undefined));
}

/** The try that is under way or the latest one that failed; undefined when the latest one worked. */
export async function readAttempt(records: Pick<Records, 'readControl'>): Promise<Attempt | undefined> {
  return attemptOf(await records.readControl(ATTEMPT_CONTROL));
}

/**
 * Begins a try to make the subscription: one at a time, and none while a refusal is fresh.
 *
 * @returns the try, or why there is none now
 */
export async function beginAttempt(records: Records, now: Date): Promise<Attempt | 'busy' | 'paused'> {
  let begun: Attempt | 'busy' | 'paused' = 'busy';
  await records.decideOnControl(ATTEMPT_CONTROL, (value) => {
    const earlier = attemptOf(value);
    begun = isUnderWay(earlier, now) ? 'busy' : isPaused(earlier, now) ? 'paused' : attemptBegun(earlier, now);
    return typeof begun === 'string' ? undefined : JSON.stringify(begun);
  });
  return begun;
}

/** Ends a try: forgotten when it worked, otherwise remembered with its failure. Not when another has begun since. */
export async function endAttempt(
  records: Records,
  attempt: Attempt,
  failure: { status: number; code: string } | undefined,
  now: Date,
): Promise<void> {
  await records.decideOnControl(ATTEMPT_CONTROL, (value) => {
    if (attemptOf(value)?.triedAt !== attempt.triedAt) return undefined;
    return failure === undefined ? '' : JSON.stringify(attemptFailed(attempt, failure, now));
  });
}

/** SHA-256 that tells whether a subscription carries a `clientState`. The id makes equal secrets look different. */
export function stateHashOf(id: string, clientState: string): string {
  return createHash('sha256').update(`${id}\n${clientState}`, 'utf8').digest('hex');
}

function subscriptionOf(value: string | undefined): Subscription | undefined {
  return value === undefined || value === '' ? undefined : subscriptionSchema.parse(JSON.parse(value));
}

function attemptOf(value: string | undefined): Attempt | undefined {
  return value === undefined || value === '' ? undefined : attemptSchema.parse(JSON.parse(value));
}
