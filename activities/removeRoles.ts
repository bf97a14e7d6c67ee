import { accessKinds } from '../access';
import type { Phase } from '../domain/phases';
import { isTransient, ServiceError } from '../domain/serviceError';
import { done, failed, reasonOf, type Activity, type ActivityDeps } from './activity';
import { outsideOf } from './capture';
import { auditor, recordOf, verifiedSnapshot } from './common';
import { countRoles, rolesIn } from './roles';

/** Also `preflight`, where a migration that continues another takes them away. */
const whileRolesGo: readonly Phase[] = ['preflight', 'inviting'];

/** PIM ends nothing that it began less than five minutes ago. */
const TOO_YOUNG = 'ActiveDurationTooShort';

/**
 * Takes the directory roles away that keep Graph from resetting a guest's redemption: those of the snapshot that can be
 * given back, and no others. Asks for another try as long as the directory still shows a role.
 *
 * Refuses without a verified snapshot, for another strategy, and in every phase but the one before the reset: a late
 * duplicate would take away what was given back.
 * Safe to run twice: it looks what is there, and what is gone already is no failure. The try is written down first, so
 * that a run that dies here is known to owe the roles.
 */
export function createRemoveRoles(deps: ActivityDeps): Activity<'removeRoles'> {
  const { graph, records, documents, clock } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'There is no verified snapshot: no role was taken away.');
    const record = await recordOf(records, migrationId);
    if (record.strategy !== 'reset') throw new Error('removeRoles: the strategy of this migration is not reset');
    if (!whileRolesGo.includes(record.phase)) {
      return failed('reset-refused', 'The reset is over for this migration: no role was taken away.');
    }
    const roles = rolesIn(snapshot);
    if (roles.length > 0) {
      await records.updateMigration(migrationId, { rolesRemovedAt: clock.now().toISOString() });
      const audit = auditor(deps, migrationId, 'removeRoles');
      await audit('before', guestId);
      try {
        for (const { kind, roles: grants } of roles) await accessKinds[kind].remove?.(grants, guestId, outsideOf(deps));
      } catch (error) {
        if (!(error instanceof ServiceError) || isTransient(error)) throw error;
        if (error.code === TOO_YOUNG) return done({ retry: true, afterSeconds: 60 });
        await audit('refused', guestId, reasonOf(error));
        return failed('reset-refused', `${reasonOf(error)}. A role could not be taken away.`);
      }
      await audit('after', guestId);
    }
    const left = await countRoles(guestId, graph);
    log.info('roles-removed', { migrationId, kinds: roles.length, left });
    return done({ retry: left > 0, afterSeconds: 0 });
  };
}
