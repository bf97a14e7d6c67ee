import { REDEMPTION_HINT } from '../../../domain/events';
import { problemSchema } from '../../../functions/problems';
import { expectDocumented } from '../../support/apiContract';
import {
  createTestApp,
  GUEST_ID,
  NEW_ID,
  NOTIFICATION_SECRET,
  BASE_URL,
  SUBSCRIPTION_ID,
  TENANT_ID,
  type TestApp,
} from '../../support/testApp';

const NOTIFICATIONS = '/api/graph/notifications';
const LIFECYCLE = '/api/graph/lifecycle';

function waitingApp(): TestApp {
  const app = createTestApp();
  app.records.controls.set(
    'subscription',
    JSON.stringify({
      id: SUBSCRIPTION_ID,
      expiresAt: '2026-11-29T00:00:00.000Z',
      notificationUrl: `${BASE_URL}/api/graph/notifications`,
    }),
  );
  app.records.locks.set(NEW_ID, { guestId: NEW_ID, migrationId: 'm-1', lockedAt: '2026-11-02T07:00:00.000Z' });
  app.engine.instances.set('m-1', 'running');
  return app;
}

const genuine = {
  id: 'n-1',
  clientState: NOTIFICATION_SECRET,
  subscriptionId: SUBSCRIPTION_ID,
  subscriptionExpirationDateTime: '2026-11-29T00:00:00Z',
  tenantId: TENANT_ID,
  changeType: 'updated',
  resource: `Users/${NEW_ID}`,
  resourceData: { '@odata.type': '#Microsoft.Graph.User', '@odata.id': `Users/${NEW_ID}`, id: NEW_ID },
};

async function deliver(app: TestApp, path: string, value: unknown[]) {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' };
  const answer = await app.call('POST', path, { headers, body: JSON.stringify({ value }) });
  expectDocumented(answer);
  return answer;
}

describe.each([NOTIFICATIONS, LIFECYCLE])('%s', (path) => {
  it('echoes the validation token as plain text, whatever is in it, even while the records are away', async () => {
    const app = createTestApp();
    app.records.outage = true;
    const token = 'Validation: <script>alert(1)</script> + \u00fc & more';
    const answer = await app.call('POST', `${path}?validationToken=${encodeURIComponent(token)}`, {
      headers: { 'Content-Type': 'text/plain' },
    });
    expect([answer.status, answer.text]).toEqual([200, token]);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expectDocumented(answer);
  });

  it.each([
    ['another secret', { clientState: `${NOTIFICATION_SECRET}x` }],
    ['an empty secret', { clientState: '' }],
    ['no secret', { clientState: undefined }],
    ['a secret that is a list', { clientState: [NOTIFICATION_SECRET] }],
    ['another subscription', { subscriptionId: GUEST_ID }],
    ['another tenant', { tenantId: GUEST_ID }],
    ['no tenant', { tenantId: undefined }],
  ])('refuses %s', async (_name, change) => {
    const app = waitingApp();
    const answer = await deliver(app, path, [{ ...genuine, lifecycleEvent: 'missed', ...change }]);
    expect(problemSchema.parse(answer.json)).toMatchObject({ status: 403, code: 'notification-refused' });
    expect(app.logLines).toEqual(['{"level":"warn","event":"notification-refused","count":1}']);
    expect(app.engine.raised).toEqual([]);
    expect(app.records.controls.has('subscriptionRenewal')).toBe(false);
  });

  it('refuses everything while there is no subscription', async () => {
    const app = waitingApp();
    app.records.controls.delete('subscription');
    expect((await deliver(app, path, [genuine])).status).toBe(403);
    app.records.controls.set('subscription', '');
    expect((await deliver(app, path, [genuine])).status).toBe(403);
  });

  it('takes an empty delivery', async () => {
    expect((await deliver(waitingApp(), path, [])).status).toBe(202);
  });

  it('asks Graph to deliver again while the records are away', async () => {
    const app = waitingApp();
    app.records.outage = true;
    expect((await deliver(app, path, [genuine])).status).toBe(503);
  });

  it('reads up to a megabyte', async () => {
    const app = waitingApp();
    const headers = { 'Content-Type': 'application/json' };
    const body = (bytes: number) => JSON.stringify({ value: [{ ...genuine, pad: 'x'.repeat(bytes) }] });
    expect((await app.call('POST', path, { headers, body: body(1_000_000) })).status).toBe(202);
    expect((await app.call('POST', path, { headers, body: body(1_050_000) })).status).toBe(413);
  });
});

describe('change notifications', () => {
  it('raise one hint for a user who is waited for, however often the user is named', async () => {
    const app = waitingApp();
    const answer = await deliver(app, NOTIFICATIONS, [
      genuine,
      { ...genuine, resourceData: { id: NEW_ID.toUpperCase() } },
    ]);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(app.engine.raised).toEqual([{ id: 'm-1', event: REDEMPTION_HINT }]);
  });

  it('pass over users nobody waits for and items without a user', async () => {
    const app = waitingApp();
    const others = [GUEST_ID, '', '../x', NEW_ID.slice(1)].map((id) => ({ ...genuine, resourceData: { id } }));
    const looked: string[] = [];
    const readLock = app.records.readLock.bind(app.records);
    app.records.readLock = (id) => {
      looked.push(id);
      return readLock(id);
    };
    expect((await deliver(app, NOTIFICATIONS, [...others, { ...genuine, resourceData: null }])).status).toBe(202);
    expect(looked).toEqual([GUEST_ID]);
    expect(app.engine.raised).toEqual([]);
  });

  it('act on the genuine ones when forged ones come along', async () => {
    const app = waitingApp();
    const answer = await deliver(app, NOTIFICATIONS, [{ ...genuine, clientState: 'guess' }, null, genuine]);
    expect(answer.status).toBe(202);
    expect(app.engine.raised).toHaveLength(1);
    expect(app.logLines.join('\n')).toContain('"notification-refused","count":2');
  });

  it('ask for another delivery when the engine does not answer', async () => {
    const app = waitingApp();
    app.engine.offline = true;
    expect((await deliver(app, NOTIFICATIONS, [genuine])).status).toBe(503);
  });

  it('never log a user or the secret', async () => {
    const app = waitingApp();
    await deliver(app, NOTIFICATIONS, [genuine, { ...genuine, tenantId: GUEST_ID }]);
    expect(app.logLines.join('\n')).not.toMatch(new RegExp(`${NEW_ID}|${NOTIFICATION_SECRET}`));
  });
});

describe('lifecycle events', () => {
  it.each(['reauthorizationRequired', 'subscriptionRemoved', 'missed'])('remember %s', async (lifecycleEvent) => {
    const app = waitingApp();
    const { tenantId: organizationId, ...item } = genuine;
    const answer = await deliver(app, LIFECYCLE, [{ ...item, organizationId, lifecycleEvent }]);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(app.records.controls.get('subscriptionRenewal')).toBe('2026-11-02T08:00:00.000Z');
  });

  it('pass over events that are not known', async () => {
    const app = waitingApp();
    expect((await deliver(app, LIFECYCLE, [{ ...genuine, lifecycleEvent: 'other' }])).status).toBe(202);
    expect(app.records.controls.has('subscriptionRenewal')).toBe(false);
  });
});
