import type { Outcome } from '../domain/phases';
import { attendGuest } from './attendGuest';
import type { Invited } from './invite';
import { finish, type Plan } from './plan';
import { restoreAccess, verifyRestored } from './restoreAccess';
import { rewritePolicies } from './rewritePolicies';
import type { Durable, Run } from './run';
import { enter, enterUnlessBack } from './steps';
import { verifyIdentity, waitForRedemption } from './waitForRedemption';

/** Returns when the guest has accepted with the wanted identity, and not before. */
export function* awaitIdentity(run: Run, plan: Plan, guest: Invited): Durable<void> {
  const { snapshotHash } = plan;
  // A guest who was reset is still the one that the policies name.
  if (plan.strategy === 'recreate') yield* rewritePolicies(run, { newId: guest.newId, snapshotHash });
  if (run.attended !== undefined) return yield* attendGuest(run, plan, guest, run.attended);

  yield* enter(run, 'awaitingRedemption');
  yield* waitForRedemption(run, guest.newId, guest.expiresMs);
  yield* enter(run, 'verifyingIdentity');
  yield* verifyIdentity(run, guest.newId);
}

/** Restores every grant, compares, and ends. */
export function* giveAccess(run: Run, plan: Plan, newId: string): Durable<{ outcome: Outcome }> {
  const guest = { newId, snapshotHash: plan.snapshotHash };
  yield* enterUnlessBack(run, 'restoring', plan, newId);
  yield* restoreAccess(run, guest, plan.chunks);
  yield* enterUnlessBack(run, 'verifyingAccess', plan, newId);
  const complete = yield* verifyRestored(run, guest);
  if (plan.back) return yield* finish(run, 'cancelled');
  return yield* finish(run, complete ? 'completed' : 'completedWithGaps', null, { plan, newId });
}
