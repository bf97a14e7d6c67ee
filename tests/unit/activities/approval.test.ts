import type { Grant } from '../../../domain/grants';
import type { Snapshot } from '../../../domain/snapshot';
import { createWorld, MIGRATION_ID, OLD_ID, type ActivityWorld } from '../../support/activityWorld';
import { GROUP_ID } from '../../support/memoryDirectory';

const approved = { decision: 'approved', by: 'Olga', comment: '', at: '2026-03-01T07:00:00.000Z' } as const;
const waiting = { phase: 'awaitingApproval', approvalHours: 72 } as const;

describe('readApproval', () => {
  const read = (world: ActivityWorld, close: boolean) =>
    world.run('readApproval', { migrationId: MIGRATION_ID, close });
  const value = (decision: string | null, cancelRequested = false) => ({
    ok: true,
    value: { decision, cancelRequested },
  });

  it('reads without changing anything', async () => {
    const world = await createWorld(waiting);
    const before = world.row();
    expect(await read(world, false)).toEqual(value(null));
    expect(world.row()).toEqual(before);
    expect(world.records.auditLog).toEqual([]);
  });

  it('closes when the time is up; a second run and a late duplicate find it closed', async () => {
    const world = await createWorld(waiting);
    expect(await read(world, true)).toEqual(value('timedOut'));
    const closed = world.row().approval;
    expect(closed).toMatchObject({ decision: 'timedOut', by: 'app' });
    world.advanceSeconds(60);
    expect(await read(world, true)).toEqual(value('timedOut'));
    expect(world.row().approval).toEqual(closed);
    expect(world.records.auditLog).toContainEqual(
      expect.objectContaining({ by: 'app', action: 'timeOutApproval', stage: 'after' }),
    );
  });

  it.each([
    ['an answer', { ...waiting, approval: approved }, value('approved')],
    ['a cancel', { ...waiting, cancelRequestedAt: '2026-03-01T07:00:00.000Z' }, value(null, true)],
    ['the end', { ...waiting, phase: 'ended' }, value(null)],
  ] as const)('does not close over %s', async (_what, row, expected) => {
    const world = await createWorld(row);
    expect(await read(world, true)).toEqual(expected);
    expect(world.row().approval).toEqual('approval' in row ? approved : null);
    expect(world.records.auditLog).toEqual([]);
  });

  it('says nothing of who decided: its answer goes into the history', async () => {
    const world = await createWorld({ ...waiting, approval: { ...approved, by: 'olga@tenant.example' } });
    expect(JSON.stringify(await read(world, false))).not.toContain('olga');
    expect(world.logLines.join()).not.toContain('olga');
  });
});

