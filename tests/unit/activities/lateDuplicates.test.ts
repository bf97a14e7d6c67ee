import { isOver, phaseSchema, type Phase } from '../../../domain/phases';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';

/*
 * The engine delivers activities at least once: one may run again minutes later, when the run has gone on or ended.
 */

const THEN = '2026-03-01T07:59:00.000Z';

async function worldIn(phase: Phase, change: Parameters<typeof createWorld>[0] = {}): Promise<ActivityWorld> {
  return createWorld({ deleteAttemptedAt: THEN, purgeClaimedAt: THEN, ...change, phase, status: 'Running' });
}

describe('a late duplicate', () => {
  it.each<Phase>(['undoing', 'ended'])('of the soft delete, when the run is %s, deletes nobody', async (phase) => {
    const world = await worldIn(phase);
    const snapshotHash = await world.storeSnapshot();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash };
    expect(await world.run('softDeleteGuest', input)).toMatchObject({ ok: false });
    expect(world.directory.writes()).toEqual([]);
  });

  it.each<Phase>(['undoing', 'ended'])('of the purge, when the run is %s, purges nobody', async (phase) => {
    const world = await worldIn(phase);
    // Another migration, or a person, has the guest in the recycle bin by now.
    world.directory.users.delete(OLD_ID);
    world.directory.deleted.set(OLD_ID, oldGuest());
    const snapshotHash = await world.storeSnapshot();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash };
    expect(await world.run('purgeGuest', input)).toMatchObject({ ok: false, failure: { code: 'purge-refused' } });
    expect(world.directory.writes()).toEqual([]);
  });

  it.each<Phase>([
    'awaitingRedemption',
    'verifyingIdentity',
    'needsOperator',
    'restoring',
    'verifyingAccess',
    'undoing',
    'ended',
  ])('of taking roles away, when the run is %s, takes nothing that was given back', async (phase) => {
    const world = await worldIn(phase, { strategy: 'reset' });
    const snapshotHash = await world.storeSnapshot();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash };
    expect(await world.run('removeRoles', input)).toMatchObject({ ok: false, failure: { code: 'reset-refused' } });
    expect(world.directory.writes()).toEqual([]);
  });

  it('of the invitation, when the run has ended, invites nobody', async () => {
    const world = await worldIn('ended');
    const snapshotHash = await world.storeSnapshot();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: '2026-03-31T08:00:00.000Z' };
    expect(await world.run('inviteGuest', input)).toMatchObject({ ok: false, failure: { code: 'invitation-refused' } });
    expect(world.directory.writes()).toEqual([]);
  });

  it('of restoring or verifying, when the run has ended, gives nothing and leaves the row alone', async () => {
    const newId = '0e000000-0000-4000-8000-000000000002';
    const world = await worldIn('ended', { guest: { oldId: OLD_ID, newId, displayName: null } });
    const identities = [{ signInType: 'federated', issuer: 'MicrosoftAccount', issuerAssignedId: null }];
    world.directory.users.set(newId, { ...oldGuest(), id: newId, identities });
    const snapshotHash = await world.storeSnapshot();
    const before = world.row();
    const input = { migrationId: MIGRATION_ID, newId, snapshotHash, indexes: [0], lastTry: false };
    await expect(world.run('restoreGrants', input)).rejects.toThrow('unexpected Error');
    const verify = { migrationId: MIGRATION_ID, newId, snapshotHash, lastTry: true };
    await expect(world.run('verifyAccess', verify)).rejects.toThrow('unexpected Error');
    expect(world.directory.writes()).toEqual([]);
    expect(world.row()).toEqual(before);
  });

  it('of preflight, when the guest is gone, keeps the checks the run was decided by', async () => {
    const world = await worldIn('awaitingRedemption');
    world.directory.users.delete(OLD_ID);
    await world.run('preflight', { migrationId: MIGRATION_ID });
    expect(world.row().checks).toEqual([]);
  });

  it.each<[Phase, Phase]>([
    ['purging', 'ended'],
    ['restoring', 'ended'],
    ['deleting', 'undoing'],
    ['purging', 'awaitingRedemption'],
  ])('of entering %s does not lead back from %s', async (phase, current) => {
    const world = await worldIn(current);
    const before = world.row();
    expect(await world.run('recordPhase', { migrationId: MIGRATION_ID, phase })).toMatchObject({ ok: true });
    expect(world.row()).toEqual(before);
  });
});

it('every phase can follow itself, and only phases up to the purge and the end are final', () => {
  for (const phase of phaseSchema.options) expect(isOver(phase, phase)).toBe(false);
  expect(isOver('inviting', 'undoing')).toBe(false);
  expect(isOver('awaitingRedemption', 'verifyingIdentity')).toBe(false);
  expect(phaseSchema.options.filter((phase) => !isOver(phase, 'ended'))).toEqual(['ended']);
});

it('a purge whose answer was lost is in the audit log too', async () => {
  const world = await worldIn('purging', { purgeAttemptedAt: THEN });
  world.directory.users.delete(OLD_ID);
  world.advanceSeconds(CONSISTENCY_SECONDS);
  const snapshotHash = await world.storeSnapshot();
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash };
  expect(await world.run('purgeGuest', input)).toEqual({ ok: true, value: {} });
  expect(world.records.auditLog).toMatchObject([{ action: 'purge', stage: 'after', targetId: OLD_ID }]);
});

it.each([
  ['an answer that is no subscription', () => ({})],
  ['an expiry that is no time', () => ({ id: 's', expirationDateTime: 'tomorrow' })],
])('%s does not keep the guest uninvited', async (_name, answer) => {
  const world = await worldIn('inviting');
  world.deps.graph.write = () => Promise.resolve(answer());
  expect(await world.run('ensureSubscription', {})).toEqual({ ok: true, value: { active: false } });
});
