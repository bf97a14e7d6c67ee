import type { MigrationRecord } from '../../../domain/record';
import { reservationOf } from '../../../activities/locks';
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
import { refusal, type Call } from '../../support/recordedCalls';

const OTHER_ID = '0ea00000-0000-4000-8000-000000000007';
const SPONSOR_ID = '50000000-0000-4000-8000-000000000005';
const THEN = '2026-03-01T07:59:00.000Z';

/** A world in which the old guest is purged; `invite` runs the invitation. */
async function purged(change: Partial<MigrationRecord> = {}) {
  const world = await createWorld({ phase: 'inviting', status: 'Running', purgeClaimedAt: THEN, ...change });
  const snapshotHash = await world.storeSnapshot({ sponsorIds: [SPONSOR_ID] });
  world.directory.users.delete(OLD_ID);
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: '2026-03-31T08:00:00.000Z' };
  return { world, invite: () => world.run('inviteGuest', input) };
}

function other(change: Partial<DirectoryUser>): DirectoryUser {
  return { ...oldGuest(), id: OTHER_ID, mail: 'bob@elsewhere.example', ...change };
}

async function expectSomeoneElse(world: ActivityWorld, outcome: unknown): Promise<void> {
  expect(outcome).toMatchObject({ ok: false, failure: { code: 'invited-someone-else' } });
  expect(world.row().guest.newId).toBeNull();
  await Promise.resolve();
}

/** Another migration that is under way, and has invited this account. */
async function anotherMigration(world: ActivityWorld, phase: MigrationRecord['phase']): Promise<void> {
  await world.records.createMigration({
    ...world.row(),
    id: 'm-other',
    phase,
    guest: { oldId: '01d00000-0000-4000-8000-000000000099', newId: OTHER_ID, displayName: null },
  });
  await world.records.lockGuest({ guestId: OTHER_ID, migrationId: 'm-other', lockedAt: THEN });
}

describe('whose account the invitation leads to', () => {
  it.each([
    ['signs in with the address as a member', { userPrincipalName: INVITED_ADDRESS, userType: 'Member' }],
    [
      'was invited with the address and has another mail now',
      { userPrincipalName: 'ada_personal.example#EXT#@tenant.example' },
    ],
    [
      'waits for redemption, and holds the address only as a further one',
      { externalUserState: 'PendingAcceptance', otherMails: [INVITED_ADDRESS] },
    ],
  ])('nobody is invited when somebody %s', async (_who, change) => {
    const { world, invite } = await purged();
    world.directory.users.set(OTHER_ID, other(change));
    await expectSomeoneElse(world, await invite());
    expect(world.directory.writes()).toEqual([]);
  });

  it('an invitation that is answered with an account from before the purge is not followed', async () => {
    const { world, invite } = await purged();
    // Nothing that can be searched for names the address: only the invitation itself finds this account.
    world.directory.users.set(OTHER_ID, other({}));
    world.directory.graph.write = () =>
      Promise.resolve({ inviteRedeemUrl: 'https://login.example/r', invitedUser: { id: OTHER_ID } });
    await expectSomeoneElse(world, await invite());
    expect(world.records.locks.has(OTHER_ID)).toBe(false);
  });

  it('the guest that another migration has invited is not shared with it', async () => {
    const { world, invite } = await purged();
    world.directory.users.set(OTHER_ID, other({ mail: INVITED_ADDRESS, externalUserState: 'PendingAcceptance' }));
    await anotherMigration(world, 'awaitingRedemption');
    await expectSomeoneElse(world, await invite());
  });

  it('a lock that an ended migration did not get to release is taken over', async () => {
    const { world, invite } = await purged();
    world.directory.users.set(OTHER_ID, other({ mail: INVITED_ADDRESS, externalUserState: 'PendingAcceptance' }));
    await anotherMigration(world, 'ended');
    expect(await invite()).toEqual({ ok: true, value: { newId: OTHER_ID } });
    expect(world.records.locks.get(OTHER_ID)?.migrationId).toBe(MIGRATION_ID);
  });
});

describe('after the purge a refusal that can be got round does not cost the invitation', () => {
  const isInvitation = ({ method, path }: Call) => method === 'POST' && path === '/invitations';

  it.each([
    [404, 'Request_ResourceNotFound'],
    [400, 'BadRequest'],
  ])('%i because of a sponsor who is gone: invited without language and sponsors', async (status, code) => {
    const { world, invite } = await purged();
    world.directory.refuse = (call) =>
      isInvitation(call) && JSON.stringify(call.body).includes(SPONSOR_ID) ? refusal(status, code) : undefined;
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.directory.writes()).toHaveLength(2);
    expect(world.row().guest.newId).not.toBeNull();
  });

  it('401, a token that is not taken: tried again', async () => {
    const { world, invite } = await purged();
    world.directory.refuse = (call) => (isInvitation(call) ? refusal(401, 'InvalidAuthenticationToken') : undefined);
    expect(await invite()).toEqual({ ok: false, afterSeconds: 10 });
    world.directory.refuse = () => undefined;
    expect(await invite()).toMatchObject({ ok: true });
  });
});

it('a throttled second try does not make the first one, whose answer was lost, forgotten', async () => {
  const { world, invite } = await purged();
  world.directory.loseAnswer = ({ method }) => (method === 'POST' ? refusal(504, 'GatewayTimeout') : undefined);
  world.directory.freezeReads();
  await expect(invite()).rejects.toThrow('504');
  const firstTry = world.row().inviteAttemptedAt;
  world.advanceSeconds(CONSISTENCY_SECONDS);
  world.directory.loseAnswer = () => undefined;
  world.directory.refuse = ({ method }) => (method === 'POST' ? refusal(429, 'TooManyRequests') : undefined);
  expect(await invite()).toMatchObject({ ok: false });
  expect(world.row().inviteAttemptedAt).toBe(firstTry);
  // By now the guest has accepted the first invitation: still ours.
  world.directory.catchUp();
  for (const user of world.directory.users.values()) user.externalUserState = 'Accepted';
  expect(await invite()).toMatchObject({ ok: true });
});

it('a reservation is a key for an address without case, and does not show it', () => {
  expect(reservationOf('Ada@Personal.example')).toBe(reservationOf(INVITED_ADDRESS));
  expect(reservationOf('eva@personal.example')).not.toBe(reservationOf(INVITED_ADDRESS));
  expect(reservationOf(INVITED_ADDRESS)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
