import type { MigrationRecord } from '../../../domain/record';
import type { Wish } from '../../../domain/wishes';
import { createWorld, MIGRATION_ID, OLD_ID, type ActivityWorld } from '../../support/activityWorld';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const REMOVED_ID = '0e000000-0000-4000-8000-000000000003';
const THEN = '2026-03-01T07:00:00.000Z';
const revert: Wish = { kind: 'revert', by: 'ops', at: THEN };
const turnsBack = { ok: true, value: { wish: 'revert' } };
const ends = { ok: true, value: {} };

async function verified(change: Partial<MigrationRecord> = {}): Promise<ActivityWorld> {
  const world = await createWorld({
    phase: 'verifyingAccess',
    status: 'Running',
    mostRounds: 3,
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    ...change,
  });
  const snapshotHash = await world.storeSnapshot();
  const access = { captured: 1, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 };
  await world.records.updateMigration(MIGRATION_ID, { snapshotHash, access });
  await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
  return world;
}

function finish(world: ActivityWorld, outcome = 'completed') {
  return world.run('finishMigration', { migrationId: MIGRATION_ID, outcome, error: null });
}

describe('a wish to go back', () => {
  it.each(['completed', 'completedWithGaps'])(
    'keeps a migration from ending as %s, with all its locks',
    async (outcome) => {
      const world = await verified({ wish: revert });
      await world.records.lockGuest({ guestId: OLD_ID, migrationId: MIGRATION_ID, lockedAt: THEN });
      const before = world.row();
      expect(await finish(world, outcome)).toEqual(turnsBack);
      expect(world.row()).toEqual(before);
      expect(world.documents.reports.size).toBe(0);
      expect(world.records.locks.has(OLD_ID)).toBe(true);
    },
  );

  it('that comes right before the row is written is served, and no report says that it is over', async () => {
    const world = await verified();
    world.records.before = async (operation) => {
      if (operation !== 'decideOnMigration' || world.row().wish !== null) return;
      world.records.before = () => undefined;
      await world.records.updateMigration(MIGRATION_ID, { wish: revert });
    };
    expect(await finish(world)).toEqual(turnsBack);
    expect(world.row()).toMatchObject({ phase: 'verifyingAccess', outcome: null, wish: revert });
    expect(world.documents.reports.size).toBe(0);
  });

  it('that comes as the row is written loses or wins, never both', async () => {
    const world = await verified();
    const wish = () =>
      world.records.decideOnMigration(MIGRATION_ID, ({ phase }) => (phase === 'ended' ? undefined : { wish: revert }));
    const [answer] = await Promise.all([finish(world), wish()]);
    const { phase, wish: open } = world.row();
    const isOver = { phase, wish: open, answer };
    expect([
      { phase: 'ended', wish: null, answer: ends },
      { phase: 'verifyingAccess', wish: revert, answer: turnsBack },
    ]).toContainEqual(isOver);
  });

  it.each(['failed', 'expired', 'cancelled'])('does not hold up the end %s, and is not left open', async (outcome) => {
    const world = await verified({ wish: revert });
    expect(await finish(world, outcome)).toEqual(ends);
    expect(world.row()).toMatchObject({ phase: 'ended', outcome, wish: null });
  });

  it.each(['failed', 'expired', 'cancelled'])('is served at an end of the wait: %s', async (outcome) => {
    const world = await verified({ phase: 'awaitingRedemption', wish: revert });
    const ending = { migrationId: MIGRATION_ID, outcome, error: null, mayTurnBack: true };
    expect(await world.run('finishMigration', ending)).toEqual(turnsBack);
    expect(world.row()).toMatchObject({ phase: 'awaitingRedemption', outcome: null, wish: revert });
    await world.records.updateMigration(MIGRATION_ID, { turnedBackAt: THEN });
    expect(await world.run('finishMigration', ending)).toEqual(ends);
  });

  it('is served once: on the way back the end is the end, and a late duplicate of another one is not', async () => {
    const world = await verified({ turnedBackAt: THEN });
    expect(await finish(world, 'completed')).toEqual(turnsBack);
    expect(world.row().outcome).toBeNull();
    expect(await finish(world, 'cancelled')).toEqual(ends);
  });

  it.each(['resend', 'stop'] as const)('is not the wish %s', async (kind) => {
    const world = await verified({ wish: { ...revert, kind } });
    expect(await finish(world)).toEqual(ends);
  });
});

it('the end releases also the guest that was invited and removed', async () => {
  const world = await verified({ removedId: REMOVED_ID });
  for (const guestId of [OLD_ID, NEW_ID, REMOVED_ID]) {
    await world.records.lockGuest({ guestId, migrationId: MIGRATION_ID, lockedAt: THEN });
  }
  expect(await finish(world)).toEqual(ends);
  expect([...world.records.locks.keys()]).toEqual([]);
});
