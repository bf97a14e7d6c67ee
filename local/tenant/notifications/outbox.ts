import { randomUUID } from 'node:crypto';
import { isRecord, text, type Entity, type View } from '../store/snapshot';
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

/** True until a subscription expires. */
export const isActive = (subscription: Entity, now: number): boolean =>
  Date.parse(text(subscription, 'expirationDateTime') ?? '') > now;

/** Subscriptions that have not expired. */
export const activeSubscriptions = (view: View, now: number): Entity[] =>
  view.list('changeSubscriptions').filter((subscription) => isActive(subscription, now));

/** A moment in an object's property, in milliseconds; undefined when it has none. */
export function momentIn(object: unknown, property: string): number | undefined {
  const moment = isRecord(object) ? object[property] : undefined;
  return typeof moment === 'number' ? moment : undefined;
}

/** True while an unanswered demand to authorize again keeps changes from being notified: they are lost, not delayed. */
export const isPaused = (subscription: Entity, now: number): boolean =>
  (momentIn(subscription['lifecycle'], 'pausedAt') ?? Infinity) <= now;

/** Transaction hook: every change of a user puts notifications for the matching subscriptions into the outbox. */
export function notificationsFor(tenant: Pick<Tenant, 'clock' | 'settings'>): (tx: Transaction) => void {
  return (tx) => {
    const ids = new Set(
      tx
        .changes()
        .flatMap(({ collection, id }) => (collection === 'users' || collection === 'deletedUsers' ? [id] : [])),
    );
    if (ids.size === 0) return;
    const now = tenant.clock.now();
    const subscriptions = activeSubscriptions(tx, now).filter((one) => !isPaused(one, now));
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
    enclose(tx, {
      id: randomUUID(),
      dueAt,
      firstDueAt: dueAt,
      attempts: 0,
      url: text(subscription, 'notificationUrl') ?? '',
      content,
    });
  }
}

/** Puts one notification on its way. */
export const enclose = (tx: Transaction, pending: Pending): void => tx.put(outbox, { ...pending });

/** Everything in the outbox, oldest first. */
export const pendingNotifications = (view: View): Pending[] => view.list(outbox) as unknown as Pending[];
