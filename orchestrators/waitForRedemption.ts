import { REDEMPTION_HINT } from '../domain/events';
import type { IdentityVerdict } from '../domain/identityVerdict';
import { nowMs, type Durable, type Run } from './run';
import { pause, step } from './steps';
import { failure, Stop } from './stop';

/** Timers stay far below six days, beyond which durable-functions 3 replays a cancelled timer wrongly. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** After a hint the read may lag behind the redemption: looked again after these seconds, then at the usual pace. */
export const LOOK_AGAIN_SECONDS = [3, 10, 30, 90] as const;

/**
 * Waits until the new guest accepts. Hints (a notification, a poll) only wake it: what counts is what it then reads.
 * Without hints it looks once a day, so that a lost hint costs a day at most, and the history grows by a few rows a
 * day however long the wait.
 */
export function* waitForRedemption(run: Run, newId: string, deadlineMs: number): Durable<void> {
  let looksLeft: readonly number[] = [];
  for (;;) {
    const { state } = yield* step(run, 'readRedemption', { migrationId: run.migrationId, newId });
    if (state === 'accepted') return;
    if (state === 'gone' && (yield* isReallyGone(run, newId))) {
      throw failure({ code: 'guest-vanished', detail: 'The invited guest was deleted before accepting.' });
    }
    if (nowMs(run) >= deadlineMs) {
      throw new Stop('expired', { code: 'not-redeemed-in-time', detail: 'The guest did not accept in time.' });
    }
    const [next, ...later] = looksLeft;
    const untilMs = Math.min(deadlineMs, nowMs(run) + (next === undefined ? LONGEST_TIMER_MS : next * 1000));
    const hinted = yield* hintOrTimer(run, untilMs);
    looksLeft = hinted ? LOOK_AGAIN_SECONDS : later;
  }
}

/** One "not found" may come from a replica that lags: the guest counts as gone when it is gone for minutes. */
export function* isReallyGone(run: Run, newId: string): Durable<boolean> {
  for (const seconds of LOOK_AGAIN_SECONDS) {
    yield* pause(run, seconds);
    const { state } = yield* step(run, 'readRedemption', { migrationId: run.migrationId, newId });
    if (state !== 'gone') return false;
  }
  return true;
}

/** Races a hint against a timer and cancels the timer when it loses. True when the hint came first. */
function* hintOrTimer({ context }: Run, untilMs: number): Durable<boolean> {
  const hint = context.df.waitForExternalEvent(REDEMPTION_HINT);
  const timer = context.df.createTimer(new Date(untilMs));
  const first = yield context.df.Task.any([hint, timer]);
  if (!timer.isCompleted) timer.cancel();
  return first === hint;
}

/** Reads of the identity before an answer of the directory that makes no sense is taken as final. */
const IDENTITY_LOOKS_SECONDS = [2, 5, 15, 30, 60] as const;

/** Verifies with which identity the guest accepted; returns only for a personal account. */
export function* verifyIdentity(run: Run, newId: string): Durable<void> {
  const verdict = yield* identityOf(run, newId);
  if (verdict !== 'personal') {
    throw failure({ code: 'wrong-identity', detail: `The guest accepted with: ${verdict ?? 'unknown'}.` });
  }
}

/**
 * The identity that the guest accepted with; null while they have not. State and identity replicate apart from each
 * other, so an unclear answer is read again a few times.
 */
export function* identityOf(run: Run, newId: string): Durable<IdentityVerdict | null> {
  const read = (): ReturnType<typeof step<'readRedemption'>> =>
    step(run, 'readRedemption', { migrationId: run.migrationId, newId });
  let { verdict } = yield* read();
  for (const seconds of IDENTITY_LOOKS_SECONDS) {
    if (verdict !== null && verdict !== 'unknown') break;
    yield* pause(run, seconds);
    ({ verdict } = yield* read());
  }
  return verdict;
}
