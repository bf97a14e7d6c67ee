import { z } from 'zod';
import type { Log } from '../domain/ports';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import { isUnderWay, subscriptionDue, subscriptionExpiry, type Subscription } from '../domain/subscription';
import type { ActivityDeps } from './activity';
import {
  beginAttempt,
  changeSubscription,
  endAttempt,
  forgetSubscription,
  markEnding,
  readAttempt,
  readSubscription,
  rememberSubscription,
  stateHashOf,
} from './subscriptionMemory';

/*
 * The tenant's one `/users` subscription at Graph. One for all guests: one each would exhaust the quota of 100. Every
 * call may be executed and its answer lost; whatever is left over then is found by the next look at Graph's list.
 */

const subscriptionShape = z.object({
  id: z.string(),
  resource: z.string().nullish(),
  changeType: z.string().nullish(),
  notificationUrl: z.string().nullish(),
  lifecycleNotificationUrl: z.string().nullish(),
  clientState: z.string().nullish(),
  expirationDateTime: z.string(),
});
type Found = z.infer<typeof subscriptionShape>;

const CHANGE_TYPE = 'updated,deleted';
/** Tries to create it within one attempt: each but the last may find one in the way and take it away. */
const MOST_CREATIONS = 3;

/** `busy`: somebody else is making it. `unavailable`: there is none, and polling has to do. */
export type SubscriptionState = 'active' | 'busy' | 'unavailable';

/**
 * Makes sure that the subscription is there: creates it, renews it near its end or when Graph asked (`renew`), asks
 * Graph now and then whether it still has it, and replaces one that tells another address or carries another secret.
 * Never throws: whatever is wrong, an answer of an unexpected shape included, polling goes on without it.
 */
export async function keepSubscription(deps: ActivityDeps, log: Log, renew = false): Promise<SubscriptionState> {
  try {
    return await tend(deps, log, renew);
  } catch (error) {
    log.warn('subscription-unavailable', failureOf(error));
    return 'unavailable';
  }
}

async function tend(deps: ActivityDeps, log: Log, renew: boolean): Promise<SubscriptionState> {
  const known = await readSubscription(deps.records);
  if (known === undefined) return attempt(deps, log, undefined);
  const { notificationUrl, notificationSecret } = deps.settings;
  const stateHash = stateHashOf(known.id, notificationSecret);
  switch (subscriptionDue(known, { notificationUrl, stateHash, renew, now: deps.clock.now() })) {
    case 'nothing':
      return 'active';
    case 'renew':
      if (await extend(known, deps)) {
        log.info('subscription-active', { renewed: true });
        return 'active';
      }
      break;
    case 'check':
      if (await isStillThere(known, deps, log)) return 'active';
      break;
    case 'replace':
      return attempt(deps, log, known);
  }
  log.warn('subscription-lost');
  await forgetSubscription(deps.records, known.id);
  return attempt(deps, log, undefined);
}

/**
 * Prolongs the subscription; false when Graph does not have it any more. This answers `reauthorizationRequired` too:
 * a renewal authorizes anew, and Graph wants no call of /reauthorize within ten minutes of it.
 */
