import { reservationOf } from '../../../activities/locks';
import { newRecord, type MigrationRecord } from '../../../domain/record';
import {
  createWorld,
  INVITED_ADDRESS,
  membership,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import type { DirectoryUser } from '../../support/memoryDirectory';
import { refusal } from '../../support/recordedCalls';

const PARENT_ID = 'm-0000';
const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const OTHER_ID = '0e000000-0000-4000-8000-000000000003';
const THEN = '2026-02-01T08:00:00.000Z';
const OTHER_ADDRESS = 'ada@other.example';

interface Resumed {
  world: ActivityWorld;
  parent: () => MigrationRecord;
  goOn: () => ReturnType<ActivityWorld['run']>;
}

interface Before {
  parent?: Partial<MigrationRecord>;
  child?: Partial<MigrationRecord>;
  users?: DirectoryUser[];
  deleted?: DirectoryUser[];
}

function user(change: Partial<DirectoryUser> = {}): DirectoryUser {
  return {
    ...oldGuest(),
    id: NEW_ID,
    mail: INVITED_ADDRESS,
    userPrincipalName: 'ada_personal.example#EXT#@tenant.example',
    externalUserState: 'PendingAcceptance',
    createdDateTime: THEN,
    ...change,
  };
}

/** A migration expired after the purge, and another one begins to continue it. */
async function expired({ parent = {}, child = {}, users = [], deleted = [] }: Before = {}): Promise<Resumed> {
  const world = await createWorld({ resumes: PARENT_ID, mostRounds: 3, purgeClaimedAt: THEN, ...child });
  const { request } = (await createWorld()).row();
  const snapshotHash = await world.storeSnapshot({ migrationId: PARENT_ID });
  const before = newRecord({ id: PARENT_ID, guestId: OLD_ID, request, startedBy: 'test', mostRounds: 3, now: THEN });
  await world.records.createMigration({
    ...before,
    status: 'Failed',
    phase: 'ended',
    outcome: 'expired',
    snapshotHash,
    deleteAttemptedAt: THEN,
    purgeClaimedAt: THEN,
    purgedAt: THEN,
    inviteAttemptedAt: THEN,
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    removedId: NEW_ID,
    resumedBy: MIGRATION_ID,
    ...parent,
  });
  const { directory, deps } = world;
  if (parent.strategy !== 'reset') directory.users.delete(OLD_ID);
  for (const each of users) directory.users.set(each.id, each);
  for (const each of deleted) directory.deleted.set(each.id, each);
  const { roles, servicePrincipalId } = await deps.graph.ownIdentity();
  const all = [...roles, 'GroupMember.ReadWrite.All'];
  deps.graph.ownIdentity = () => Promise.resolve({ roles: all, servicePrincipalId });
  return {
    world,
    parent: () => world.records.migrations.get(PARENT_ID) ?? before,
    goOn: () => world.run('continueMigration', { migrationId: MIGRATION_ID }),
  };
}

/** The answer to the invitation was lost. */
const neverHeard = { oldId: OLD_ID, newId: null, displayName: null };

/** What it answers when nothing is in the way. */
function answer(invited: unknown, plan: object = {}) {
  const common = { guestId: OLD_ID, grants: 1, strategy: 'recreate', back: false };
  return {
    ok: true,
    value: { failedChecks: [], invited, plan: expect.objectContaining({ ...common, ...plan }) as unknown },
  };
}
const rejected = (check: string) => ({ ok: true, value: { failedChecks: [check], plan: null, invited: null } });
const paths = ({ directory }: ActivityWorld) => directory.writes().map(({ method, path }) => `${method} ${path}`);

describe('a migration that goes on where another ended', () => {
  it('has its snapshot, word for word, and says where it is from', async () => {
    const { world, parent, goOn } = await expired();
    expect(await goOn()).toEqual(answer(null));
    const { snapshotHash } = world.row();
    const copy = await world.documents.readSnapshot(MIGRATION_ID, snapshotHash ?? '');
    const original = await world.documents.readSnapshot(PARENT_ID, parent().snapshotHash ?? '');
    const copiedFrom = { migrationId: PARENT_ID, snapshotHash: parent().snapshotHash };
    expect(copy).toEqual({ ...original, migrationId: MIGRATION_ID, copiedFrom });
    expect(copy?.grants).toEqual([membership]);
  });

  it('has in its row what later steps need, and counts its grants from the beginning', async () => {
    const { world, goOn } = await expired({
      parent: { guest: neverHeard, access: { captured: 1, restored: 1, alreadyPresent: 0, manual: 0, failed: 0 } },
    });
    await goOn();
    expect(world.row()).toMatchObject({
      strategy: 'recreate',
      turnedBackAt: null,
      purgedAt: THEN,
      inviteAttemptedAt: THEN,
      guest: { oldId: OLD_ID, newId: null, displayName: oldGuest().displayName },
      access: { captured: 1, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 },
    });
    expect(world.row().purgeClaimedAt).not.toBeNull();
  });

  it('does all of it again with the same result when it runs twice', async () => {
    const { world, goOn } = await expired({ deleted: [user()] });
    const first = await goOn();
    const row = world.row();
    expect(await goOn()).toEqual(first);
    expect({ ...world.row(), updatedAt: '' }).toEqual({ ...row, updatedAt: '' });
    expect(paths(world)).toEqual([`POST /directory/deletedItems/${NEW_ID}/restore`]);
  });

  it('continues no other than the one it names, and only one', async () => {
    const { goOn } = await expired({ child: { resumes: null } });
    await expect(goOn()).rejects.toThrow();
  });

  it('is told when the snapshot of the earlier one is not what it was', async () => {
    const { world, goOn } = await expired();
    world.documents.snapshots.set(PARENT_ID, (world.documents.snapshots.get(PARENT_ID) ?? '').replace('Readers', 'x'));
    expect(await goOn()).toMatchObject({ failure: { code: 'snapshot-unverified' } });
    expect(world.documents.snapshots.has(MIGRATION_ID)).toBe(false);
    expect(paths(world)).toEqual([]);
  });
});

describe('the guest that the earlier one invited', () => {
  it.each([
    ['waits', user(), 'pending'],
    ['has accepted', user({ externalUserState: 'Accepted' }), 'accepted'],
  ])('is taken over when it %s', async (_how, there, state) => {
    const { world, goOn } = await expired({ users: [there], parent: { removedId: null } });
    expect(await goOn()).toEqual(answer({ newId: NEW_ID, state }));
    expect(world.row().guest.newId).toBe(NEW_ID);
    expect(world.records.locks.get(NEW_ID)?.migrationId).toBe(MIGRATION_ID);
    expect(paths(world)).toEqual([]);
  });

  it('comes back from the recycle bin where the earlier one put it, audited', async () => {
    const { world, goOn } = await expired({ deleted: [user()] });
    expect(await goOn()).toEqual(answer({ newId: NEW_ID, state: 'pending' }));
    expect(world.directory.users.has(NEW_ID)).toBe(true);
    expect(world.records.auditLog.map(({ action, stage }) => `${action} ${stage}`)).toEqual([
      'restoreInvited before',
      'restoreInvited after',
    ]);
  });

  it('whom the directory does not give back is told as undo-failed, and stays free for others', async () => {
    const { world, goOn } = await expired({ deleted: [user()] });
    world.directory.refuse = ({ path }) => (path.endsWith('/restore') ? refusal(403, 'Forbidden') : undefined);
    expect(await goOn()).toMatchObject({ failure: { code: 'undo-failed' } });
    expect(world.records.locks.has(NEW_ID)).toBe(false);
  });

  it('stays there where somebody else put it', async () => {
    const { world, goOn } = await expired({ deleted: [user()], parent: { removedId: null } });
    expect(await goOn()).toEqual(answer(null));
    expect(paths(world)).toEqual([]);
  });

  it('is not mixed up with the one that was removed on the way back', async () => {
    // On the way back NEW_ID was removed and OTHER_ID invited, which somebody else deleted.
    const { world, goOn } = await expired({
      deleted: [user()],
      parent: { turnedBackAt: THEN, guest: { oldId: OLD_ID, newId: OTHER_ID, displayName: null } },
    });
    expect(await goOn()).toEqual(answer(null, { back: true }));
    expect(world.directory.users.has(NEW_ID)).toBe(false);
    expect(world.row().guest.newId).toBeNull();
  });

  it('is removed where the way back began and did not get so far', async () => {
    const accepted = user({ externalUserState: 'Accepted' });
    const { world, goOn } = await expired({ users: [accepted], parent: { turnedBackAt: THEN, removedId: null } });
    expect(await goOn()).toEqual(answer(null, { back: true }));
    expect([...world.directory.deleted.keys()]).toEqual([NEW_ID]);
    expect(world.row()).toMatchObject({ guest: { newId: null }, removedId: NEW_ID, inviteAttemptedAt: null });
    expect(world.records.locks.has(NEW_ID)).toBe(false);
  });

  it('of the way back is taken over, with the work address', async () => {
    const back = user({ id: OTHER_ID, mail: oldGuest().mail, userPrincipalName: oldGuest().userPrincipalName });
    const guest = { oldId: OLD_ID, newId: OTHER_ID, displayName: null };
    const { goOn } = await expired({ users: [back], parent: { turnedBackAt: THEN, guest } });
    expect(await goOn()).toEqual(answer({ newId: OTHER_ID, state: 'pending' }, { back: true }));
  });

  it('belongs to another migration: nothing is taken', async () => {
    const { world, goOn } = await expired({ users: [user()] });
    const { request } = world.row();
    await world.records.createMigration(newRecord({ id: 'm-9', guestId: NEW_ID, request, startedBy: 'x', now: THEN }));
    await world.records.lockGuest({ guestId: NEW_ID, migrationId: 'm-9', lockedAt: THEN });
    expect(await goOn()).toMatchObject({ failure: { code: 'invited-someone-else' } });
    expect(world.row().guest.newId).toBeNull();
  });

  it('is the old one after a reset, also when the answer to the reset was lost', async () => {
    for (const newId of [OLD_ID, null]) {
      const guest = { oldId: OLD_ID, newId, displayName: null };
      const { world, goOn } = await expired({
        parent: { strategy: 'reset', guest, removedId: null, resetAttemptedAt: THEN, purgedAt: null },
      });
      expect(await goOn()).toEqual(answer({ newId: OLD_ID, state: 'accepted' }, { strategy: 'reset' }));
      expect(world.row()).toMatchObject({ strategy: 'reset', guest: { newId: OLD_ID }, purgedAt: THEN });
      expect(paths(world)).toEqual([]);
    }
  });
});

describe('another address than before', () => {
  const child = async () => ({
    request: { ...(await createWorld()).row().request, inviteEmail: OTHER_ADDRESS },
  });

  it('takes away the guest that waits at the earlier one', async () => {
    const { world, goOn } = await expired({ child: await child(), users: [user()], parent: { removedId: null } });
    expect(await goOn()).toEqual(answer(null));
    expect([...world.directory.deleted.keys()]).toEqual([NEW_ID]);
    expect(world.row()).toMatchObject({ guest: { newId: null }, inviteAttemptedAt: null });
  });

  it('leaves the guest in the recycle bin who lies there', async () => {
    const { world, goOn } = await expired({ child: await child(), deleted: [user()] });
    expect(await goOn()).toEqual(answer(null));
    expect(paths(world)).toEqual([]);
  });

  it.each([
    ['the guest of the earlier one is gone', {}],
    ['the earlier one never heard that it had invited', { guest: { oldId: OLD_ID, newId: null, displayName: null } }],
  ])('makes nobody else at it one of ours, though younger than the earlier try: %s', async (_name, parent) => {
    const { world, goOn } = await expired({ child: await child(), parent });
    await goOn();
    const deadline = '2026-03-31T08:00:00.000Z';
    const stranger = user({ id: OTHER_ID, mail: OTHER_ADDRESS, externalUserState: 'Accepted' });
    world.directory.users.set(OTHER_ID, { ...stranger, createdDateTime: '2026-02-15T00:00:00Z' });
    const snapshotHash = world.row().snapshotHash ?? '';
    const invited = await world.run('inviteGuest', {
      migrationId: MIGRATION_ID,
      guestId: OLD_ID,
      snapshotHash,
      deadline,
    });
    expect(invited).toMatchObject({ failure: { code: 'invited-someone-else' } });
  });

  it('that is the same in other letters is the same', async () => {
    const { request } = (await createWorld()).row();
    const same = { request: { ...request, inviteEmail: INVITED_ADDRESS.toUpperCase() } };
    const { goOn } = await expired({ child: same, users: [user()], parent: { removedId: null } });
    expect(await goOn()).toEqual(answer({ newId: NEW_ID, state: 'pending' }));
  });
});

describe('it is rejected, with nothing changed,', () => {
  const unchanged = (world: ActivityWorld) => {
    expect(paths(world)).toEqual([]);
    expect(world.documents.snapshots.has(MIGRATION_ID)).toBe(false);
    expect(world.row()).toMatchObject({ snapshotHash: null, guest: { newId: null } });
    expect(world.row().checks.find(({ ok }) => !ok)?.fix).toMatch(/\w/);
  };

  it.each([
    ['is there', { users: [oldGuest()] }],
    ['lies in the recycle bin', { deleted: [oldGuest()] }],
  ])('where the old guest %s', async (_where, place) => {
    const { world, goOn } = await expired(place);
    expect(await goOn()).toEqual(rejected('migration-resumable'));
    unchanged(world);
  });

  it('where the guest that was reset is gone', async () => {
    const { world, goOn } = await expired({ parent: { strategy: 'reset', resetAttemptedAt: THEN } });
    world.directory.users.delete(OLD_ID);
    expect(await goOn()).toEqual(rejected('migration-resumable'));
    unchanged(world);
  });

  it('where the app may not give back what was captured', async () => {
    const { world, goOn } = await expired();
    world.deps.graph.ownIdentity = () => Promise.resolve({ roles: ['User.Invite.All'], servicePrincipalId: OTHER_ID });
    expect(await goOn()).toEqual(rejected('app-permissions'));
    unchanged(world);
  });

  it('where another migration invites the address', async () => {
    const { world, goOn } = await expired();
    const { request } = world.row();
    await world.records.createMigration(
      newRecord({ id: 'm-9', guestId: OTHER_ID, request, startedBy: 'x', now: THEN }),
    );
    const lock = { guestId: reservationOf(INVITED_ADDRESS), migrationId: 'm-9', lockedAt: THEN };
    await world.records.lockGuest(lock);
    expect(await goOn()).toEqual(rejected('invite-address-free'));
    unchanged(world);
  });

  it('where somebody else has the address, older than the invitation', async () => {
    const other = user({ id: OTHER_ID, externalUserState: 'Accepted', createdDateTime: '2025-01-01T00:00:00Z' });
    const { world, goOn } = await expired({ users: [other] });
    expect(await goOn()).toEqual(rejected('invite-address-free'));
    unchanged(world);
  });
});

it('somebody else at the address is a stranger where the earlier one knew its guest, however young', async () => {
  const stranger = user({ id: OTHER_ID, externalUserState: 'Accepted', createdDateTime: '2026-02-15T00:00:00Z' });
  const checked = await expired({ users: [stranger] });
  expect(await checked.goOn()).toEqual(rejected('invite-address-free'));
  // The one that comes after the check is not adopted either.
  const { world, goOn } = await expired();
  await goOn();
  world.directory.users.set(OTHER_ID, stranger);
  const snapshotHash = world.row().snapshotHash ?? '';
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: '2026-03-31T08:00:00.000Z' };
  expect(await world.run('inviteGuest', input)).toMatchObject({ failure: { code: 'invited-someone-else' } });
});

it('a guest whose invitation was never heard of, and who accepted it, is no stranger', async () => {
  const trace = user({ id: OTHER_ID, externalUserState: 'Accepted', createdDateTime: '2026-02-01T08:00:05Z' });
  const { world, goOn } = await expired({
    users: [trace],
    parent: { outcome: 'failed', removedId: null, guest: { oldId: OLD_ID, newId: null, displayName: null } },
  });
  expect(await goOn()).toEqual(answer(null));
  const snapshotHash = world.row().snapshotHash ?? '';
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: '2026-03-31T08:00:00.000Z' };
  expect(await world.run('inviteGuest', input)).toEqual({ ok: true, value: { newId: OTHER_ID } });
});
