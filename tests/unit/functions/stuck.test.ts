import { createRecordPhase } from '../../../activities/recordPhase';
import { migrationSchema } from '../../../domain/migration';
import { markStuckMigrations } from '../../../functions/markStuckMigrations';
import { expectDocumented } from '../../support/apiContract';
import { createTestApp, GUEST_ID, NEW_ID, recordWith, type TestApp } from '../../support/testApp';

const HOUR_MS = 3_600_000;
const AT = '2026-11-02T08:00:00.000Z';

const alerts = ({ logLines }: TestApp) =>
  logLines.map((line): unknown => JSON.parse(line)).filter((line) => JSON.stringify(line).includes('migration-stuck'));
const marks = (app: TestApp, id = 'm') =>
  app.records.migrations.get(id)?.checks.filter((check) => check.id === 'stuck') ?? [];

async function appWith(change: Partial<Parameters<typeof recordWith>[0]> = {}): Promise<TestApp> {
  const app = createTestApp();
  const guest = { oldId: GUEST_ID, newId: NEW_ID, displayName: 'Jane Roe' };
  await app.records.createMigration(
    recordWith({ id: 'm', status: 'Running', phase: 'restoring', updatedAt: AT, guest, ...change }),
  );
  return app;
}

async function tickAfter(app: TestApp, ms: number): Promise<void> {
  app.advance(ms);
  await markStuckMigrations(app.services);
}

it('a migration that moves in time is left alone', async () => {
  const app = await appWith();
  await tickAfter(app, 2 * HOUR_MS);
  expect([alerts(app), marks(app)]).toEqual([[], []]);
});

it('one that does not is marked and told of, with ids, phase and minutes, and no name', async () => {
  const app = await appWith();
  await tickAfter(app, 2 * HOUR_MS + 60_000);
  expect(alerts(app)).toEqual([
    {
      level: 'warn',
      event: 'migration-stuck',
      migrationId: 'm',
      oldId: GUEST_ID,
      newId: NEW_ID,
      phase: 'restoring',
      minutes: 121,
    },
  ]);
  expect(marks(app)).toMatchObject([{ ok: false, severity: 'warning', detail: expect.stringContaining(AT) }]);
  expect(app.records.migrations.get('m')?.updatedAt).toBe(AT);
  const answer = await app.call('GET', '/api/migrations/m');
  expectDocumented(answer);
  expect(migrationSchema.parse(answer.json).checks.map(({ id }) => id)).toEqual(['stuck']);
});

it('is told of again after a day, not on every tick, and once however many ticks meet', async () => {
  const app = await appWith();
  app.advance(3 * HOUR_MS);
  await Promise.all([1, 2, 3].map(() => markStuckMigrations(app.services)));
  await tickAfter(app, 5 * 60_000);
  await tickAfter(app, 23 * HOUR_MS);
  expect(alerts(app)).toHaveLength(1);
  await tickAfter(app, HOUR_MS);
  expect(alerts(app)).toHaveLength(2);
  expect(alerts(app)[1]).toMatchObject({ minutes: 27 * 60 + 5 });
});

it('loses its mark when it moves within the phase', async () => {
  const app = await appWith();
  await tickAfter(app, 3 * HOUR_MS);
  await app.records.updateMigration('m', { progress: { done: 8, total: 9 } });
  const { updatedAt } = app.records.migrations.get('m') ?? {};
  await tickAfter(app, 5 * 60_000);
  expect(marks(app)).toEqual([]);
  expect(app.records.migrations.get('m')).toMatchObject({ stuckAlertedAt: null, updatedAt });
  await tickAfter(app, 3 * HOUR_MS);
  expect(alerts(app)).toHaveLength(2);
});

it('loses its mark with the next phase at once', async () => {
  const app = await appWith();
  await tickAfter(app, 3 * HOUR_MS);
  await createRecordPhase(app.services)({ migrationId: 'm', phase: 'verifyingAccess' }, app.services.log);
  expect(app.records.migrations.get('m')).toMatchObject({ checks: [], stuckAlertedAt: null, phase: 'verifyingAccess' });
});

it('the wait may last as long as the guest may take, and a day', async () => {
  const expiresAt = '2026-11-12T08:00:00.000Z';
  const invitation = { sentAt: AT, remindersSent: 0, expiresAt, rounds: 1 };
  const app = await appWith({ phase: 'awaitingRedemption', invitation });
  await tickAfter(app, 11 * 24 * HOUR_MS);
  expect(alerts(app)).toEqual([]);
  await tickAfter(app, 60_000);
  expect(alerts(app)).toHaveLength(1);
});

it('a start that never began is found, one that has ended is not', async () => {
  const app = await appWith({ status: 'Failed', phase: 'ended', outcome: 'failed' });
  await app.records.createMigration(recordWith({ id: 'n', updatedAt: AT }));
  await tickAfter(app, 100 * HOUR_MS);
  expect(alerts(app)).toMatchObject([{ migrationId: 'n', phase: 'preflight', newId: null }]);
});
