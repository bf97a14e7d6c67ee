import { deadlineOf, inviteOnce, type Invited } from './invite';
import { oldGuestOf, type Plan } from './plan';
import type { Durable, Run } from './run';
import { enter, step, untilDone } from './steps';

/**
 * Turns back to the identity that the guest had: what was invited is taken away, and the original address is invited. A
 * guest whose address stays the same, or whose redemption was reset, keeps the account and is asked to accept once more.
 */
export function* turnBack(run: Run, plan: Plan, newId: string): Durable<Invited> {
  const { migrationId } = run;
  yield* enter(run, 'inviting');
  const kept = yield* step(run, 'turnBack', { migrationId, ...oldGuestOf(plan), newId });
  if (plan.strategy === 'reset') yield* untilDone(run, 'removeRoles', oldGuestOf(plan));
  if (plan.strategy === 'reset' || kept.newId === null) return yield* inviteOnce(run, plan);
  const { snapshotHash } = plan;
  const again = { migrationId, newId: kept.newId, snapshotHash, why: 'turnedBack', number: 1 } as const;
  const { deadline } = yield* step(run, 'inviteAgain', again);
  return { newId: kept.newId, expiresMs: deadline === undefined ? deadlineOf(run) : Date.parse(deadline) };
}
