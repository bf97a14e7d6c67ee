import { wantedIdentity } from '../domain/direction';
import type { IdentityVerdict } from '../domain/identityVerdict';
import { leaveIfWished, read, turningOf, type Waiting } from './attendGuest';
import { inviteAgain } from './inviteAgain';
import { nowMs, type Durable } from './run';
import { enter, step } from './steps';
import { Stop } from './stop';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long an operator is waited for, at least: the guest has no access meanwhile, and holds a lock. */
const LEAST_DAYS = 30;

/**
 * The guest accepted with an identity that gets nothing: waits until an operator has the invitation sent again, turns
 * back or ends it. Returns when the run can go on waiting for the guest, also because somebody helped by hand.
 */
export function* askOperator(waiting: Waiting, verdict: IdentityVerdict | null): Durable<void> {
  const { run, plan } = waiting;
  yield* enter(run, 'needsOperator');
  const untilMs = Math.max(waiting.expiresMs, nowMs(run) + LEAST_DAYS * DAY_MS);
  for (;;) {
    const reading = yield* read(waiting);
    leaveIfWished(waiting, reading);
    const otherwise = reading.state === 'pending' || reading.verdict === wantedIdentity(plan.back);
    if (otherwise || (reading.wish === 'resend' && (yield* inviteAgain(waiting, 'resend')))) {
      yield* enter(run, 'awaitingRedemption');
      // It may have been removed while nobody was waited for.
      yield* step(run, 'ensureSubscription', {});
      return;
    }
    if (nowMs(run) >= untilMs) {
      const detail = `The guest accepted with: ${verdict ?? 'unknown'}.`;
      throw new Stop('failed', { code: 'wrong-identity', detail }, turningOf(waiting));
    }
    if (!waiting.hints.heardMeanwhile()) yield* waiting.hints.heardUntil(untilMs);
  }
}
