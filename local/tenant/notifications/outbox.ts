import { randomUUID } from 'node:crypto';
import { text, type Entity, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { tenantId, type Tenant } from '../tenant';

/** Notifications on their way. Starts with `_`: not part of the state that control calls show and load. */
export const outbox = '_notifications';

/** One notification on its way. */
export interface Pending {
  readonly id: string;
  /** Tenant time in milliseconds when the next attempt is due. */
  readonly dueAt: number;
  /** Tenant time of the first attempt; retries end four hours later. */
  readonly firstDueAt: number;
  readonly attempts: number;
  readonly url: string;
  /** The element of `value[]`. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** Subscriptions that have not expired. */
export const activeSubscriptions = (view: View, now: number): Entity[] =>
  view
    .list('changeSubscriptions')
    .filter((subscription) => Date.parse(text(subscription, 'expirationDateTime') ?? '') > now);

/** Transaction hook: every change of a user puts notifications for the matching subscriptions into the outbox. */
export function notificationsFor(tenant: Pick<Tenant, 'clock' | 'settings'>): (tx: Transaction) => void {
  return (tx) => {
    const ids = new Set(
      tx
        .changes()
        .flatMap(({ collection, id }) => (collection === 'users' || collection === 'deletedUsers' ? [id] : [])),
    );
    if (ids.size === 0) return;
    const subscriptions = activeSubscriptions(tx, tenant.clock.now());
    for (const id of ids) {
      const changeType = tx.has('users', id) || tx.has('deletedUsers', id) ? 'updated' : 'deleted';
      for (const subscription of subscriptions.filter((one) => wants(one, id, changeType))) {
        enqueue(tenant, tx, subscription, changeContent(tenant, tx, subscription, id, changeType));
      }
    }
  };
}

function wants(subscription: Entity, userId: string, changeType: string): boolean {
  const resource = (text(subscription, 'resource') ?? '').replace(/^\//, '').toLowerCase();
  const types = (text(subscription, 'changeType') ?? '').split(',').map((type) => type.trim());
  return (resource === 'users' || resource === `users/${userId}`) && types.includes(changeType);
}

function changeContent(
  { clock }: Pick<Tenant, 'clock'>,
  view: View,
  subscription: Entity,
  userId: string,
  changeType: string,
): Record<string, unknown> {
  return {
    changeType,
    clientState: subscription['clientState'] ?? null,
    resource: `Users/${userId}`,
    resourceData: {
      '@odata.type': '#Microsoft.Graph.User',
      '@odata.id': `Users/${userId}`,
      id: userId,
      organizationId: tenantId(view),
      eventTime: new Date(clock.now()).toISOString(),
      sequenceNumber: clock.now(),
    },
    subscriptionExpirationDateTime: subscription['expirationDateTime'],
    subscriptionId: subscription.id,
    tenantId: tenantId(view),
  };
}

/** Puts a notification into the outbox, as often as the settings for lost and duplicate ones say. */
function enqueue(
  { clock, settings }: Pick<Tenant, 'clock' | 'settings'>,
  tx: Transaction,
  subscription: Entity,
  content: Readonly<Record<string, unknown>>,
): void {
  const { dropNotifications: drop, duplicateNotifications: duplicates, notificationMs } = settings.get();
  if (drop === true) return;
  if (typeof drop === 'number' && drop > 0) {
    settings.update({ dropNotifications: drop - 1 });
    return;
  }
  const dueAt = clock.now() + notificationMs;
  for (let copy = 0; copy <= Number(duplicates); copy++) {
    put(tx, {
      id: randomUUID(),
      dueAt,
      firstDueAt: dueAt,
      attempts: 0,
      url: text(subscription, 'notificationUrl') ?? '',
      content,
    });
  }
}

/** Asks the subscriber to authorize its subscription again, at once. */
export function requestReauthorization(tenant: Tenant, subscription: Entity): void {
  const now = tenant.clock.now();
  tenant.store.transaction((tx) => {
    put(tx, {
      id: randomUUID(),
      dueAt: now,
      firstDueAt: now,
      attempts: 0,
      url: text(subscription, 'lifecycleNotificationUrl') ?? '',
      content: {
        lifecycleEvent: 'reauthorizationRequired',
        subscriptionId: subscription.id,
        subscriptionExpirationDateTime: subscription['expirationDateTime'],
        clientState: subscription['clientState'] ?? null,
        tenantId: tenantId(tx),
      },
    });
  });
}

const put = (tx: Transaction, pending: Pending): void => tx.put(outbox, { ...pending });

/** Everything in the outbox, oldest first. */
export const pendingNotifications = (view: View): Pending[] => view.list(outbox) as unknown as Pending[];
