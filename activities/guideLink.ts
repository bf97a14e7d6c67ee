import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Phase } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';

/** What a link to a guest's page is made of. */
export interface GuideSettings {
  /** Address below which the pages are, without a slash at the end. */
  guideUrl: string;
  notificationSecret: string;
}

/**
 * The address of the page that guides the guest of a migration. Whoever has it can open the invitation: it is told to the
 * guest and to callers, and goes into no log and no history.
 *
 * @param language the page's language; the browser's when absent
 */
export function guideLink({ guideUrl, notificationSecret }: GuideSettings, id: string, language?: string): string {
  const query = language === undefined ? '' : `?lang=${encodeURIComponent(language)}`;
  return `${guideUrl}/${id}/${guideToken(notificationSecret, id)}${query}`;
}

/** The token of a migration's page: HMAC-SHA256 of the id, in base64url. */
export function guideToken(secret: string, id: string): string {
  // A key of its own, so that nothing that is made with the secret for another purpose could serve as a token.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'entra-guest-switch guide link', 32));
  return createHmac('sha256', key).update(id, 'utf8').digest('base64url');
}

/** Whether this is the token of the migration's page; compared in constant time, over digests of equal length. */
export function isGuideToken(secret: string, id: string, token: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value, 'utf8').digest();
  return timingSafeEqual(digest(token), digest(guideToken(secret, id)));
}

const waiting: readonly Phase[] = ['inviting', 'awaitingRedemption', 'needsOperator'];

/** True while the guest is waited for: invited, and not known to have accepted. */
export function isWaitedFor({ invitation, phase, verdict }: MigrationRecord): boolean {
  return invitation !== null && waiting.includes(phase) && verdict === null;
}
