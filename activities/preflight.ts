import { blockers, type Check } from '../domain/checks';
import { isOver } from '../domain/phases';
import { recommendStrategy, type Recommendation } from '../domain/strategy';
import { done, type Activity, type ActivityDeps } from './activity';
import { captureAll, outsideOf, skippedKinds } from './capture';
import { recordOf } from './common';
import { checkAddress } from './checks/addressChecks';
import { checkApp, checkBasePermissions } from './checks/appChecks';
import { checkAzure } from './checks/azureChecks';
import { passed } from './checks/check';
import { checkGuest, readGuest, unresolvedGuest, type GuestToCheck } from './checks/guestChecks';
import { checkLimits } from './checks/limitChecks';
import { checkSafetyNet } from './checks/safetyNetChecks';
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
    const base = await checkBasePermissions(deps);
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
            strategy: 'recreate',
            guest: { ...current.guest, displayName: guest?.displayName ?? null },
          },
    );
    const failedChecks = blockers(checks).map((check) => check.id);
    log.info('preflight', { migrationId, checks: checks.length, blocking: failedChecks.length });
    return done({ guestId: guest?.id ?? null, failedChecks });

    async function checkAll(guest: GuestToCheck): Promise<{ checks: Check[]; recommendation: Recommendation }> {
      const skip = skippedKinds(record.request, deps.settings);
      const access = await captureAll(guest.id, skip, outsideOf(deps));
      const address = record.request.inviteEmail ?? guest.mail ?? null;
      const groups = await Promise.all([
        checkGuest(guest, deps),
        checkAddress(address, guest, record, deps),
        checkTenant(address, deps),
        checkApp(access, deps),
        checkAzure(access.grants, skip, deps),
        checkLimits(record, deps),
      ]);
      const { roles } = await graph.ownIdentity();
      const mayReset = roles.includes('User.ReadWrite.All');
      const recommendation = recommendStrategy({ grants: access.grants, skipped: skip, mayReset });
      const { strategy, reason } = recommendation;
      const row = passed('strategy-recommended', `${strategy}: ${reason}`, 'warning');
      return { checks: [...groups.flat(), ...checkSafetyNet(address, guest, record, deps), row], recommendation };
    }
  };
}
