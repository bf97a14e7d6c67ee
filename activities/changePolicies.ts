import type { Attempt } from '../access/kind';
import { conditionalAccess, policyIdOf } from '../access/conditionalAccess';
import type { Grant } from '../domain/grants';
import type { ActivityDeps } from './activity';
import { outsideOf } from './capture';
import { auditor } from './common';
import { reservationOf } from './locks';

/** Seconds after which whoever holds a policy has died: no rewrite takes so long. */
const LOCK_DIES_AFTER_SECONDS = 10 * 60;
const LOOK_AGAIN_SECONDS = 5;

/**
 * Restores grants of Conditional Access policies, policy by policy, each between two entries of the audit log. Policies
 * are written as a whole and without a condition, so two migrations that change one at the same time would undo each
 * other: a policy is locked like a guest while it is changed, and who comes second tries again.
 */
export async function changePolicies(
  grants: readonly Grant[],
  target: { migrationId: string; newId: string },
  deps: ActivityDeps,
): Promise<Attempt[]> {
  // Without the rewrite the kind only says what people have to do.
  if (!deps.settings.rewriteConditionalAccess) return conditionalAccess.restore(grants, target.newId, outsideOf(deps));
  const attempts = new Map<Grant, Attempt>();
  for (const [policyId, ofPolicy] of Map.groupBy(grants, policyIdOf)) {
    const made = await changePolicy(policyId, ofPolicy, target, deps);
    ofPolicy.forEach((grant, place) => {
      const attempt = made[place];
      if (attempt !== undefined) attempts.set(grant, attempt);
    });
  }
  return grants.flatMap((grant) => attempts.get(grant) ?? []);
}

async function changePolicy(
  policyId: string,
  grants: readonly Grant[],
  { migrationId, newId }: { migrationId: string; newId: string },
  deps: ActivityDeps,
): Promise<Attempt[]> {
  const lockId = reservationOf(`conditionalAccess/${policyId}`);
  if (!(await take(lockId, migrationId, deps))) return grants.map(() => inUse);
  const audit = auditor(deps, migrationId, 'rewriteConditionalAccess');
  try {
    await audit('before', policyId);
    const attempts = await conditionalAccess.restore(grants, newId, outsideOf(deps));
    await audit('after', policyId, attempts.map(({ result }) => result).join(','));
    return attempts;
  } finally {
    await deps.records.releaseGuest(lockId, migrationId);
  }
}

const inUse: Attempt = {
  result: 'retry',
  detail: 'Another migration was changing the policy',
  afterSeconds: LOOK_AGAIN_SECONDS,
};

/** Takes the lock, also from a migration that died with it. False when somebody else is at work. */
async function take(lockId: string, migrationId: string, { records, clock }: ActivityDeps): Promise<boolean> {
  const wanted = { guestId: lockId, migrationId, lockedAt: clock.now().toISOString() };
  const inForce = await records.lockGuest(wanted);
  const seconds = (Date.parse(wanted.lockedAt) - Date.parse(inForce.lockedAt)) / 1000;
  if (inForce.migrationId === migrationId) return true;
  return seconds > LOCK_DIES_AFTER_SECONDS && records.replaceLock(inForce, wanted);
}
