import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createRemoveInvited(_deps: ActivityDeps): Activity<'removeInvited'> {
  return () => Promise.reject(new Error('removeInvited is not built yet'));
}
