import { randomUUID } from 'node:crypto';
import { part, text, without, type Entity } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { tenantId, type Tenant } from '../tenant';
import { enclose, isActive, momentIn } from './outbox';

/**
 * What Microsoft asks of a subscriber besides renewing in time: to authorize the subscription again when told so. Kept
 * with the subscription as `lifecycle`: `pausedAt` from when on changes are lost, `challengeAfter` before when nothing is
 * asked again, `authorized` how the subscriber answered last; all in milliseconds of the tenant's clock.
 */

/** An unanswered demand is repeated; Microsoft's sample of the intervals ends with this one. */
const repeatAfterMs = 15 * 60_000;

/** Microsoft warns of using both ways to authorize one subscription within this time. */
const eitherWayMs = 10 * 60_000;

/** How a subscriber authorizes again: by the action alone, or by renewing. */
type Way = 'reauthorize' | 'renew';

type Clocks = Pick<Tenant, 'clock' | 'settings'>;

/** Takes away what has expired and asks for authorization where it is time to. */
export function settleSubscriptions(tenant: Clocks & Pick<Tenant, 'store'>): void {
  const now = tenant.clock.now();
  const all = tenant.store.primary().list('changeSubscriptions');
  const ended = all.filter((subscription) => !isActive(subscription, now));
  const due = all.filter((subscription) => isActive(subscription, now) && isDue(tenant, subscription));
  if (ended.length + due.length === 0) return;
  tenant.store.transaction((tx) => {
    for (const { id } of ended) tx.remove('changeSubscriptions', id);
    for (const subscription of due) demandReauthorization(tenant, tx, subscription);
  });
}

function isDue({ clock, settings }: Clocks, subscription: Entity): boolean {
  const now = clock.now();
  const left = Date.parse(text(subscription, 'expirationDateTime') ?? '') - now;
  const { lifecycle } = subscription;
  return (
    text(subscription, 'lifecycleNotificationUrl') !== undefined &&
    (momentIn(lifecycle, 'pausedAt') !== undefined || left <= settings.get().reauthorizationBeforeMs) &&
    (momentIn(lifecycle, 'challengeAfter') ?? 0) <= now
  );
}

/** Asks the subscriber to authorize its subscription again; unless it does, changes are lost when the grace is over. */
export function demandReauthorization({ clock, settings }: Clocks, tx: Transaction, subscription: Entity): void {
  const now = clock.now();
  const { lifecycle } = subscription;
  tx.patch('changeSubscriptions', subscription.id, {
    lifecycle: {
      ...part(subscription, 'lifecycle'),
      pausedAt: momentIn(lifecycle, 'pausedAt') ?? now + settings.get().reauthorizationGraceMs,
      challengeAfter: now + repeatAfterMs,
    },
  });
  enclose(tx, {
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
}

/**
 * The subscription after its subscriber authorized it again. Both ways within ten minutes leave it "in an inconsistent
 * state", in Microsoft's words: here nothing is notified until it is authorized once more.
 */
export function authorized(subscription: Entity, way: Way, now: number): Entity {
  const last = part(part(subscription, 'lifecycle'), 'authorized');
  const mixed = last !== undefined && last['way'] !== way && now - (momentIn(last, 'at') ?? 0) < eitherWayMs;
  const lifecycle = {
    ...without(part(subscription, 'lifecycle') ?? {}, 'pausedAt'),
    authorized: { way, at: now },
    challengeAfter: now + repeatAfterMs,
    ...(mixed ? { pausedAt: now } : {}),
  };
  return { ...subscription, lifecycle };
}
