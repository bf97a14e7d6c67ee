import { groups, guests } from '../../local/tenant/seed/ids';
import { requireGraphContract } from '../support/graphContract';
import { TestTenant, Webhook, until } from './support';

const { ines, tomas } = guests;
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

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * minute).toISOString();

const subscribe = (more: object = {}) =>
  tenant.graph('POST', '/subscriptions', {
    changeType: 'updated,deleted',
    notificationUrl: `${address}/notify`,
    lifecycleNotificationUrl: `${address}/lifecycle`,
    resource: '/users',
    expirationDateTime: inMinutes(60),
    clientState: 'shared secret',
    ...more,
  });

const changeCity = (id: string, city = 'Porto') => tenant.graph('PATCH', `/users/${id}`, { city });

/** Waits until a change of another user has arrived: whatever should have come before it has come. */
async function settle(): Promise<void> {
  await changeCity(guests.leo, 'Lyon');
  await until('the marker', () => webhook.notifications.some((one) => one.resourceData?.id === guests.leo));
}

describe('subscribing', () => {
  test('shakes hands with both addresses and answers the subscription', async () => {
    const made = await subscribe();
    expect(made).toMatchObject({ status: 201, body: { resource: '/users', clientState: 'shared secret' } });
    const listed = await tenant.graph('GET', '/subscriptions');
    expect(listed.body.value).toMatchObject([{ id: made.body.id }]);
  });

  test.each([
    ['another text', () => ({ status: 200, type: 'text/plain', text: 'nonsense' })],
    ['another type', (text: string) => ({ status: 200, type: 'application/json', text })],
    ['another status', (text: string) => ({ status: 202, type: 'text/plain', text })],
  ])('fails when the handshake is answered with %s', async (_what, handshake) => {
    webhook.handshake = handshake;
    const refused = await subscribe();
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'ValidationError' } } });
    expect((await tenant.graph('GET', '/subscriptions')).body.value).toEqual([]);
  });

  test('the same twice is a conflict that names the first', async () => {
    const first = await subscribe();
    const second = await subscribe({ resource: 'users' });
    expect(second.status).toBe(409);
    expect(second.body.error.message).toContain(`Subscription Id ${first.body.id as string} already exists`);
    expect((await subscribe({ resource: `/users/${ines}` })).status).toBe(201);
  });

  test.each([
    ['plain http elsewhere', { notificationUrl: 'http://app.example/notify' }],
    ['no address', { notificationUrl: 'notify' }],
    ['created', { changeType: 'created' }],
    ['a secret that is too long', { clientState: 'x'.repeat(129) }],
    ['an end in the past', { expirationDateTime: inMinutes(-1) }],
    ['an end too far away', { expirationDateTime: inMinutes(41_770) }],
    ['no end', { expirationDateTime: undefined }],
    ['another resource', { resource: '/me/messages' }],
  ])('%s is refused', async (_what, more) => {
    expect((await subscribe(more)).status).toBe(400);
  });

  test('a short life is raised to 45 minutes, a renewal prolongs it, then it ends', async () => {
    const { body } = await subscribe({ expirationDateTime: inMinutes(5) });
    expect(Date.parse(body.expirationDateTime) - Date.now()).toBeGreaterThan(44 * minute);
    const path = `/subscriptions/${body.id as string}`;
    const renewed = await tenant.graph('PATCH', path, { expirationDateTime: inMinutes(120) });
    expect(renewed.status).toBe(200);
    expect((await tenant.graph('PATCH', path, { changeType: 'updated' })).status).toBe(400);
    expect((await tenant.graph('POST', `${path}/reauthorize`)).status).toBe(204);
    await tenant.control('POST', 'clock', { advanceMs: 121 * minute });
    expect((await tenant.graph('GET', path)).status).toBe(404);
  });

  test('at most 100 per application', async () => {
    const { applicationId } = (await subscribe()).body;
    await tenant.change((state) => {
      const [own] = state.changeSubscriptions;
      for (let index = 0; index < 99; index++) {
        state.changeSubscriptions.push({ ...own, id: `extra-${index}`, resource: `/users/${index}`, applicationId });
      }
    });
    const refused = await subscribe({ resource: `/users/${ines}` });
    expect(refused.status).toBe(403);
  });
});

