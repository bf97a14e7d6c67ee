import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createResumeMigration(_deps: ActivityDeps): Activity<'resumeMigration'> {
  return () => Promise.reject(new Error('resumeMigration is not built yet'));
}