async function extend({ id }: Subscription, { graph, records, clock }: ActivityDeps): Promise<boolean> {
  const now = clock.now();
  const expirationDateTime = subscriptionExpiry(now);
  try {
    const answer = await graph.write('PATCH', pathOf(id), { expirationDateTime });
    const inForce = subscriptionShape.safeParse(answer).data?.expirationDateTime ?? expirationDateTime;
    await changeSubscription(records, id, { expiresAt: isoOf(inForce), checkedAt: now.toISOString() });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Looks whether Graph still has it, and deletes what else tells our address: left over from answers that were lost. */
async function isStillThere({ id }: Subscription, deps: ActivityDeps, log: Log): Promise<boolean> {
  const all = await toUsers(deps);
  const found = all.find((one) => one.id === id);
  if (found === undefined) return false;
  for (const one of all) if (one.id !== id && tellsUs(one, deps)) await removeStray(one.id, deps, log);
  const checkedAt = deps.clock.now().toISOString();
  await changeSubscription(deps.records, id, { expiresAt: isoOf(found.expirationDateTime), checkedAt });
  return true;
}

/** Makes the subscription unless somebody else is at it. `known` is one that cannot stay. */
async function attempt(deps: ActivityDeps, log: Log, known: Subscription | undefined): Promise<SubscriptionState> {
  const { records, clock } = deps;
  const begun = await beginAttempt(records, clock.now());
  if (begun === 'busy') return 'busy';
  if (begun === 'paused') return 'unavailable';
  try {
    const state = await replace(deps, log, known);
    await endAttempt(records, begun, undefined, clock.now());
    return state;
  } catch (error) {
    await endAttempt(records, begun, failureOf(error), clock.now());
    throw error;
  }
}

async function replace(deps: ActivityDeps, log: Log, known: Subscription | undefined): Promise<SubscriptionState> {
  const gone = new Set<string>();
  if (known !== undefined) await remove(known.id, deps, gone);
  const made = await createOrAdopt(deps, log, gone);
  const inForce = await rememberSubscription(deps.records, made, gone);
  // Somebody whose attempt had been thought dead was faster: one of the two is too many.
  if (inForce.id !== made.id) await removeStray(made.id, deps, log);
  if (inForce.ending === true) return 'busy';
  log.info('subscription-active', { renewed: false });
  return 'active';
}

/**
 * Creates the subscription. Graph allows one with the same resource and change types (409), and a hundred in all (403);
 * one may be there too when the answer was lost. An earlier one is adopted when it surely carries our secret, otherwise
 * deleted.
 */
async function createOrAdopt(deps: ActivityDeps, log: Log, gone: Set<string>): Promise<Subscription> {
  for (let creation = 1; ; creation += 1) {
    try {
      return await create(deps);
    } catch (error) {
      const maybeThere = error instanceof ServiceError && (isTransient(error) || [403, 409].includes(error.status));
      if (!maybeThere || creation === MOST_CREATIONS) throw error;
      const inTheWay = (await toUsers(deps)).filter((one) => tellsUs(one, deps) || hasOurTypes(one));
      const known = await readSubscription(deps.records);
      const ours = inTheWay.find((one) => !gone.has(one.id) && isAsMade(one, known, deps));
      for (const one of inTheWay) {
        if (one.id === ours?.id) continue;
        await removeStray(one.id, deps, log);
        gone.add(one.id);
      }
      if (ours !== undefined) return rememberedAs(ours, deps);
      if (inTheWay.length === 0) throw error;
    }
  }
}

async function create(deps: ActivityDeps): Promise<Subscription> {
  const { graph, clock, settings } = deps;
  const answer = await graph.write('POST', '/subscriptions', {
    changeType: CHANGE_TYPE,
    resource: '/users',
    notificationUrl: settings.notificationUrl,
    lifecycleNotificationUrl: settings.lifecycleUrl,
    expirationDateTime: subscriptionExpiry(clock.now()),
    clientState: settings.notificationSecret,
  });
  return rememberedAs(subscriptionShape.parse(answer), deps);
}

/**
 * Removes the subscription that nobody needed at `seenAt`, when the migrations were read. One that a migration has
 * relied on since stays. Never throws: what is left is removed on a later tick, or expires.
 *
 * @returns whether nothing is left
 */
export async function dropSubscription(deps: ActivityDeps, log: Log, seenAt: Date): Promise<boolean> {
  try {
    const ending = await markEnding(deps.records, seenAt);
    if (ending !== undefined) {
      await remove(ending.id, deps);
      await forgetSubscription(deps.records, ending.id);
      log.info('subscription-removed', { stray: false });
    }
    return (await readSubscription(deps.records)) === undefined && (await isClean(deps, log));
  } catch (error) {
    log.warn('subscription-left', failureOf(error));
    return false;
  }
}

/** Clears up after a try that failed or died: it may have made one all the same. */
async function isClean(deps: ActivityDeps, log: Log): Promise<boolean> {
  const { records, clock } = deps;
  const left = await readAttempt(records);
  if (left === undefined) return true;
  if (isUnderWay(left, clock.now())) return false;
  for (const one of await toUsers(deps)) if (tellsUs(one, deps)) await removeStray(one.id, deps, log);
  await endAttempt(records, left, undefined, clock.now());
  return true;
}

async function removeStray(id: string, deps: ActivityDeps, log: Log): Promise<void> {
  await remove(id, deps);
  log.info('subscription-removed', { stray: true });
}

async function remove(id: string, { graph }: ActivityDeps, gone?: Set<string>): Promise<void> {
  try {
    await graph.write('DELETE', pathOf(id));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  gone?.add(id);
}

/** The app's subscriptions to all users of the tenant. */
async function toUsers({ graph }: ActivityDeps): Promise<Found[]> {
  const all = await graph.readAll('/subscriptions', subscriptionShape);
  return all.filter(({ resource }) => /^\/?users$/i.test(resource ?? ''));
}

function tellsUs({ notificationUrl }: Found, { settings }: ActivityDeps): boolean {
  return notificationUrl === settings.notificationUrl;
}

function hasOurTypes({ changeType }: Found): boolean {
  const typesOf = (list: string): string => list.split(',').sort().join();
  return typesOf((changeType ?? CHANGE_TYPE).replaceAll(' ', '')) === typesOf(CHANGE_TYPE);
}

/** Whether it is as `create` makes it. The secret is compared where Graph shows it, otherwise by what we remember. */
function isAsMade(one: Found, known: Subscription | undefined, deps: ActivityDeps): boolean {
  const { lifecycleUrl, notificationSecret } = deps.settings;
  const isKnown =
    known?.id === one.id && known.ending !== true && known.stateHash === stateHashOf(one.id, notificationSecret);
  const isSame = one.clientState === notificationSecret && one.lifecycleNotificationUrl === lifecycleUrl;
  return tellsUs(one, deps) && hasOurTypes(one) && (isKnown || isSame);
}

function rememberedAs({ id, expirationDateTime }: Found, { clock, settings }: ActivityDeps): Subscription {
  const now = clock.now().toISOString();
  return {
    id,
    expiresAt: isoOf(expirationDateTime),
    notificationUrl: settings.notificationUrl,
    stateHash: stateHashOf(id, settings.notificationSecret),
    checkedAt: now,
    wantedAt: now,
  };
}

function failureOf(error: unknown): { status: number; code: string } {
  return error instanceof ServiceError ? { status: error.status, code: error.code } : { status: 0, code: 'unexpected' };
}

function isoOf(time: string): string {
  return new Date(time).toISOString();
}

function pathOf(id: string): string {
  return `/subscriptions/${encodeURIComponent(id)}`;
}
