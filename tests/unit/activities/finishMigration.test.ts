import { createWorld, MIGRATION_ID, OLD_ID } from '../../support/activityWorld';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const lockedAt = '2026-03-01T08:00:00.000Z';

async function restoredWorld() {
  const world = await createWorld({ guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null } });
  const snapshotHash = await world.storeSnapshot();
  const access = { captured: 1, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 };
  await world.records.updateMigration(MIGRATION_ID, { snapshotHash, access });
  await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
  for (const guestId of [OLD_ID, NEW_ID])
    await world.records.lockGuest({ guestId, migrationId: MIGRATION_ID, lockedAt });
  const finish = () => world.run('finishMigration', { migrationId: MIGRATION_ID, outcome: 'completed', error: null });
  return { world, finish };
}

it('writes counts, report and row, and releases both guests', async () => {
  const { world, finish } = await restoredWorld();
  expect(await finish()).toEqual({ ok: true, value: {} });
  expect(world.row()).toMatchObject({
    status: 'Succeeded',
    phase: 'ended',
    outcome: 'completed',
    access: { captured: 1, restored: 1, alreadyPresent: 0, manual: 0, failed: 0 },
  });
  const { progress } = world.row();
  expect(progress.done).toBe(progress.total);
  expect(world.documents.reports.get(MIGRATION_ID)).toMatchObject({
    outcome: 'completed',
    grants: [{ kind: 'groupMembership', name: 'Readers', result: 'restored' }],
  });
  expect(world.records.locks.size).toBe(0);
});

it('finishing twice leaves everything as it was, and releases no lock of the next migration', async () => {
  const { world, finish } = await restoredWorld();
  await finish();
  const row = world.row();
  const report = structuredClone(world.documents.reports.get(MIGRATION_ID));
  await world.records.lockGuest({ guestId: OLD_ID, migrationId: 'm-0002', lockedAt });
  world.advanceSeconds(60);
  expect(await finish()).toEqual({ ok: true, value: {} });
  expect(world.row()).toEqual({ ...row, updatedAt: '2026-03-01T08:01:00.000Z' });
  expect(world.documents.reports.get(MIGRATION_ID)).toEqual(report);
  expect(world.records.locks.get(OLD_ID)?.migrationId).toBe('m-0002');
});

it('the locks are kept until everything else is written', async () => {
  const { world, finish } = await restoredWorld();
  const order: string[] = [];
  world.records.before = (operation) => void order.push(operation);
  await finish();
  const [firstRelease, lastUpdate] = [order.indexOf('releaseGuest'), order.lastIndexOf('decideOnMigration')];
  expect(lastUpdate).toBeGreaterThan(-1);
  expect(firstRelease).toBeGreaterThan(lastUpdate);
});
