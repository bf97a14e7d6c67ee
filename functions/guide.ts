import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { isGuideToken, isWaitedFor } from '../activities/guideLink';
import { addressToInvite, isGoingBack } from '../domain/direction';
import { acceptedLanguages, languageFor, masked } from '../domain/guideTexts';
import { migrationId } from '../domain/ids';
import type { MigrationRecord } from '../domain/record';
import { pageAnswer, type Page } from './guidePage';
import type { Handler } from './http';
import { guideLinkOf } from './migrationView';
import { safeHeaders } from './problems';
import type { Services } from './services';

/** GET /guide/{id}/{token}: tells the guest how to accept. Changes nothing: programs that look at mails open links. */
export const showGuide: Handler = async (request, services) => {
  const record = await recordOf(request, services);
  if (record === undefined) return answer(404, request, services, { kind: 'unknown' });
  const organization = await services.organizationName();
  if (!isWaitedFor(record)) return answer(200, request, services, { kind: 'over', organization });
  return answer(200, request, services, await guideOf(record, organization, services));
};

/**
 * POST /guide/{id}/{token}/accept: leads to the invitation of the present round. What is invited now counts, whatever
 * mail the guest came from. Without a link (its answer was lost) to where a pending guest is asked to accept as well.
 */
export const openInvitation: Handler = async (request, services) => {
  const record = await recordOf(request, services);
  if (record === undefined) return answer(404, request, services, { kind: 'unknown' });
  if (!isWaitedFor(record)) {
    return answer(200, request, services, { kind: 'over', organization: await services.organizationName() });
  }
  const url = await services.documents.readRedeemUrl(record.id, record.invitation?.rounds ?? 1);
  const headers = { ...safeHeaders, 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex, nofollow' };
  return { status: 303, headers: { ...headers, Location: url ?? services.settings.inviteRedirectUrl } };
};

/** The migration that the address names; undefined for a wrong token and for an id that is not known alike. */
async function recordOf({ params }: HttpRequest, services: Services): Promise<MigrationRecord | undefined> {
  const id = migrationId.safeParse(params['id']);
  const { notificationSecret } = services.settings;
  if (!id.success || !isGuideToken(notificationSecret, id.data, params['token'] ?? '')) return undefined;
  return services.records.readMigration(id.data);
}

async function guideOf(record: MigrationRecord, organization: string, services: Services): Promise<Page> {
  const { snapshotHash, invitation } = record;
  const snapshot =
    snapshotHash === null ? undefined : await services.documents.readSnapshot(record.id, snapshotHash);
  const address = snapshot === undefined ? null : addressToInvite(record, snapshot);
  return {
    kind: 'guide',
    account: isGoingBack(record) ? 'work' : 'personal',
    address: address === null ? '•••' : masked(address),
    expiresAt: invitation?.expiresAt ?? record.updatedAt,
    organization,
    action: `${guideLinkOf(services.settings, record.id)}/accept`,
  };
}

function answer(status: number, request: HttpRequest, { guide }: Services, page: Page): HttpResponseInit {
  const wished = new URL(request.url).searchParams.get('lang');
  const accepted = acceptedLanguages(request.headers.get('accept-language'));
  return pageAnswer(status, guide, languageFor(guide.languages, [wished, ...accepted]), page);
}