describe('delivery', () => {
  test('changes, soft deletions and restores are updates; a purge is a deletion', async () => {
    const { body: subscription } = await subscribe();
    const expected: string[] = [];
    const after = async (changeType: string, change: Promise<{ status: number }>) => {
      expect((await change).status).toBeLessThan(300);
      expected.push(changeType);
      await until(changeType, () => webhook.notifications.length === expected.length);
    };
    await after('updated', changeCity(ines));
    await after('updated', tenant.graph('DELETE', `/users/${ines}`));
    await after('updated', tenant.graph('POST', `/directory/deletedItems/${ines}/restore`));
    await after('updated', tenant.graph('DELETE', `/users/${ines}`));
    await after('deleted', tenant.graph('DELETE', `/directory/deletedItems/${ines}`));
    expect(webhook.notifications.map((one) => one.changeType)).toEqual(expected);
    expect(webhook.notifications[0]).toMatchObject({
      subscriptionId: subscription.id,
      clientState: 'shared secret',
      tenantId: expect.any(String),
      resource: `Users/${ines}`,
      resourceData: { '@odata.type': '#Microsoft.Graph.User', id: ines },
    });
    const contract = requireGraphContract();
    for (const { body } of webhook.received) {
      const problems = contract?.validateType('microsoft.graph.changeNotificationCollection', body) ?? [];
      // Directory notifications carry more about the object than the published type lists.
      expect(problems.filter((problem) => !problem.includes('/resourceData/'))).toEqual([]);
    }
  });

  test('an invitation and a redemption are updates; memberships are not', async () => {
    await subscribe();
    const { body } = await tenant.invite('new.guest@outlook.example');
    const id = body.invitedUser.id as string;
    await until('the new user', () => webhook.notifications.length === 1);
    await tenant.addMember(groups.finance, id);
    await tenant.control('POST', 'redeem', { userId: id, account: 'personal' });
    await until('the redemption', () => webhook.notifications.length === 2);
    await settle();
    expect(webhook.notifications.filter((one) => one.resourceData.id === id)).toHaveLength(2);
  });

  test('a subscription to one user hears of that user only', async () => {
    await subscribe({ resource: `/users/${ines}` });
    await subscribe({ resource: `/users/${guests.leo}` });
    await changeCity(tomas);
    await changeCity(ines);
    await settle();
    expect(new Set(webhook.notifications.map((one) => one.resourceData.id))).toEqual(new Set([ines, guests.leo]));
  });

  test('notifications come late, all that are due in one request', async () => {
    await subscribe();
    await tenant.settings({ notificationMs: 600_000 });
    await changeCity(ines);
    await changeCity(tomas);
    expect(webhook.received).toEqual([]);
    await tenant.control('POST', 'clock', { advanceMs: 600_001 });
    await until('both', () => webhook.notifications.length === 2);
    expect(webhook.received).toHaveLength(1);
  });

  test('duplicates and losses', async () => {
    await subscribe();
    await tenant.settings({ duplicateNotifications: true });
    await changeCity(ines);
    await until('two', () => webhook.notifications.length === 2);
    await tenant.settings({ duplicateNotifications: false, dropNotifications: 1 });
    await changeCity(tomas);
    await settle();
    expect(webhook.notifications.some((one) => one.resourceData.id === tomas)).toBe(false);
    expect((await tenant.control('GET', 'settings')).dropNotifications).toBe(0);
    await tenant.settings({ dropNotifications: true });
    await changeCity(tomas, 'Faro');
    await tenant.settings({ dropNotifications: false });
    await changeCity(ines, 'Faro');
    await until('the last', () => webhook.notifications.length === 4);
    expect(webhook.notifications.some((one) => one.resourceData.id === tomas)).toBe(false);
  });

  test('what is not accepted comes again', async () => {
    await subscribe();
    webhook.statuses = [500, 404];
    await changeCity(ines);
    await until('the second attempt', async () => {
      await tenant.control('POST', 'clock', { advanceMs: 1_000 });
      return webhook.received.length >= 3;
    });
    await settle();
    expect(webhook.notifications.filter((one) => one.resourceData.id === ines)).toHaveLength(3);
  });

  test('an answer that takes more than three seconds counts as none', async () => {
    await subscribe();
    webhook.silent = 1;
    const started = Date.now();
    await changeCity(ines);
    await until('the second attempt', async () => {
      await tenant.control('POST', 'clock', { advanceMs: 1_000 });
      return webhook.received.length === 2;
    });
    expect(Date.now() - started).toBeGreaterThanOrEqual(2_900);
  });

  test('a removed subscription hears nothing', async () => {
    const { body } = await subscribe();
    await subscribe({ resource: `/users/${guests.leo}` });
    expect((await tenant.graph('DELETE', `/subscriptions/${body.id as string}`)).status).toBe(204);
    await changeCity(ines);
    await settle();
    expect(webhook.notifications).toHaveLength(1);
  });

  test('a reauthorization can be demanded', async () => {
    const { body } = await subscribe();
    await tenant.control('POST', 'lifecycle', { event: 'reauthorizationRequired' });
    await until('the event', () => webhook.received.length === 1);
    expect(webhook.received[0]).toMatchObject({
      path: '/lifecycle',
      body: {
        value: [{ lifecycleEvent: 'reauthorizationRequired', subscriptionId: body.id, clientState: 'shared secret' }],
      },
    });
  });
});
