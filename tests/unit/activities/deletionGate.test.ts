import fc from 'fast-check';
import { checkLimits } from '../../../activities/checks/limitChecks';
import { closeBreaker, openBreaker } from '../../../activities/inviteBreaker';
import { createWorld, MIGRATION_ID, OLD_ID, type ActivityWorld } from '../../support/activityWorld';
import { deletionRace } from '../../support/deletionRace';
import { refusal } from '../../support/recordedCalls';

const open = ({ records, deps }: ActivityWorld) =>
  openBreaker(records, { migrationId: 'm-other', now: deps.clock.now() });
const failedRows = (world: ActivityWorld) =>
  world
    .row()
    .checks.filter(({ ok }) => !ok)
    .map(({ id, severity }) => [id, severity]);

describe('the daily budget', () => {
  it('of many starters exactly three delete when three may, however their writes meet', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), async (starters, budget) => {
        const race = await deletionRace(starters, budget);
        const outcomes = await Promise.all(race.ids.map((id) => race.run(id)));
        const allowed = Math.min(starters, budget);
        expect(outcomes.filter(({ ok }) => ok)).toHaveLength(allowed);
        expect(race.deleted()).toBe(allowed);
        for (const outcome of outcomes.filter(({ ok }) => !ok)) {
          expect(outcome).toMatchObject({ failure: { code: 'budget-used-up' } });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a step that runs twice, at once or later, takes one place', async () => {
    const race = await deletionRace(3, 2);
    const [first = '', second = '', third = ''] = race.ids;
    await Promise.allSettled([race.run(first), race.run(first), race.run(first)]);
    expect(await race.run(second)).toMatchObject({ ok: true });
    expect(await race.run(third)).toMatchObject({ ok: false });
    race.advanceSeconds(86_400);
    expect(await race.run(first)).toMatchObject({ ok: true });
    expect(await race.deps.records.deletionsOn('2026-03-02')).toBe(0);
  });

  it('begins anew with the day', async () => {
    const race = await deletionRace(2, 1);
    const [first = '', second = ''] = race.ids;
    expect(await race.run(first)).toMatchObject({ ok: true });
    expect(await race.run(second)).toMatchObject({ ok: false });
    race.advanceSeconds(86_400);
    expect(await race.run(second)).toMatchObject({ ok: true });
  });

  it('a run that was too late changed nothing, and its row names why', async () => {
    const world = await createWorld({ phase: 'deleting', status: 'Running' });
    const snapshotHash = await world.storeSnapshot();
    world.deps.settings.dailyBudget = 1;
    await world.records.reserveDeletion({ day: '2026-03-01', migrationId: 'm-other', limit: 1 });
    const outcome = await world.run('softDeleteGuest', { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash });
    expect(outcome).toMatchObject({ failure: { code: 'budget-used-up' } });
    expect(failedRows(world)).toEqual([['daily-budget-left', 'blocking']]);
    expect(world.directory.writes()).toEqual([]);
    expect(world.row().deleteAttemptedAt).toBeNull();
  });
});

describe('while the breaker is open nothing is destroyed:', () => {
  it('no soft delete, at the first try or a later one', async () => {
    const world = await createWorld({ phase: 'deleting', status: 'Running' });
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: await world.storeSnapshot() };
    world.directory.refuse = () => refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 60 });
    expect(await world.run('softDeleteGuest', input)).toEqual({ ok: false, afterSeconds: 60 });
    await open(world);
    world.directory.refuse = () => undefined;
    expect(await world.run('softDeleteGuest', input)).toMatchObject({ failure: { code: 'invitations-blocked' } });
    expect(world.directory.users.has(OLD_ID)).toBe(true);
    expect(failedRows(world)).toEqual([['invite-breaker-closed', 'blocking']]);
    await closeBreaker(world.records, { by: 'Grace', now: world.deps.clock.now() });
    expect(await world.run('softDeleteGuest', input)).toEqual({ ok: true, value: {} });
  });

  it('no claim of a purge, and no purge that was claimed', async () => {
    const world = await createWorld({ phase: 'deleting', status: 'Running' });
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: await world.storeSnapshot() };
    await world.run('softDeleteGuest', input);
    await open(world);
    const claim = () => world.run('claimPurge', { migrationId: MIGRATION_ID });
    expect(await claim()).toMatchObject({ failure: { code: 'invitations-blocked' } });
    expect(world.row().purgeClaimedAt).toBeNull();
    await closeBreaker(world.records, { by: 'Grace', now: world.deps.clock.now() });
    await claim();
    await open(world);
    expect(await claim()).toEqual({ ok: true, value: { claimed: true } });
    expect(await world.run('purgeGuest', input)).toMatchObject({ failure: { code: 'invitations-blocked' } });
    expect([...world.directory.deleted.keys()]).toEqual([OLD_ID]);
    expect(await world.run('undeleteGuest', { migrationId: MIGRATION_ID, guestId: OLD_ID })).toEqual({
      ok: true,
      value: { guest: 'present' },
    });
  });
});

describe('the rows of preflight', () => {
  const rows = async (dryRun: boolean, limit = 1) => {
    const world = await createWorld();
    world.deps.settings.dailyBudget = limit;
    await world.records.updateMigration(MIGRATION_ID, { request: { ...world.row().request, dryRun } });
    await world.records.reserveDeletion({ day: '2026-03-01', migrationId: 'm-other', limit: 1 });
    if (limit === 1) await open(world);
    return checkLimits(world.row(), 'recreate', world.deps);
  };

  it('are blocking', async () => {
    expect(await rows(false)).toMatchObject([
      { id: 'invite-breaker-closed', ok: false, severity: 'blocking', fix: expect.stringContaining('/close') },
      { id: 'daily-budget-left', ok: false, severity: 'blocking', fix: expect.stringContaining('DAILY_BUDGET') },
    ]);
    expect(await rows(false, 2)).toMatchObject([
      { id: 'invite-breaker-closed', ok: true },
      { id: 'daily-budget-left', ok: true, detail: '1 of 2 deletions of today (UTC) are left.' },
    ]);
  });

  it('tell a dry run, which deletes nobody, and do not stop it', async () => {
    expect(await rows(true)).toMatchObject([
      { ok: false, severity: 'warning' },
      { ok: false, severity: 'warning' },
    ]);
  });
});
