import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import { readSubscription } from '../activities/subscriptionMemory';
import { text } from './http';
import { Problem } from './problems';
import { parseBody, readJson } from './requestBody';
import type { Services } from './services';

/** Largest body that Graph's notifications are read from, in bytes. */
export const NOTIFICATION_LIMIT = 1024 * 1024;
const LONGEST_TOKEN = 4096;

/** Body of a delivery. Items are read leniently: Graph adds fields. */
export const deliverySchema = z.object({ value: z.array(z.unknown()) });
const origin = z.object({ clientState: z.string(), subscriptionId: z.string() });
const tenant = z.union([
  z.object({ tenantId: z.string() }).transform((item) => item.tenantId),
  z.object({ organizationId: z.string() }).transform((item) => item.organizationId),
]);

/**
 * Answers Graph's handshake: the token comes back as plain text. Undefined for any other request. Needs no store: Graph
 * asks while the call that creates the subscription is still open.
 *
 * @throws Problem invalid-query
 */
export function answerHandshake(request: HttpRequest): HttpResponseInit | undefined {
  const tokens = new URL(request.url).searchParams.getAll('validationToken');
  const [token, ...others] = tokens;
  if (token === undefined) return undefined;
  if (others.length > 0 || token === '' || token.length > LONGEST_TOKEN) {
    throw new Problem('invalid-query', 'The token is not valid.', { field: 'validationToken' });
  }
  return text(200, token);
}

/**
 * Reads a delivery and keeps the items that come from our subscription: our secret, our subscription, our tenant.
 *
 * @returns the genuine items, unparsed; none for an empty delivery
 * @throws Problem notification-refused when there are items and none is genuine
 */
export async function genuineItems(request: HttpRequest, services: Services): Promise<unknown[]> {
  const { value } = parseBody(deliverySchema, await readJson(request, NOTIFICATION_LIMIT));
  if (value.length === 0) return [];
  const subscriptionId = (await readSubscription(services.records))?.id;
  const genuine = value.filter((item) => isGenuine(item, subscriptionId, services.settings));
  if (genuine.length < value.length) {
    services.log.warn('notification-refused', { count: value.length - genuine.length });
  }
  if (genuine.length === 0) throw new Problem('notification-refused', 'No item comes from our subscription.');
  return genuine;
}

function isGenuine(item: unknown, subscriptionId: string | undefined, settings: Services['settings']): boolean {
  const from = origin.safeParse(item);
  const secret = from.success ? from.data.clientState : '';
  const secretFits = sameSecret(secret, settings.notificationSecret);
  return (
    secretFits &&
    subscriptionId !== undefined &&
    from.data?.subscriptionId === subscriptionId &&
    tenant.safeParse(item).data?.toLowerCase() === settings.tenantId.toLowerCase()
  );
}

/** Compares in constant time; over digests, because the comparison needs equal lengths. */
function sameSecret(given: string, ours: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(ours));
}
