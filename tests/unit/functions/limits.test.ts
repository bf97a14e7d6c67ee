import { openBreaker } from '../../../activities/inviteBreaker';
import { expectDocumented } from '../../support/apiContract';
import { createTestApp, GUEST_ID, type TestAnswer, type TestApp } from '../../support/testApp';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const AT = '2026-11-02T08:00:00.000Z';

async function post(app: TestApp, path: string, body: object, headers = {}): Promise<TestAnswer> {
  const answer = await app.call('POST', path, { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
  expectDocumented(answer);
  return answer;
}

const start = (app: TestApp, body: object = {}, headers = {}) =>
  post(app, '/api/migrations', { guest: GUEST_ID, ...body }, headers);
const close = (app: TestApp, body: object = { by: 'Grace', comment: 'case 4711' }) =>
  post(app, '/api/controls/invite-breaker/close', body);
const open = (app: TestApp) => openBreaker(app.records, { migrationId: 'm-blocked', now: app.services.clock.now() });

async function health(app: TestApp): Promise<unknown> {
  const answer = await app.call('GET', '/api/health');
  expectDocumented(answer);
  expect(answer.status).toBe(200);
  return answer.json;
}

async function useUp(app: TestApp): Promise<void> {
  app.services.settings.dailyBudget = 1;
  await app.records.reserveDeletion({ day: '2026-11-02', migrationId: 'm-other', limit: 1 });
}

describe('a start while the breaker is open', () => {
  it('is refused, names what an operator does, and leaves nothing behind', async () => {
    const app = createTestApp();
    await open(app);
    const answer = await start(app);
    expect([answer.status, answer.json]).toEqual([
      409,
      expect.objectContaining({
        code: 'invite-breaker-open',
        migrationId: 'm-blocked',
        detail: expect.stringContaining('POST /api/controls/invite-breaker/close'),
      }),
    ]);
    expect([app.records.migrations.size, app.records.locks.size, app.engine.starts]).toEqual([0, 0, 0]);
  });

  it('gets through as a dry run, and for real with the same key once it is closed', async () => {
    const app = createTestApp();
    await open(app);
    const key = { 'Idempotency-Key': 'k' };
    expect((await start(app, {}, key)).status).toBe(409);
    await close(app);
    expect((await start(app, {}, key)).status).toBe(202);
    await open(app);
    expect((await start(app, {}, key)).status).toBe(202);
    expect((await start(createTestApp(), { dryRun: true })).status).toBe(202);
    const other = createTestApp();
    await open(other);
    expect((await start(other, { dryRun: true })).status).toBe(202);
  });
});

describe('a start when the day is used up', () => {
  it('is refused until midnight UTC', async () => {
    const app = createTestApp();
    await useUp(app);
    const answer = await start(app);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, String(16 * 3600)]);
    expect(answer.json).toMatchObject({ code: 'daily-budget-used-up' });
    expect(app.records.migrations.size).toBe(0);
    expect((await start(app, { dryRun: true })).status).toBe(202);
    app.advance(16 * 3_600_000);
    app.records.locks.clear();
    expect((await start(app)).status).toBe(202);
  });
});

describe('closing the breaker', () => {
  it('answers the state, audits who and why, and logs no name', async () => {
    const app = createTestApp();
    await open(app);
    const state = { state: 'closed', openedAt: AT, migrationId: 'm-blocked', closedAt: AT, closedBy: 'Grace' };
    expect((await close(app)).json).toEqual(state);
    const entry = { migrationId: 'm-blocked', by: 'Grace', action: 'closeInviteBreaker', detail: 'case 4711' };
    expect(app.records.auditLog).toMatchObject([
      { ...entry, stage: 'requested' },
      { ...entry, stage: 'after' },
    ]);
    expect(app.logLines.join('\n')).not.toMatch(/Grace|4711/);
    app.advance(60_000);
    expect((await close(app, { by: 'Ada' })).json).toEqual(state);
    expect(app.records.auditLog).toHaveLength(2);
  });

  it('that never opened says so', async () => {
    const nothing = { state: 'closed', openedAt: null, migrationId: null, closedAt: null, closedBy: null };
    expect((await close(createTestApp())).json).toEqual(nothing);
  });

  it('of several at once is done by one', async () => {
    const app = createTestApp();
    await open(app);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((by) => close(app, { by })));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(app.records.auditLog.filter(({ stage }) => stage === 'after')).toHaveLength(1);
  });

  it.each([
    [{}, 'invalid-body'],
    [{ by: '' }, 'invalid-body'],
    [{ by: 'Grace', force: true }, 'unknown-field'],
  ])('needs a name and nothing else: %j', async (body, code) => {
    const app = createTestApp();
    await open(app);
    const answer = await close(app, body);
    expect([answer.status, answer.json]).toEqual([400, expect.objectContaining({ code })]);
    expect(await health(app)).toMatchObject({ inviteBreaker: 'open' });
  });
});

it('the health shows breaker and budget, and stays 200', async () => {
  const app = createTestApp();
  await useUp(app);
  await open(app);
  expect(await health(app)).toMatchObject({
    status: 'ok',
    inviteBreaker: 'open',
    inviteBreakerSince: AT,
    budget: { used: 1, limit: 1 },
  });
  await close(app);
  app.advance(86_400_000);
  const closed = await health(app);
  expect(closed).toMatchObject({ inviteBreaker: 'closed', budget: { used: 0, limit: 1 } });
  expect(closed).not.toHaveProperty('inviteBreakerSince');
});

it('the health shows whether changes of users are told, and since when they cannot be had', async () => {
  const app = createTestApp();
  const { id, notificationUrl } = { id: 's-1', notificationUrl: 'https://switch.example/api/graph/notifications' };
  const control = (expiresAt: string) => JSON.stringify({ id, expiresAt, notificationUrl });
  expect(await health(app)).toMatchObject({ subscription: 'none' });
  const since = '2026-11-02T07:00:00.000Z';
  const failure = { status: 403, code: 'Forbidden' };
  app.records.controls.set('subscriptionAttempt', JSON.stringify({ since, failure }));
  expect(await health(app)).toMatchObject({ subscription: 'missing', subscriptionMissingSince: since });
  app.records.controls.set('subscription', control('2026-11-02T07:59:59.000Z'));
  expect(await health(app)).toMatchObject({ subscription: 'missing' });
  app.records.controls.set('subscription', control('2026-11-20T00:00:00.000Z'));
  const active = await health(app);
  expect(active).toMatchObject({ status: 'ok', subscription: 'active' });
  expect(active).not.toHaveProperty('subscriptionMissingSince');
});
