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
const kept = { ok: true, value: { newId: NEW_ID } };

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

/** As if nothing but the purge had happened, and the direction is the other one. */
async function expectInvitesAnew({ world }: Restored): Promise<void> {
  expect(world.row()).toMatchObject({
    guest: { oldId: OLD_ID, newId: null },
    removedId: NEW_ID,
    wish: null,
    invitation: null,
    inviteAttemptedAt: null,
    invitedAgain: null,
    verdict: null,
    comparison: null,
    access: { captured: 1, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 },
  });
  expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
  expect([...world.directory.deleted.keys()]).toEqual([NEW_ID]);
  expect(world.records.locks.has(NEW_ID)).toBe(false);
}

describe('turning back', () => {
  it('removes the invited guest with whatever it was given, and forgets it', async () => {
    const scene = await restored();
    expect(await scene.turn()).toEqual(back);
    await expectInvitesAnew(scene);
    const { world } = scene;
    expect(world.row().turnedBackAt).toBe('2026-03-01T08:00:00.000Z');
    expect(world.directory.writes().map(({ method }) => method)).toEqual(['DELETE']);
    expect(world.records.auditLog.map(({ action, stage }) => `${action} ${stage}`)).toEqual([
      'turnBack before',
      'removeInvited before',
      'removeInvited after',
      'turnBack after',
    ]);
  });

  it('ends the same wherever it dies and is repeated', async () => {
    const calls = (await undisturbed()).length;
    expect(calls).toBeGreaterThan(8);
    for (let dies = 0; dies < calls; dies += 1) {
      const scene = await restored();
      const { world, turn } = scene;
      let count = 0;
      world.records.before = () => {
        count += 1;
        if (count === dies + 1) throw new Error('the process dies');
      };
      await expect(turn()).rejects.toThrow();
      world.records.before = () => undefined;
      world.advanceSeconds(CONSISTENCY_SECONDS);
      expect(await turn()).toEqual(back);
      await expectInvitesAnew(scene);
      expect(world.directory.writes()).toHaveLength(1);
    }
  });

  it('switches the direction once: repeated, it keeps the time and what came after', async () => {
    const { world, snapshotHash, turn } = await restored();
    await turn();
    const { turnedBackAt } = world.row();
    world.advanceSeconds(CONSISTENCY_SECONDS);
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: DEADLINE };
    expect(await world.run('inviteGuest', input)).toMatchObject({ ok: true });
    const { guest } = world.row();
    expect(world.directory.users.get(guest.newId ?? '')?.mail).toBe(oldGuest().mail);
    expect(await turn()).toEqual(back);
    expect(world.row()).toMatchObject({ turnedBackAt, guest });
    expect(world.directory.users.has(guest.newId ?? '')).toBe(true);
    expect(world.records.locks.get(guest.newId ?? '')?.migrationId).toBe(MIGRATION_ID);
  });

  it('works where somebody else has deleted the invited guest', async () => {
    const scene = await restored();
    scene.world.directory.users.delete(NEW_ID);
    expect(await scene.turn()).toMatchObject({ ok: false, afterSeconds: CONSISTENCY_SECONDS });
    scene.world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await scene.turn()).toEqual(back);
    expect(scene.world.row()).toMatchObject({ guest: { newId: null }, wish: null, removedId: null });
    expect(scene.world.records.locks.size).toBe(0);
  });

  it.each([
    ['no address was named', {}],
    ['the address is the own one in other letters', { inviteEmail: 'ADA@work.example' }],
  ])('keeps the account where %s', async (_name, named) => {
    const request: MigrationRecord['request'] = { ...(await createWorld()).row().request };
    delete request.inviteEmail;
    const { world, turn } = await restored({ request: { ...request, ...named } });
    expect(await turn()).toEqual(kept);
    expect(await turn()).toEqual(kept);
    expect(world.directory.writes()).toEqual([]);
    expect(world.row()).toMatchObject({
      guest: { newId: NEW_ID },
      removedId: null,
      wish: null,
      verdict: null,
      access: { captured: 1, restored: 0 },
    });
    expect(world.row().turnedBackAt).not.toBeNull();
    expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
  });

  it('keeps a wish that is not about it', async () => {
    const { world, turn } = await restored({ wish: { kind: 'stop', by: 'ops', at: THEN } });
    await turn();
    expect(world.row().wish?.kind).toBe('stop');
  });
});

describe('nothing is changed', () => {
  it('without a verified snapshot', async () => {
    const { world, turn } = await restored();
    world.documents.snapshots.clear();
    const before = world.row();
    expect(await turn()).toMatchObject({ failure: { code: 'snapshot-unverified' } });
    expect(world.row()).toEqual(before);
    expect(world.directory.writes()).toEqual([]);
  });

  it('where there is no address to go back to', async () => {
    const guest = { ...oldGuest(), mail: null, preferredLanguage: null };
    const { id, displayName, userPrincipalName, createdDateTime, identities, mail, preferredLanguage } = guest;
    const account = { id, displayName, userPrincipalName, mail, preferredLanguage, createdDateTime, identities };
    const { world, turn } = await restored({}, { guest: account });
    expect(await turn()).toMatchObject({ failure: { code: 'invitation-refused' } });
    expect(world.row()).toMatchObject({ turnedBackAt: null, guest: { newId: NEW_ID }, verdict: 'personal' });
    expect(world.directory.users.has(NEW_ID)).toBe(true);
    expect(await world.records.readGrantResults(MIGRATION_ID)).toHaveLength(1);
  });

  it('for a guest of others, or after the end', async () => {
    const other = await restored({ guest: { oldId: OLD_ID, newId: OLD_ID, displayName: null } });
    await expect(other.turn()).rejects.toThrow();
    const ended = await restored({ phase: 'ended' });
    await expect(ended.turn()).rejects.toThrow();
    expect([...other.world.directory.writes(), ...ended.world.directory.writes()]).toEqual([]);
  });

  it('of the guest where the directory refuses the removal; the direction holds', async () => {
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

/** The records that one undisturbed turn asks, in order. */
async function undisturbed(): Promise<string[]> {
  const { world, turn } = await restored();
  const calls: string[] = [];
  world.records.before = (operation) => void calls.push(operation);
  await turn();
  world.records.before = () => undefined;
  return calls;
}
