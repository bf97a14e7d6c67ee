import { randomUUID } from 'node:crypto';
import { created, noContent, ok, type Reply } from '../http/message';
import { activeSubscriptions } from '../notifications/outbox';
import { authorized } from '../notifications/subscriptionLife';
import { validateAddress } from '../notifications/delivery';
import { text, type Entity } from '../store/snapshot';
import { objectBody, requiredText } from './bodies';
import { GraphError, notFound } from './errors';
import { listOf } from './odata/list';
import { projected } from './odata/projection';
import { changeSubscriptionType } from './odata/types';
import { param, type Call, type Route } from './route';
import { findUser } from './targets';

const minute = 60_000;
const longestMinutes = 41_760;
const shortestMinutes = 45;

const invalid = (message: string): GraphError => new GraphError(400, 'InvalidRequest', message);

const own = (call: Call): Entity[] =>
  activeSubscriptions(call.tenant.store.primary(), call.tenant.clock.now()).filter(
    (subscription) => text(subscription, 'applicationId') === call.caller.appId,
  );

function one(call: Call): Entity {
  const id = param(call, 'subscription-id');
  const found = own(call).find((subscription) => subscription.id === id);
  if (found === undefined) {
    throw new GraphError(404, 'ResourceNotFound', 'The object was not found.');
  }
  return found;
}

/** The end of a subscription: at most 29 days away, raised to 45 minutes when shorter. */
function expiration(call: Call, value: unknown): string {
  const now = call.tenant.clock.now();
  const wanted = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(wanted)) throw invalid('The expirationDateTime is missing or invalid.');
  if (wanted <= now) throw invalid('Subscription expiration time is in the past.');
  if (wanted > now + longestMinutes * minute) {
    throw invalid(`Subscription expiration can only be ${longestMinutes} minutes in the future.`);
  }
  return new Date(Math.max(wanted, now + shortestMinutes * minute)).toISOString();
}

/** https everywhere; plain http only towards this machine, which Microsoft's service cannot reach anyway. */
function notificationAddress(value: unknown, property: string): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !local) throw invalid(`The ${property} must be an absolute https URL.`);
  return String(value);
}

function checkResource(call: Call, resource: string): void {
  const [, userId] = /^\/?users(?:\/([^/]+))?$/i.exec(resource) ?? [];
  if (!/^\/?users(\/[^/]+)?$/i.test(resource)) throw invalid(`Resource '${resource}' is not supported.`);
  if (userId !== undefined && findUser(call.replica, userId) === undefined) throw notFound(userId);
}

function checkChangeType(changeType: string): void {
  const types = changeType.split(',').map((type) => type.trim());
  if (!types.every((type) => type === 'updated' || type === 'deleted')) {
    throw invalid('The changeType for users must be updated, deleted or both.');
  }
}

async function create(call: Call): Promise<Reply> {
  const body = objectBody(call);
  const resource = requiredText(body, 'resource');
  const changeType = requiredText(body, 'changeType');
  const notificationUrl = notificationAddress(body['notificationUrl'], 'notificationUrl');
  const lifecycle = body['lifecycleNotificationUrl'] ?? null;
  const lifecycleNotificationUrl =
    lifecycle === null ? null : notificationAddress(lifecycle, 'lifecycleNotificationUrl');
  const clientState = body['clientState'] ?? null;
  if (clientState !== null && (typeof clientState !== 'string' || clientState.length > 128)) {
    throw invalid('The clientState must be a text of at most 128 characters.');
  }
  checkChangeType(changeType);
  checkResource(call, resource);
  const expirationDateTime = expiration(call, body['expirationDateTime']);
  refuseDuplicate(call, resource, changeType);
  for (const url of new Set([notificationUrl, lifecycleNotificationUrl])) {
    if (url !== null) await handshake(call.tenant.send, url);
  }
  refuseDuplicate(call, resource, changeType);
  const entity: Entity = {
    id: randomUUID(),
    resource,
    applicationId: call.caller.appId,
    changeType,
    clientState,
    notificationUrl,
    lifecycleNotificationUrl,
    expirationDateTime,
    creatorId: call.caller.objectId,
    latestSupportedTlsVersion: text({ ...body, id: '' }, 'latestSupportedTlsVersion') ?? 'v1_2',
    includeResourceData: false,
  };
  call.tenant.store.transaction((tx) => tx.put('changeSubscriptions', entity));
  return created(shown(call, entity));
}

/** The change types in a fixed order. */
const typesOf = (changeType = ''): string =>
  changeType
    .split(',')
    .map((type) => type.trim())
    .sort()
    .join();

/** Checked before and after the handshake: two callers may have been shaking hands at the same time. */
function refuseDuplicate(call: Call, resource: string, changeType: string): void {
  const mine = own(call);
  const plain = (value: string | undefined): string => (value ?? '').replace(/^\//, '').toLowerCase();
  const same = mine.find(
    (other) =>
      plain(text(other, 'resource')) === plain(resource) && typesOf(text(other, 'changeType')) === typesOf(changeType),
  );
  if (same !== undefined) {
    throw new GraphError(409, 'Conflict', `Subscription Id ${same.id} already exists for the requested combination`);
  }
  const quota = call.tenant.settings.get().subscriptionQuota;
  if (mine.length >= quota) {
    throw new GraphError(
      403,
      'Forbidden',
      `The limit of ${quota} subscriptions per application and tenant is reached.`,
    );
  }
}

async function handshake(send: typeof fetch, url: string): Promise<void> {
  const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()}`;
  const refusal = await validateAddress(send, url, token);
  if (refusal === 'timeout') throw invalid('Subscription validation request timed out.');
  if (refusal === 'refused') {
    throw new GraphError(
      400,
      'ValidationError',
      'Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.',
    );
  }
}

function update(call: Call): Reply {
  const subscription = one(call);
  const body = objectBody(call);
  const unknown = Object.keys(body).find((name) => name !== 'expirationDateTime' && !name.startsWith('@odata.'));
  if (unknown !== undefined) throw invalid(`Property '${unknown}' cannot be updated.`);
  const expirationDateTime = expiration(call, body['expirationDateTime']);
  const renewed = authorized({ ...subscription, expirationDateTime }, 'renew', call.tenant.clock.now());
  call.tenant.store.transaction((tx) => tx.put('changeSubscriptions', renewed));
  return ok(shown(call, renewed));
}

const shown = (call: Call, entity: Entity): unknown => ({
  '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#subscriptions/$entity`,
  ...projected({ type: changeSubscriptionType, entity }, undefined),
});

/** Change notification subscriptions of the calling application. */
export const changeSubscriptionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/subscriptions',
    handle: (call) => listOf(call, changeSubscriptionType, own(call), { context: 'subscriptions' }),
  },
  { method: 'GET', path: '/subscriptions/{subscription-id}', handle: (call) => ok(shown(call, one(call))) },
  { method: 'POST', path: '/subscriptions', handle: create },
  { method: 'PATCH', path: '/subscriptions/{subscription-id}', handle: update },
  {
    method: 'DELETE',
    path: '/subscriptions/{subscription-id}',
    handle: (call) => {
      const { id } = one(call);
      call.tenant.store.transaction((tx) => tx.remove('changeSubscriptions', id));
      return noContent();
    },
  },
  {
    method: 'POST',
    path: '/subscriptions/{subscription-id}/reauthorize',
    handle: (call) => {
      const after = authorized(one(call), 'reauthorize', call.tenant.clock.now());
      call.tenant.store.transaction((tx) => tx.put('changeSubscriptions', after));
      return noContent();
    },
  },
];
