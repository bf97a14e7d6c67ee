import { done, notNow, type Activity, type ActivityDeps } from './activity';
import { keepSubscription } from './subscription';
import { markWanted } from './subscriptionMemory';

/** Somebody else is making it: a handshake, which is over within seconds. */
const BUSY_SECONDS = 5;

/**
 * Makes sure, before somebody is invited, that Graph tells us about changed users, and writes down that a migration
 * relies on it: the timer that removes it when nobody waits leaves it alone then. Never fails a migration: without
 * notifications polling does the work, and the tending timer tries again.
 *
 * Safe to run twice: a subscription that is in force is kept (activities/subscription.ts).
 */
export function createEnsureSubscription(deps: ActivityDeps): Activity<'ensureSubscription'> {
  return async (_input, log) => {
    try {
      await markWanted(deps.records, deps.clock.now());
    } catch {
      // After the purge nothing may keep a guest uninvited. What is wrong is told below.
    }
    const state = await keepSubscription(deps, log);
    return state === 'busy' ? notNow(BUSY_SECONDS) : done({ active: state === 'active' });
  };
}
