import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createGiveBackRoles(_deps: ActivityDeps): Activity<'giveBackRoles'> {
  return () => Promise.reject(new Error('giveBackRoles is not built yet'));
}
