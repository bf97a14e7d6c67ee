import { z } from 'zod';
import type { Log } from '../domain/ports';
import { isTransient, ServiceError } from '../domain/serviceError';
import { done, type Activity, type ActivityDeps } from './activity';

/** What is remembered about the tenant's one `/users` subscription, as JSON in the control row `subscription`. */
const rememberedSchema = z.strictObject({
  id: z.string().min(1),
  expiresAt: z.iso.datetime({ offset: true }),
  notificationUrl: z.string(),
});
type Remembered = z.infer<typeof rememberedSchema>;

const subscriptionShape = z.object({
  id: z.string(),
  resource: z.string().nullish(),
  notificationUrl: z.string().nullish(),
  expirationDateTime: z.string(),
});

export const SUBSCRIPTION_CONTROL = 'subscription';
/** Graph allows 41,760 minutes for users; a little less leaves room for clocks that differ. */
const LIFETIME_MS = 41_000 * 60_000;
const RENEW_BEFORE_MS = 3 * 24 * 60 * 60_000;

/**
 * Makes sure that Graph tells us about changed users while somebody is waited for: one subscription for the tenant,
 * since one per guest would exhaust the quota of 100. Never fails a migration: without notifications polling does
 * the work, and the tending timer tries again.
 *
 * Safe to run twice: a subscription that is remembered and far from its end is kept; "already exists" (409) is
 * answered by finding and adopting it.
 */
export function createEnsureSubscription(deps: ActivityDeps): Activity<'ensureSubscription'> {
  return async (_input, log) => done({ active: await ensureSubscription(deps, log) });
}

/** See createEnsureSubscription. `renew` forces the renewal of a subscription that is not near its end. */
export async function ensureSubscription(deps: ActivityDeps, log: Log, renew = false): Promise<boolean> {
  try {
    const remembered = await readSubscription(deps);
    const ours = remembered?.notificationUrl === deps.settings.notificationUrl ? remembered : undefined;
    const left = ours === undefined ? 0 : Date.parse(ours.expiresAt) - deps.clock.now().getTime();
    if (left > RENEW_BEFORE_MS && !renew) return true;
    const next = (ours && left > 0 && (await extend(ours, deps))) || (await createOrAdopt(deps));
    await deps.records.writeControl(SUBSCRIPTION_CONTROL, JSON.stringify(next));
    log.info('subscription-active', { renewed: remembered?.id === next.id });
    return true;
  } catch (error) {
    // Whatever it is, an answer of an unexpected shape included: after the purge nothing may keep a guest uninvited.
    const { status, code } = error instanceof ServiceError ? error : { status: 0, code: 'unexpected' };
    log.warn('subscription-unavailable', { status, code });
    return false;
  }
}

/** Removes the subscription when nobody is waited for. One that is gone already is fine. */
export async function removeSubscription(deps: ActivityDeps): Promise<void> {
  const remembered = await readSubscription(deps);
  if (remembered === undefined) return;
  await deps.graph.write('DELETE', `/subscriptions/${encodeURIComponent(remembered.id)}`).catch(ignoreNotFound);
  await deps.records.writeControl(SUBSCRIPTION_CONTROL, '');
}

/** The subscription in force as far as we remember. */
export async function readSubscription({ records }: Pick<ActivityDeps, 'records'>): Promise<Remembered | undefined> {
  const text = await records.readControl(SUBSCRIPTION_CONTROL);
  return text === undefined || text === '' ? undefined : rememberedSchema.parse(JSON.parse(text));
}

async function extend(subscription: Remembered, { graph, clock }: ActivityDeps): Promise<Remembered | undefined> {
  const expirationDateTime = expiry(clock.now());
  try {
    await graph.write('PATCH', `/subscriptions/${encodeURIComponent(subscription.id)}`, { expirationDateTime });
    return { ...subscription, expiresAt: expirationDateTime };
  } catch (error) {
    ignoreNotFound(error);
    return undefined;
  }
}

/** Creates the subscription. Graph allows one for the same resource: an earlier one of ours is adopted or replaced. */
async function createOrAdopt(deps: ActivityDeps): Promise<Remembered> {
  try {
    return await create(deps);
  } catch (error) {
    // After a lost answer the subscription may be there as well.
    if (!(error instanceof ServiceError) || (error.status !== 409 && !isTransient(error))) throw error;
    const all = await deps.graph.readAll('/subscriptions', subscriptionShape);
    const earlier = all.find((one) => /^\/?users$/.test(one.resource ?? ''));
    if (earlier === undefined) throw error;
    if (earlier.notificationUrl === deps.settings.notificationUrl) return remember(earlier, deps);
    // It tells an address that the app no longer has.
    await deps.graph.write('DELETE', `/subscriptions/${encodeURIComponent(earlier.id)}`).catch(ignoreNotFound);
    return create(deps);
  }
}

async function create(deps: ActivityDeps): Promise<Remembered> {
  const { graph, clock, settings } = deps;
  const answer = await graph.write('POST', '/subscriptions', {
    changeType: 'updated,deleted',
    resource: '/users',
    notificationUrl: settings.notificationUrl,
    lifecycleNotificationUrl: settings.lifecycleUrl,
    expirationDateTime: expiry(clock.now()),
    clientState: settings.notificationSecret,
  });
  return remember(subscriptionShape.parse(answer), deps);
}

function remember(
  { id, expirationDateTime }: z.infer<typeof subscriptionShape>,
  { settings }: ActivityDeps,
): Remembered {
  const { notificationUrl } = settings;
  return { id, expiresAt: new Date(expirationDateTime).toISOString(), notificationUrl };
}

function expiry(now: Date): string {
  return new Date(now.getTime() + LIFETIME_MS).toISOString();
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof ServiceError) || error.status !== 404) throw error;
}