describe('confirmAccess', () => {
  async function captured(): Promise<{ world: ActivityWorld; snapshotHash: string }> {
    const world = await createWorld(waiting);
    world.directory.members.get(GROUP_ID)?.add(OLD_ID);
    await world.records.updateMigration(MIGRATION_ID, { phase: 'capturing' });
    const outcome = await world.run('captureAccess', { migrationId: MIGRATION_ID, guestId: OLD_ID });
    const { value } = outcome as { value: { snapshotHash: string } };
    await world.records.updateMigration(MIGRATION_ID, { phase: 'awaitingApproval' });
    world.advanceSeconds(30 * 86_400);
    return { world, snapshotHash: value.snapshotHash };
  }
  const snapshotIn = (world: ActivityWorld): Snapshot => JSON.parse(world.documents.snapshots.get(MIGRATION_ID) ?? '');
  const confirm = (world: ActivityWorld, snapshotHash: string) =>
    world.run('confirmAccess', { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash });
  const found = (change: object = {}) => ({
    ok: true,
    value: { added: 0, gone: 0, changed: 0, account: 'same', ...change },
  });

  it('finds nothing changed after weeks in which nothing changed, and writes nothing', async () => {
    const { world, snapshotHash } = await captured();
    expect(await confirm(world, snapshotHash)).toEqual(found());
    expect(world.row().comparison).toBeNull();
    expect(world.directory.writes()).toEqual([]);
  });

  it('finds a grant that went, and names it for the report', async () => {
    const { world, snapshotHash } = await captured();
    world.directory.members.get(GROUP_ID)?.delete(OLD_ID);
    expect(await confirm(world, snapshotHash)).toEqual(found({ gone: 1 }));
    expect(world.row().comparison?.missing).toMatchObject([{ kind: 'groupMembership', key: GROUP_ID }]);
  });

  it('finds a grant that came', async () => {
    const world = await createWorld(waiting);
    const snapshotHash = await world.storeSnapshot({ grants: [], kinds: ['groupMembership'] });
    world.directory.members.get(GROUP_ID)?.add(OLD_ID);
    expect(await confirm(world, snapshotHash)).toEqual(found({ added: 1 }));
    expect(world.row().comparison).toMatchObject({ missing: [], extra: [{ key: GROUP_ID }] });
  });

  it.each<[string, Partial<Grant>, number]>([
    ['another scope', { scope: '/administrativeUnits/1' }, 1],
    ['other data', { data: { condition: 'none' } }, 1],
    ['left to people or not', { instruction: 'By hand.' }, 1],
    ['another name only', { name: 'Renamed' }, 0],
    ['a beginning that has passed', { data: { start: '2026-03-01T07:00:00.000Z' } }, 0],
    ['a beginning that lies ahead', { data: { start: '2026-03-09T07:00:00.000Z' } }, 1],
  ])('compares everything a restore goes by: %s', async (_what, change, changed) => {
    const { grants } = snapshotIn((await captured()).world);
    const present = grants.find(({ kind }) => kind === 'groupMembership');
    if (present === undefined) throw new Error('The membership was not captured.');
    const world = await createWorld(waiting);
    world.directory.members.get(GROUP_ID)?.add(OLD_ID);
    const approvedGrant = { ...present, ...change, data: { ...present.data, ...change.data } };
    const snapshotHash = await world.storeSnapshot({ grants: [approvedGrant], kinds: ['groupMembership'] });
    expect(await confirm(world, snapshotHash)).toEqual(found({ changed }));
  });

  it('finds that the account is another one than was captured: its address is where the invitation goes', async () => {
    const { world, snapshotHash } = await captured();
    const user = world.directory.users.get(OLD_ID);
    if (user !== undefined) user.mail = 'other@work.example';
    expect(await confirm(world, snapshotHash)).toMatchObject({ value: { account: 'changed' } });
  });

  it('refuses without the snapshot that was approved', async () => {
    const { world } = await captured();
    expect(await confirm(world, 'cd'.repeat(32))).toMatchObject({ failure: { code: 'snapshot-unverified' } });
  });

  it('does nothing as a late duplicate', async () => {
    const { world, snapshotHash } = await captured();
    world.directory.members.get(GROUP_ID)?.delete(OLD_ID);
    await world.records.updateMigration(MIGRATION_ID, { phase: 'restoring' });
    await expect(confirm(world, snapshotHash)).rejects.toThrow();
    expect(world.row().comparison).toBeNull();
  });
});

describe('softDeleteGuest', () => {
  it.each([
    ['nobody answered', null],
    ['somebody rejected', { ...approved, decision: 'rejected' as const }],
    ['the time was up', { ...approved, decision: 'timedOut' as const }],
  ])('refuses a migration that needs an approval when %s', async (_what, approval) => {
    const world = await createWorld({ ...waiting, phase: 'deleting', approval });
    const snapshotHash = await world.storeSnapshot();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash };
    expect(await world.run('softDeleteGuest', input)).toMatchObject({ failure: { code: 'delete-refused' } });
    expect(world.directory.writes()).toEqual([]);
  });

  it('deletes what was approved', async () => {
    const world = await createWorld({ ...waiting, phase: 'deleting', approval: approved });
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: await world.storeSnapshot() };
    expect(await world.run('softDeleteGuest', input)).toEqual({ ok: true, value: {} });
  });
});
