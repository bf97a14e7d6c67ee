import { oldGuestOf, type Plan } from './plan';
import { nowMs, type Durable, type Run } from './run';
import { enter, step } from './steps';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A guest that is invited, or is about to accept again. */
export interface Invited {
  newId: string;
  /** Until when the invitation can be accepted, in milliseconds since 1970. */
  expiresMs: number;
  /** How often somebody has had it repeated by now. */
  resent?: number;
}

/** When an invitation that is made now runs out, in milliseconds since 1970. */
export function deadlineOf(run: Run): number {
  return nowMs(run) + run.acceptWithinDays * DAY_MS;
}

/**
 * Invites once, listening for changes first, so that a quick redemption is not missed. An invitation that was held back
 * for days says itself until when it can be accepted.
 */
export function* inviteOnce(run: Run, plan: Plan): Durable<Invited> {
  const deadlineMs = deadlineOf(run);
  yield* enter(run, 'inviting');
  yield* step(run, 'ensureSubscription', {});
  const deadline = new Date(deadlineMs).toISOString();
  const input = { migrationId: run.migrationId, ...oldGuestOf(plan), deadline };
  const invited = yield* step(run, plan.strategy === 'reset' ? 'resetGuest' : 'inviteGuest', input);
  return {
    newId: invited.newId,
    expiresMs: invited.deadline === undefined ? deadlineMs : Date.parse(invited.deadline),
  };
}
