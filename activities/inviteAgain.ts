import type { Activity, ActivityDeps } from './activity';

/** Not built yet. */
export function createInviteAgain(_deps: ActivityDeps): Activity<'inviteAgain'> {
  return () => Promise.reject(new Error('inviteAgain is not built yet'));
}
