import {
  CONSISTENCY_SECONDS,
  createWorld,
  MIGRATION_ID,
  OLD_ID,
  type ActivityWorld,
} from '../../support/activityWorld';
import { GROUP_ID } from '../../support/memoryDirectory';
import { refusal } from '../../support/recordedCalls';
import { createActivities } from '../../../activities';
import { kindSchema, type GrantKind } from '../../../domain/grants';

const log = { info: () => undefined, warn: () => undefined };

function capture(world: ActivityWorld) {
  return world.run('captureAccess', { migrationId: MIGRATION_ID, guestId: OLD_ID });
}

async function memberWorld(): Promise<ActivityWorld> {
  const world = await createWorld();
  world.directory.members.get(GROUP_ID)?.add(OLD_ID);
  return world;
}

it('writes a snapshot of account and access, and answers its hash, the count and the plan', async () => {
  const world = await memberWorld();
  const outcome = await capture(world);
  const snapshot = JSON.parse(world.documents.snapshots.get(MIGRATION_ID) ?? '');
  expect(snapshot.guest.id).toBe(OLD_ID);
  expect(snapshot.grants.map((grant: { kind: string }) => grant.kind)).toEqual([
    'profile',
    'groupMembership',
    'outsideGraph',
    'outsideGraph',
    'outsideGraph',
  ]);
  expect(snapshot.kinds.sort()).toEqual([...kindSchema.options].sort());
  expect(outcome).toMatchObject({
    ok: true,
    value: {
      grants: 5,
      chunks: [
        { wave: 0, from: 0, to: 1 },
        { wave: 2, from: 1, to: 2 },
        { wave: 2, from: 2, to: 5 },
      ],
    },
  });
  expect(world.row()).toMatchObject({ access: { captured: 5 } });
  expect(world.directory.writes()).toEqual([]);
});

it('a second run keeps the snapshot and the plan, whatever the guest holds by then', async () => {
  const world = await memberWorld();
  const first = await capture(world);
  const text = world.documents.snapshots.get(MIGRATION_ID);
  world.directory.members.get(GROUP_ID)?.delete(OLD_ID);
  world.advanceSeconds(CONSISTENCY_SECONDS);
  expect(await capture(world)).toEqual(first);
  expect(world.documents.snapshots.get(MIGRATION_ID)).toBe(text);
});

it('says which kinds of access the app may not read, and writes no snapshot', async () => {
  const world = await memberWorld();
  world.directory.refuse = ({ path }) =>
    path.includes('/appRoleAssignments') ? refusal(403, 'Authorization_RequestDenied') : undefined;
  expect(await capture(world)).toEqual({
    ok: false,
    failure: { code: 'permission-missing', detail: 'The app may not read: App role assignments.' },
  });
  expect(world.documents.snapshots.size).toBe(0);
});

it('sponsors that the app may not read hinder nothing where the kind is switched off', async () => {
  const world = await memberWorld();
  world.deps.settings.skipAccess = ['sponsor'];
  world.directory.refuse = ({ path }) =>
    path.includes('/sponsors') ? refusal(403, 'Authorization_RequestDenied') : undefined;
  expect(await capture(world)).toMatchObject({ ok: true });
  expect(JSON.parse(world.documents.snapshots.get(MIGRATION_ID) ?? '')).toMatchObject({ sponsorIds: [] });
});

it('does not go on with a snapshot that does not read back as it was written', async () => {
  const world = await memberWorld();
  const documents = { ...world.documents, readSnapshot: () => Promise.resolve(undefined) };
  const activities = createActivities({ ...world.deps, documents });
  const outcome = await activities.captureAccess({ migrationId: MIGRATION_ID, guestId: OLD_ID }, log);
  expect(outcome).toMatchObject({ ok: false, failure: { code: 'snapshot-unverified' } });
  expect(world.row().snapshotHash).toBeNull();
});

it('leaves out the kinds that the request skips', async () => {
  const world = await memberWorld();
  const request = {
    ...world.row().request,
    skipAccess: ['groupMembership', 'profile', 'outsideGraph'] satisfies GrantKind[],
  };
  await world.records.updateMigration(MIGRATION_ID, { request });
  expect(await capture(world)).toMatchObject({ ok: true, value: { grants: 0, chunks: [] } });
  // Only group memberships ask for the rule of a group.
  expect(
    world.directory.graph.calls.filter((call) => /memberOf\/microsoft\.graph\.group.*membershipRule/.test(call.path)),
  ).toEqual([]);
});
