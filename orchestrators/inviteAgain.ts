import type { Waiting } from './attendGuest';
import { briefly, patient } from './retryPolicies';
import type { Durable } from './run';
import { step } from './steps';
import { Stop } from './stop';

/**
 * Has the invitation sent again. A reminder that does not get through is given up: it must not end a migration that
 * only waits.
 *
 * @returns false when the directory did not let us, or it did not get through
 */
export function* inviteAgain(waiting: Waiting, why: 'reminder' | 'resend' | 'wrongAccount'): Durable<boolean> {
  const { run, plan, newId } = waiting;
  const { migrationId } = run;
  const number = numberOf(waiting, why);
  const input = { migrationId, newId, snapshotHash: plan.snapshotHash, why, number };
  try {
    const again = yield* step(run, 'inviteAgain', input, why === 'wrongAccount' ? patient : briefly);
    if (again.deadline !== undefined) waiting.expiresMs = Date.parse(again.deadline);
    return again.invitation !== 'refused';
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return false;
  }
}

/** Which reminder, repetition or round it is; counted here, so that a repeated execution of the step is told apart. */
function numberOf(waiting: Waiting, why: 'reminder' | 'resend' | 'wrongAccount'): number {
  if (why === 'reminder') return (waiting.reminded += 1);
  if (why === 'resend') return (waiting.resent += 1);
  return (waiting.round += 1);
}
