import { blockers, type Check } from '../domain/checks';
import { isOver } from '../domain/phases';
import type { Recommendation } from '../domain/strategy';
import { done, type Activity, type ActivityDeps } from './activity';
import { captureAll, outsideOf, skippedKinds } from './capture';
import { recordOf } from './common';
import { checkAddress } from './checks/addressChecks';
import { checkApp, checkBasePermissions } from './checks/appChecks';
import { checkAzure } from './checks/azureChecks';
import { checkGuest, readGuest, unresolvedGuest, type GuestToCheck } from './checks/guestChecks';
import { checkLimits } from './checks/limitChecks';
import { checkSafetyNet } from './checks/safetyNetChecks';
import { chooseStrategy } from './checks/strategyChecks';
import { checkTenant } from './checks/tenantChecks';

/**
 * Decides before anything is touched. Every check is a row; one failed blocking row ends the migration.
 * Runs once more after the wait for an approval. Safe to run twice: it reads, reserves the address for this migration, and
 * replaces its own rows.
 */
export function createPreflight(deps: ActivityDeps): Activity<'preflight'> {
  const { graph, records } = deps;
  return async ({ migrationId, again }, log) => {
    const lastPhase = again === true ? 'awaitingApproval' : 'preflight';
    const record = await recordOf(records, migrationId);
    const { oldId } = record.guest;
    const base = await checkBasePermissions(record.request.strategy, deps);
    const guest = oldId === null || !base.ok ? undefined : await readGuest(oldId, graph);
    const found = guest === undefined ? undefined : await checkAll(guest);
    const checks = found?.checks ?? [base.ok ? unresolvedGuest(oldId) : base];
    const recommendation = found?.recommendation ?? null;
    // A late duplicate, when the guest is gone already, must not replace what the run was decided by.
    await records.decideOnMigration(migrationId, (current) =>
      isOver(lastPhase, current.phase)
        ? undefined
        : {
            checks,
            recommendation,
            strategy: found?.strategy ?? current.strategy,
            guest: { ...current.guest, displayName: guest?.displayName ?? null },
          },
    );
    const failedChecks = blockers(checks).map((check) => check.id);
    log.info('preflight', { migrationId, checks: checks.length, blocking: failedChecks.length });
    const answer = { guestId: guest?.id ?? null, failedChecks };
    const isAsked = record.request.strategy !== 'recreate' && found !== undefined;
    return done(isAsked ? { ...answer, strategy: found.strategy } : answer);

    async function checkAll(guest: GuestToCheck): Promise<Found> {
      const skip = skippedKinds(record.request, deps.settings);
      const access = await captureAll(guest.id, skip, outsideOf(deps));
      const address = record.request.inviteEmail ?? guest.mail ?? null;
      const { request } = record;
      const choice = await chooseStrategy({ request, grants: access.grants, skipped: skip }, deps);
      const { strategy, recommendation, rows } = choice;
      const groups = await Promise.all([
        checkGuest(guest, deps),
        checkAddress(address, guest, record, deps),
        checkTenant(address, deps),
        checkApp(access, strategy, deps),
        checkAzure(access.grants, skip, deps),
        checkLimits(record, strategy, deps),
      ]);
      const safetyNet = strategy === 'reset' ? [] : checkSafetyNet(address, guest, record, deps);
      return { checks: [...groups.flat(), ...safetyNet, ...rows], strategy, recommendation };
    }
  };
}

interface Found {
  checks: Check[];
  strategy: 'recreate' | 'reset';
  recommendation: Recommendation;
}
