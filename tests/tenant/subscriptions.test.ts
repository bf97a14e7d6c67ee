import { guests } from '../../local/tenant/seed/ids';
import { TestTenant, Webhook, until, type Answer, type Json } from './support';

const { ines, leo, tomas } = guests;
const minute = 60_000;
let tenant: TestTenant;
let webhook: Webhook;
let address: string;

beforeEach(async () => {
  tenant = await TestTenant.start();
  webhook = new Webhook();
  address = await webhook.start();
});
afterEach(async () => {
  await tenant.close();
  await webhook.stop();
});

/** In so many minutes of the tenant's clock. */
async function inMinutes(minutes: number): Promise<string> {
  const { now } = await tenant.control('GET', 'clock');
  return new Date(Date.parse(now) + minutes * minute).toISOString();
}
const pass = (minutes: number) => tenant.control('POST', 'clock', { advanceMs: minutes * minute });

const create = async (more: object = {}): Promise<Answer> =>
  tenant.graph('POST', '/subscriptions', {
    changeType: 'updated,deleted',
    notificationUrl: `${address}/notify`,
    lifecycleNotificationUrl: `${address}/lifecycle`,
    resource: '/users',
    expirationDateTime: await inMinutes(240),
    clientState: 'shared secret',
    ...more,
  });
const subscribe = async (more: object = {}): Promise<string> => (await create(more)).body.id as string;
const renew = async (id: string, minutes = 240) =>
  (await tenant.graph('PATCH', `/subscriptions/${id}`, { expirationDateTime: await inMinutes(minutes) })).status;
const reauthorize = async (id: string) => (await tenant.graph('POST', `/subscriptions/${id}/reauthorize`)).status;
const demand = (subscriptionId?: string) =>
  tenant.control('POST', 'lifecycle', { event: 'reauthorizationRequired', ...(subscriptionId && { subscriptionId }) });

const challenges = (): Json[] => webhook.notifications.filter((one) => one.lifecycleEvent !== undefined);
const heard = (id: string): boolean => webhook.notifications.some((one) => one.resourceData?.id === id);

let marker = 0;
const change = async (id: string) => {
  expect((await tenant.graph('PATCH', `/users/${id}`, { city: `City ${marker++}` })).status).toBe(204);
};

/** True when a change is notified: a change to somebody else, that another subscription hears of, comes after it. */
async function notifies(): Promise<boolean> {
  webhook.received.length = 0;
  await change(ines);
  const witness = await subscribe({ resource: `/users/${leo}`, lifecycleNotificationUrl: null });
  await change(leo);
  await until('the witness', () => webhook.notifications.some((one) => one.subscriptionId === witness));
  await tenant.graph('DELETE', `/subscriptions/${witness}`);
  return heard(ines);
}

test('the quota can be small, and what is gone leaves room', async () => {
  await tenant.settings({ subscriptionQuota: 2 });
  const first = await subscribe();
  await subscribe({ resource: `/users/${tomas}` });
  expect(await create({ resource: `/users/${ines}` })).toMatchObject({
    status: 403,
    body: { error: { code: 'Forbidden' } },
  });
  await tenant.graph('DELETE', `/subscriptions/${first}`);
  expect((await create({ resource: `/users/${ines}` })).status).toBe(201);
});

test('the order of the change types and the address make no other subscription of it', async () => {
  const id = await subscribe();
  const again = await create({ changeType: 'deleted, updated', notificationUrl: `${address}/elsewhere` });
  expect(again.status).toBe(409);
  expect(again.body.error.message).toContain(id);
  expect((await create({ changeType: 'updated' })).status).toBe(201);
});

test.each([
  ['renewing', renew],
  ['the action', reauthorize],
])('a demand keeps changes from being notified until it is answered by %s', async (_how, answer) => {
  const id = await subscribe();
  expect(await notifies()).toBe(true);
  await demand(id);
  await until('the demand', () => challenges().length === 1);
  expect(challenges()[0]).toMatchObject({ subscriptionId: id, clientState: 'shared secret' });
  expect(await notifies()).toBe(false);
  expect(await answer(id)).toBeLessThan(300);
  expect(heard(ines)).toBe(false);
  expect(await notifies()).toBe(true);
});

test('changes go on being notified for as long as the grace lasts', async () => {
  await tenant.settings({ reauthorizationGraceMs: 10 * minute });
  await subscribe();
  await demand();
  expect(await notifies()).toBe(true);
  await pass(10);
  expect(await notifies()).toBe(false);
});

test('a demand comes some time before the end, again and again until it is answered, and not for the others', async () => {
  await tenant.settings({ reauthorizationBeforeMs: 60 * minute });
  const id = await subscribe();
  const silent = await subscribe({ resource: `/users/${ines}`, lifecycleNotificationUrl: null });
  await pass(179);
  await tenant.graph('GET', '/subscriptions');
  expect(challenges()).toEqual([]);
  await pass(1);
  await until('the first demand', () => challenges().length === 1);
  await pass(14);
  await pass(1);
  await until('the second demand', () => challenges().length === 2);
  expect(await renew(id)).toBe(200);
  await pass(170);
  expect((await tenant.graph('GET', `/subscriptions/${silent}`)).status).toBe(404);
  expect(new Set(challenges().map((one) => one.subscriptionId))).toEqual(new Set([id]));
  expect(challenges()).toHaveLength(2);
  expect(await notifies()).toBe(true);
});

test('to be authorized is not to be renewed: the subscription ends all the same, and is gone', async () => {
  const id = await subscribe();
  await demand();
  expect(await reauthorize(id)).toBe(204);
  await pass(241);
  expect((await tenant.graph('GET', `/subscriptions/${id}`)).status).toBe(404);
  expect(await renew(id)).toBe(404);
  expect(await reauthorize(id)).toBe(404);
  expect((await tenant.state()).changeSubscriptions).toEqual([]);
  expect((await create()).status).toBe(201);
});

test('both ways to authorize within ten minutes leave a subscription that notifies nothing', async () => {
  const id = await subscribe();
  expect(await renew(id)).toBe(200);
  expect(await renew(id)).toBe(200);
  expect(await notifies()).toBe(true);
  expect(await reauthorize(id)).toBe(204);
  expect(await notifies()).toBe(false);
  await pass(10);
  expect(await renew(id)).toBe(200);
  expect(await notifies()).toBe(true);
});

test('a subscription can be lost without a word, and be made again', async () => {
  const id = await subscribe();
  const other = await subscribe({ resource: `/users/${tomas}` });
  expect(await tenant.control('POST', 'lifecycle', { event: 'lost', subscriptionId: id })).toEqual({ lost: [id] });
  expect((await tenant.graph('GET', '/subscriptions')).body.value.map((one: Json) => one.id)).toEqual([other]);
  expect(await notifies()).toBe(false);
  expect(challenges()).toEqual([]);
  expect(await renew(id)).toBe(404);
  expect((await create()).status).toBe(201);
  expect((await tenant.control('POST', 'lifecycle', { event: 'lost' })).lost).toHaveLength(2);
});

test('what is kept of the demands is not shown, and survives loading the state', async () => {
  const id = await subscribe();
  await demand();
  await tenant.change(() => undefined);
  expect((await tenant.graph('GET', `/subscriptions/${id}`)).body).not.toHaveProperty('lifecycle');
  expect(await notifies()).toBe(false);
});
