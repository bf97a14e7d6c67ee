import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createTurnBack(_deps: ActivityDeps): Activity<'turnBack'> {
  return () => Promise.reject(new Error('turnBack is not built yet'));
}
