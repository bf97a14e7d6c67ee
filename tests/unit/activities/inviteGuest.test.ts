import {
  CONSISTENCY_SECONDS,
  createWorld,
  INVITED_ADDRESS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import { REDEEM_URL, type DirectoryUser } from '../../support/memoryDirectory';
import { QUOTED_ADDRESS, refusal, type Call } from '../../support/recordedCalls';

const DEADLINE = '2026-03-31T08:00:00.000Z';

/** A world in which the old guest is purged and the address is free. */
async function purged(): Promise<{ world: ActivityWorld; invite: () => ReturnType<ActivityWorld['run']> }> {
  const world = await createWorld();
  const snapshotHash = await world.storeSnapshot({ sponsorIds: ['50000000-0000-4000-8000-000000000005'] });
  world.directory.users.delete(OLD_ID);
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: DEADLINE };
  return { world, invite: () => world.run('inviteGuest', input) };
}

function isInvitation({ method, path }: Call): boolean {
  return method === 'POST' && path === '/invitations';
}

function guestWithAddress(change: Partial<DirectoryUser> = {}): DirectoryUser {
  return {
    ...oldGuest(),
    id: '0ea00000-0000-4000-8000-000000000007',
    mail: INVITED_ADDRESS,
    externalUserState: 'PendingAcceptance',
    ...change,
  };
}

/** The one user of the directory: whoever was invited. */
function onlyUser({ directory }: ActivityWorld): DirectoryUser {
  const [user, ...others] = [...directory.users.values()];
  if (user === undefined || others.length > 0) throw new Error(`There are ${directory.users.size} users.`);
  return user;
}

describe('one invitation', () => {
  it('two executions at once send one: the process that was thought dead may still be at it', async () => {
    const { world, invite } = await purged();
    const both = await Promise.allSettled([invite(), invite()]);
    expect(world.directory.graph.calls.filter(isInvitation)).toHaveLength(1);
    const { id } = onlyUser(world);
    expect(both.filter((one) => one.status === 'fulfilled').map((one) => one.value)).toEqual([
      { ok: true, value: { newId: id } },
    ]);
    expect(await invite()).toEqual({ ok: true, value: { newId: id } });
  });

  it('looks first, then invites the address of the request, and remembers the new guest', async () => {
    const { world, invite } = await purged();
    const outcome = await invite();
    const { id } = onlyUser(world);
    expect(outcome).toEqual({ ok: true, value: { newId: id } });
    expect(world.directory.graph.calls.map((call) => call.method)).toEqual([
      'LIST',
      'LIST',
      'LIST',
      'LIST',
      'LIST',
      'POST',
      'GET',
    ]);
    expect(world.directory.writes()).toMatchObject([
      {
        path: '/invitations',
        body: {
          invitedUserEmailAddress: INVITED_ADDRESS,
          invitedUserDisplayName: 'Ada Lovelace',
          invitedUserType: 'Guest',
          sendInvitationMessage: true,
          invitedUserSponsors: [{ id: '50000000-0000-4000-8000-000000000005' }],
        },
      },
    ]);
    expect(world.row()).toMatchObject({
      guest: { oldId: OLD_ID, newId: id },
      invitation: { sentAt: '2026-03-01T08:00:00.000Z', expiresAt: DEADLINE, rounds: 1 },
    });
    expect(world.records.locks.get(id)?.migrationId).toBe(MIGRATION_ID);
  });

  it('a second run answers the same guest without asking the directory', async () => {
    const { world, invite } = await purged();
    const first = await invite();
    const calls = world.directory.graph.calls.length;
    expect(await invite()).toEqual(first);
    expect(world.directory.graph.calls).toHaveLength(calls);
  });

  it('keeps the redeem URL in its document and nowhere else', async () => {
    const { world, invite } = await purged();
    const outcome = await invite();
    expect([...world.documents.redeemUrls]).toEqual([[`${MIGRATION_ID}/1`, REDEEM_URL]]);
    const elsewhere = JSON.stringify([outcome, world.row(), world.records.auditLog, world.logLines]);
    expect(elsewhere).not.toContain('secret-ticket');
    expect(JSON.stringify([outcome, world.records.auditLog, world.logLines])).not.toContain('@');
  });

  it('is not sent without the verified snapshot', async () => {
    const { world } = await purged();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: '0'.repeat(64), deadline: DEADLINE };
    expect(await world.run('inviteGuest', input)).toMatchObject({ failure: { code: 'snapshot-unverified' } });
    expect(world.directory.graph.calls).toEqual([]);
  });
});

