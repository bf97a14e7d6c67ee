import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createRemoveRoles(_deps: ActivityDeps): Activity<'removeRoles'> {
  return () => Promise.reject(new Error('removeRoles is not built yet'));
}
