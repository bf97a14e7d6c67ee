import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createResetGuest(_deps: ActivityDeps): Activity<'resetGuest'> {
  return () => Promise.reject(new Error('resetGuest is not built yet'));
}