describe('when the answer of the invitation is lost', () => {
  async function invitedWithLostAnswer() {
    const { world, invite } = await purged();
    world.directory.loseAnswer = (call) => (isInvitation(call) ? refusal(0, 'timeout') : undefined);
    await expect(invite()).rejects.toThrow('inviteGuest: graph answered 0 timeout');
    world.directory.loseAnswer = () => undefined;
    return { world, invite };
  }

  it('the waiting guest is adopted instead of sending a second invitation', async () => {
    const { world, invite } = await invitedWithLostAnswer();
    const { id } = onlyUser(world);
    expect(await invite()).toEqual({ ok: true, value: { newId: id } });
    expect(world.directory.writes()).toHaveLength(1);
    expect(world.row().guest.newId).toBe(id);
    expect(world.records.locks.get(id)?.migrationId).toBe(MIGRATION_ID);
  });

  it('a guest who accepted meanwhile is adopted too: the account is younger than our try', async () => {
    const { world, invite } = await invitedWithLostAnswer();
    const user = onlyUser(world);
    user.externalUserState = 'Accepted';
    expect(await invite()).toEqual({ ok: true, value: { newId: user.id } });
    expect(world.directory.writes()).toHaveLength(1);
  });

  it('nothing is sent while the guest may not show yet, and then the guest is found', async () => {
    const { world, invite } = await purged();
    world.directory.freezeReads();
    world.directory.loseAnswer = (call) => (isInvitation(call) ? refusal(504, 'GatewayTimeout') : undefined);
    await expect(invite()).rejects.toThrow('504');
    for (let waited = 0; waited < CONSISTENCY_SECONDS; waited += 10) {
      expect(await invite()).toEqual({ ok: false, afterSeconds: 10 });
      world.advanceSeconds(10);
    }
    expect(world.directory.writes()).toHaveLength(1);
    world.directory.catchUp();
    expect(await invite()).toEqual({ ok: true, value: { newId: onlyUser(world).id } });
    expect(world.directory.writes()).toHaveLength(1);
  });

  it('and the invitation was never made: it is sent again, but only after the consistency time', async () => {
    const { world, invite } = await purged();
    let failures = 1;
    world.directory.refuse = (call) => {
      if (!isInvitation(call) || failures === 0) return undefined;
      failures -= 1;
      return refusal(500, 'InternalServerError');
    };
    await expect(invite()).rejects.toThrow('500');
    world.advanceSeconds(CONSISTENCY_SECONDS - 1);
    expect(await invite()).toEqual({ ok: false, afterSeconds: 1 });
    expect(world.directory.writes()).toHaveLength(1);
    world.advanceSeconds(1);
    expect(await invite()).toEqual({ ok: true, value: { newId: onlyUser(world).id } });
    expect(world.directory.writes()).toHaveLength(2);
  });
});

describe('refusals', () => {
  it('throttling says that nothing was sent: the wait is answered, and the next try is sent at once', async () => {
    const { world, invite } = await purged();
    let throttled = true;
    world.directory.refuse = (call) =>
      isInvitation(call) && throttled ? refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 12 }) : undefined;
    expect(await invite()).toEqual({ ok: false, afterSeconds: 12 });
    expect(world.row().inviteAttemptedAt).toBeNull();
    throttled = false;
    expect(await invite()).toMatchObject({ ok: true });
  });

  it('a permanent refusal is an answer, does not quote the directory, and clears the try', async () => {
    const { world, invite } = await purged();
    world.directory.refuse = (call) =>
      isInvitation(call) ? refusal(403, 'Forbidden', 'Guest invitations not allowed for your company.') : undefined;
    const outcome = await invite();
    expect(outcome).toEqual({
      ok: false,
      failure: { code: 'invitation-refused', detail: 'graph answered 403 Forbidden.' },
    });
    expect(world.row().inviteAttemptedAt).toBeNull();
    expect(world.records.auditLog.map((entry) => entry.stage)).toEqual(['before', 'refused']);
    expect(JSON.stringify([world.records.auditLog, world.logLines])).not.toContain(QUOTED_ADDRESS);
  });

  it('an address that the directory knows already is told as such', async () => {
    const { world, invite } = await purged();
    world.directory.refuse = (call) =>
      isInvitation(call) ? refusal(400, 'BadRequest', 'The user already exists in the directory:') : undefined;
    expect(await invite()).toMatchObject({ failure: { code: 'invited-someone-else' } });
  });

  it.each([
    ['an accepted account', { externalUserState: 'Accepted' }],
    ['a member', { externalUserState: null, userType: 'Member' }],
    [
      'an account that holds it as another mail',
      { mail: null, otherMails: [INVITED_ADDRESS], externalUserState: null },
    ],
    [
      'an account that holds it as proxy address',
      { mail: null, proxyAddresses: [`smtp:${INVITED_ADDRESS}`], externalUserState: null },
    ],
  ])('%s of somebody else is neither adopted nor invited', async (_who, change) => {
    const { world, invite } = await purged();
    const other = guestWithAddress(change);
    world.directory.users.set(other.id, other);
    expect(await invite()).toMatchObject({ ok: false, failure: { code: 'invited-someone-else' } });
    expect(world.directory.writes()).toEqual([]);
    expect(world.row().guest.newId).toBeNull();
    expect(world.records.locks.has(other.id)).toBe(false);
  });

  it('an accepted account that is older than our try is somebody else also after a lost answer', async () => {
    const { world, invite } = await purged();
    world.directory.refuse = (call) => (isInvitation(call) ? refusal(0, 'timeout') : undefined);
    await expect(invite()).rejects.toThrow('timeout');
    const other = guestWithAddress({ externalUserState: 'Accepted', createdDateTime: '2025-01-01T00:00:00Z' });
    world.directory.users.set(other.id, other);
    expect(await invite()).toMatchObject({ ok: false, failure: { code: 'invited-someone-else' } });
  });
});

it('an apostrophe in the address is quoted in the filters', async () => {
  const { world, invite } = await purged();
  await world.records.updateMigration(MIGRATION_ID, {
    request: { ...world.row().request, inviteEmail: "o'brien@personal.example" },
  });
  await invite();
  expect(world.directory.graph.calls.filter((call) => call.method === 'LIST').map((call) => call.path)).toEqual([
    expect.stringContaining("mail eq 'o''brien@personal.example'"),
    expect.stringContaining("otherMails/any(a:a eq 'o''brien@personal.example')"),
    expect.stringContaining("proxyAddresses/any(a:a eq 'smtp:o''brien@personal.example')"),
    expect.stringContaining("userPrincipalName eq 'o''brien@personal.example'"),
    expect.stringContaining("startsWith(userPrincipalName,'o''brien_personal.example#EXT#@')"),
  ]);
});
