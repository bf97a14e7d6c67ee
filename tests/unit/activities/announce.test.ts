import { phaseSchema, type Phase } from '../../../domain/phases';
import type { MigrationRecord } from '../../../domain/record';
import { sweepMigrations } from '../../../functions/sweepMigrations';
import { createWorld, MIGRATION_ID, OLD_ID } from '../../support/activityWorld';
import { createTestApp, recordWith } from '../../support/testApp';

const callbackUrl = 'https://hooks.example/in';
const request: MigrationRecord['request'] = { ...recordWith({ id: MIGRATION_ID }).request, callbackUrl };
/** A way through all phases but the last, each of which may follow the one before. */
const everyPhase: Phase[] = [
  'preflight',
  'capturing',
  'awaitingApproval',
  'deleting',
  'purging',
  'inviting',
  'awaitingRedemption',
  'verifyingIdentity',
  'needsOperator',
  'undoing',
  'restoring',
  'verifyingAccess',
];
const finish = { migrationId: MIGRATION_ID, outcome: 'completed', error: null };

it('a phase that is worth knowing is stored for the caller, once, with the counts of its time', async () => {
  const access = { captured: 4, restored: 1, alreadyPresent: 0, manual: 0, failed: 0 };
  const world = await createWorld({ request, access });
  for (const phase of everyPhase) await world.run('recordPhase', { migrationId: MIGRATION_ID, phase });
  expect([...everyPhase, 'ended'].sort()).toEqual([...phaseSchema.options].sort());
  const stored = await world.records.readCallbacks(MIGRATION_ID);
  expect(stored.map(({ phase }) => phase)).toEqual([
    'capturing',
    'awaitingApproval',
    'deleting',
    'purging',
    'inviting',
    'awaitingRedemption',
    'needsOperator',
    'undoing',
    'restoring',
  ]);
  expect(stored[0]).toMatchObject({ data: { status: 'Running', outcome: null, access, error: null } });
  expect(world.logLines.join('\n')).not.toContain('hooks.example');
});

it('nothing is stored when the caller named no address', async () => {
  const world = await createWorld();
  await world.run('recordPhase', { migrationId: MIGRATION_ID, phase: 'capturing' });
  await world.run('finishMigration', finish);
  expect(world.records.callbacks.size).toBe(0);
  expect(world.records.callbackQueue.size).toBe(0);
});

it('a step that runs twice stores one event, with the time of the first run', async () => {
  const world = await createWorld({ request, phase: 'capturing' });
  await world.run('recordPhase', { migrationId: MIGRATION_ID, phase: 'deleting' });
  const [first] = await world.records.readCallbacks(MIGRATION_ID);
  world.advanceSeconds(60);
  await world.run('recordPhase', { migrationId: MIGRATION_ID, phase: 'deleting' });
  expect(await world.records.readCallbacks(MIGRATION_ID)).toEqual([first]);
});

it('a step that died between row and event stores the event when it runs again', async () => {
  const world = await createWorld({ request, phase: 'capturing' });
  world.records.before = (operation) => {
    if (operation === 'putCallback') throw new Error('the process dies');
  };
  await expect(world.run('recordPhase', { migrationId: MIGRATION_ID, phase: 'deleting' })).rejects.toThrow();
  await expect(world.run('finishMigration', finish)).rejects.toThrow();
  expect(world.row().phase).toBe('ended');
  world.records.before = () => undefined;
  await world.run('finishMigration', finish);
  expect((await world.records.readCallbacks(MIGRATION_ID)).map(({ phase }) => phase)).toEqual(['ended']);
});

it('a late duplicate of a phase that is over tells nothing', async () => {
  const world = await createWorld({ request, phase: 'ended', status: 'Canceled', outcome: 'cancelled' });
  await world.run('recordPhase', { migrationId: MIGRATION_ID, phase: 'deleting' });
  expect(world.records.callbacks.size).toBe(0);
});

it('the end is stored with outcome, counts and code, before the guest is free for the next migration', async () => {
  const world = await createWorld({
    request,
    access: { captured: 1, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 },
  });
  const snapshotHash = await world.storeSnapshot();
  await world.records.updateMigration(MIGRATION_ID, { snapshotHash });
  await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'failed', detail: '' }]);
  const order: string[] = [];
  await world.records.lockGuest({ guestId: OLD_ID, migrationId: MIGRATION_ID, lockedAt: '2026-03-01T08:00:00.000Z' });
  world.records.before = (operation) => void order.push(operation);
  const error = { code: 'step-exhausted', detail: 'A detail that stays here.' };
  await world.run('finishMigration', { migrationId: MIGRATION_ID, outcome: 'failed', error });
  expect(await world.records.readCallbacks(MIGRATION_ID)).toMatchObject([
    {
      phase: 'ended',
      data: { status: 'Failed', outcome: 'failed', access: { captured: 1, failed: 1 }, error: error.code },
    },
  ]);
  expect(order.indexOf('decideOnMigration')).toBeGreaterThan(-1);
  expect(order.indexOf('putCallback')).toBeGreaterThan(order.indexOf('decideOnMigration'));
  expect(order.indexOf('putCallback')).toBeLessThan(order.indexOf('releaseGuest'));
});

describe('an end outside of the story', () => {
  it('is told when the sweeper ends a stopped migration, also when it dies before the row is written', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a', status: 'Running', phase: 'restoring', request }));
    app.engine.instances.set('a', 'failed');
    app.records.before = (operation) => {
      if (operation === 'decideOnMigration') throw new Error('the process dies');
    };
    await expect(sweepMigrations(app.services)).rejects.toThrow('dies');
    app.records.before = () => undefined;
    await sweepMigrations(app.services);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended' });
    expect(await app.records.readCallbacks('a')).toMatchObject([
      { phase: 'ended', data: { status: 'Failed', outcome: 'failed', error: 'engine-stopped' } },
    ]);
  });

  it('is told when a start that died lost its guest to another migration', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a', request }));
    app.advance(60 * 60_000);
    await sweepMigrations(app.services);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended', outcome: 'rejected' });
    expect(await app.records.readCallbacks('a')).toMatchObject([
      { phase: 'ended', data: { outcome: 'rejected', error: 'preflight-failed' } },
    ]);
  });
});
