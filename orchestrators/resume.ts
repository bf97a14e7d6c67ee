import { wantedIdentity } from '../domain/direction';
import { deadlineOf, inviteOnce, type Invited } from './invite';
import { oldGuestOf, type Plan } from './plan';
import { stopIfCancelled } from './removeOldGuest';
import type { Durable, Run } from './run';
import { enter, step, untilDone } from './steps';
import { Stop } from './stop';

/**
 * Takes over from a migration that ended after the point of no return: its snapshot, and the guest that it invited when
 * that is still there.
 *
 * @returns the plan, and the guest when it need not be invited from the beginning
 */
export function* resumed(run: Run): Durable<{ plan: Plan; invited?: Invited }> {
  const { migrationId } = run;
  stopIfCancelled(yield* enter(run, 'preflight'));
  const { plan, invited, failedChecks } = yield* step(run, 'continueMigration', { migrationId });
  if (plan === null) {
    throw new Stop('rejected', { code: 'preflight-failed', detail: `Failed: ${failedChecks.join(', ')}.` });
  }
  if (invited === null) return { plan };
  const { newId, state } = invited;
  const { verdict } = yield* step(run, 'readRedemption', { migrationId, newId });
  const there = state === 'accepted' && verdict === wantedIdentity(plan.back);
  if (there) return { plan, invited: { newId, expiresMs: deadlineOf(run) } };
  if (plan.strategy === 'reset') {
    yield* untilDone(run, 'removeRoles', oldGuestOf(plan));
    return { plan, invited: yield* inviteOnce(run, plan) };
  }
  return { plan, invited: yield* inviteTheSame(run, plan, newId) };
}

function* inviteTheSame(run: Run, { snapshotHash }: Plan, newId: string): Durable<Invited> {
  const { migrationId } = run;
  yield* enter(run, 'inviting');
  yield* step(run, 'ensureSubscription', {});
  const again = { migrationId, newId, snapshotHash, why: 'resend', number: 1 } as const;
  const { deadline } = yield* step(run, 'inviteAgain', again);
  return { newId, resent: 1, expiresMs: deadline === undefined ? deadlineOf(run) : Date.parse(deadline) };
}
