import type { Activity, ActivityDeps } from './activity';
import { recordOf } from './common';
import { takeAway } from './takeAway';

/**
 * Revokes an invitation by taking away the guest that it made: see takeAway. Used when the time to accept is over, and
 * when the old guest is given back after all.
 */
export function createRemoveInvited(deps: ActivityDeps): Activity<'removeInvited'> {
  return async ({ migrationId, newId, evenAccepted }, log) => {
    const record = await recordOf(deps.records, migrationId);
    return takeAway({ record, newId, evenAccepted }, deps, log);
  };
}
