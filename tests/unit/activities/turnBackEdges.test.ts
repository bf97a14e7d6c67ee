import type { MigrationRecord } from '../../../domain/record';
import type { Snapshot } from '../../../domain/snapshot';
import {
  CONSISTENCY_SECONDS,
  createWorld,
  INVITED_ADDRESS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import type { DirectoryUser } from '../../support/memoryDirectory';
import { refusal } from '../../support/recordedCalls';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const THEN = '2026-03-01T07:00:00.000Z';
const DEADLINE = '2026-03-31T08:00:00.000Z';
const back = { ok: true, value: { newId: null } };

function invitedGuest(change: Partial<DirectoryUser> = {}): DirectoryUser {
  return { ...oldGuest(), id: NEW_ID, mail: INVITED_ADDRESS, ...change };
}

interface Restored {
  world: ActivityWorld;
  snapshotHash: string;
  turn: () => ReturnType<ActivityWorld['run']>;
}

/** The invited guest accepted and holds access; somebody wants to go back. */
async function restored(change: Partial<MigrationRecord> = {}, snapshot: Partial<Snapshot> = {}): Promise<Restored> {
  const world = await createWorld({
    phase: 'restoring',
    mostRounds: 3,
    purgeClaimedAt: THEN,
    purgedAt: THEN,
    inviteAttemptedAt: THEN,
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    invitation: { sentAt: THEN, remindersSent: 2, expiresAt: DEADLINE, rounds: 2 },
    invitedAgain: { why: 'wrongAccount', number: 2, at: THEN, done: true },
    verdict: 'personal',
    comparison: { equal: 0, missing: [], extra: [] },
    access: { captured: 1, restored: 1, alreadyPresent: 0, manual: 0, failed: 0 },
    wish: { kind: 'revert', by: 'ops', at: THEN },
    ...change,
  });
  const snapshotHash = await world.storeSnapshot(snapshot);
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, invitedGuest());
  const lock = { guestId: NEW_ID, migrationId: MIGRATION_ID, lockedAt: THEN };
  await world.records.lockGuest(lock);
  await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, newId: NEW_ID };
  return { world, snapshotHash, turn: () => world.run('turnBack', input) };
}

describe('turning back', () => {
  it('works where somebody else has deleted the invited guest', async () => {
    const scene = await restored();
    scene.world.directory.users.delete(NEW_ID);
    expect(await scene.turn()).toMatchObject({ ok: false, afterSeconds: CONSISTENCY_SECONDS });
    scene.world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await scene.turn()).toEqual(back);
    expect(scene.world.row()).toMatchObject({ guest: { newId: null }, wish: null, removedId: null });
    expect(scene.world.records.locks.size).toBe(0);
  });

  it('changes nothing where there is no address to go back to', async () => {
    const guest = { ...oldGuest(), mail: null, preferredLanguage: null };
    const { id, displayName, userPrincipalName, createdDateTime, identities, mail, preferredLanguage } = guest;
    const account = { id, displayName, userPrincipalName, mail, preferredLanguage, createdDateTime, identities };
    const { world, turn } = await restored({}, { guest: account });
    expect(await turn()).toMatchObject({ failure: { code: 'invitation-refused' } });
    expect(world.row()).toMatchObject({ turnedBackAt: null, guest: { newId: NEW_ID }, verdict: 'personal' });
    expect(world.directory.users.has(NEW_ID)).toBe(true);
    expect(await world.records.readGrantResults(MIGRATION_ID)).toHaveLength(1);
  });

  it('keeps its direction where the directory refuses to remove the invited guest', async () => {
    const { world, turn } = await restored();
    world.directory.refuse = ({ method }) => (method === 'DELETE' ? refusal(403, 'Forbidden') : undefined);
    expect(await turn()).toMatchObject({ failure: { code: 'delete-refused' } });
    expect(world.row()).toMatchObject({ guest: { newId: NEW_ID }, removedId: null });
    expect(world.row().turnedBackAt).not.toBeNull();
  });
});

it('on the way back an account that somebody else made after the purge is not taken for ours', async () => {
  const { world, snapshotHash, turn } = await restored();
  await turn();
  world.advanceSeconds(CONSISTENCY_SECONDS);
  // Invited by a colleague, and accepted, between the purge and the turn; the lists do not show it yet.
  const stranger = invitedGuest({ id: '0e000000-0000-4000-8000-00000000000f', mail: oldGuest().mail });
  world.directory.users.set(stranger.id, { ...stranger, createdDateTime: '2026-03-01T07:30:00Z' });
  const readAll = world.deps.graph.readAll.bind(world.deps.graph);
  world.deps.graph.readAll = async (path, item) => (path.startsWith('/users?$filter') ? [] : readAll(path, item));
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: DEADLINE };
  expect(await world.run('inviteGuest', input)).toMatchObject({ failure: { code: 'invited-someone-else' } });
  expect(world.row().guest.newId).toBeNull();
});
