import {
  createWorld,
  membership,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import { GROUP_ID, type DirectoryUser } from '../../support/memoryDirectory';
import { QUOTED_ADDRESS, refusal } from '../../support/recordedCalls';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const MANUAL = 'The group is dynamic.';
const dynamic = { ...membership, key: 'd1', name: 'Dynamic', instruction: MANUAL };

function newGuest(issuer: string, externalUserState = 'Accepted'): DirectoryUser {
  const identities = [{ signInType: 'federated', issuer, issuerAssignedId: null }];
  return { ...oldGuest(), id: NEW_ID, externalUserState, identities };
}

/** A world in which the new guest has redeemed with `issuer`; the snapshot holds a membership and a manual grant. */
async function redeemed(issuer = 'MicrosoftAccount', state = 'Accepted') {
  const world = await createWorld({ guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null } });
  const snapshotHash = await world.storeSnapshot({ grants: [membership, dynamic] });
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, newGuest(issuer, state));
  const restore = (change: object = {}) =>
    world.run('restoreGrants', {
      migrationId: MIGRATION_ID,
      newId: NEW_ID,
      snapshotHash,
      indexes: [0, 1],
      lastTry: false,
      ...change,
    });
  return { world, restore };
}

function isMember({ directory }: ActivityWorld): boolean {
  return directory.members.get(GROUP_ID)?.has(NEW_ID) === true;
}

describe('no restore before the identity verdict is personal (invariant 2)', () => {
  it.each([
    ['work', 'ExternalAzureAD'],
    ['emailCode', 'mail'],
    ['google', 'google.com'],
    ['federated', 'https://idp.example'],
  ])('nothing is given to an account that signs in with: %s', async (verdict, issuer) => {
    const { world, restore } = await redeemed(issuer);
    const outcome = await restore();
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'wrong-identity' } });
    expect(JSON.stringify(outcome)).toContain(verdict);
    expect(world.directory.writes()).toEqual([]);
    expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
  });

  it('an identity that is not recognised gets nothing: read again first, and the end of it on the last try', async () => {
    const { world, restore } = await redeemed('tenant.example');
    expect(await restore()).toEqual({ ok: true, value: { retry: [0, 1], afterSeconds: 2 } });
    expect(await restore({ lastTry: true })).toMatchObject({ ok: false, failure: { code: 'wrong-identity' } });
    expect(world.directory.writes()).toEqual([]);
    expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
  });

  it('a guest that is not seen as accepted gets nothing yet, even if the issuer is right', async () => {
    const { world, restore } = await redeemed('MicrosoftAccount', 'PendingAcceptance');
    expect(await restore()).toEqual({ ok: true, value: { retry: [0, 1], afterSeconds: 2 } });
    expect(world.directory.writes()).toEqual([]);
  });

  it('a guest that does not show is tried again, and written down as failed on the last try', async () => {
    const { world, restore } = await redeemed();
    world.directory.users.delete(NEW_ID);
    expect(await restore()).toMatchObject({ ok: true, value: { retry: [0, 1] } });
    expect(await restore({ lastTry: true })).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect((await world.records.readGrantResults(MIGRATION_ID)).map((grant) => grant.result)).toEqual([
      'failed',
      'failed',
    ]);
    expect(world.directory.writes()).toEqual([]);
  });
});

describe('ids that are not those of this migration never reach a write (invariant 8)', () => {
  it('a foreign guest is refused before the directory is asked', async () => {
    const { world, restore } = await redeemed();
    const foreign = '0f000000-0000-4000-8000-000000000003';
    world.directory.users.set(foreign, { ...newGuest('MicrosoftAccount'), id: foreign });
    await expect(restore({ newId: foreign })).rejects.toThrow('restoreGrants: unexpected Error');
    expect(world.directory.graph.calls).toEqual([]);
  });

  it('the old guest is refused, even if the row says it is the new one', async () => {
    const { world, restore } = await redeemed();
    await world.records.updateMigration(MIGRATION_ID, { guest: { oldId: OLD_ID, newId: OLD_ID, displayName: null } });
    await expect(restore({ newId: OLD_ID })).rejects.toThrow('restoreGrants: unexpected Error');
    expect(world.directory.graph.calls).toEqual([]);
  });

  it('a snapshot with another hash is refused', async () => {
    const { world, restore } = await redeemed();
    const outcome = await restore({ snapshotHash: '0'.repeat(64) });
    expect(outcome).toMatchObject({ failure: { code: 'snapshot-unverified' } });
    expect(world.directory.graph.calls).toEqual([]);
  });

  it('indexes beyond the snapshot are left out', async () => {
    const { world, restore } = await redeemed();
    expect(await restore({ indexes: [0, 2, 99] })).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect((await world.records.readGrantResults(MIGRATION_ID)).map((grant) => grant.index)).toEqual([0]);
  });
});

describe('restoring', () => {
  it('gives each grant one result and counts them in the row (invariant 3)', async () => {
    const { world, restore } = await redeemed();
    expect(await restore()).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect(isMember(world)).toBe(true);
    expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([
      { index: 0, result: 'restored', detail: '' },
      { index: 1, result: 'manual', detail: MANUAL },
    ]);
    expect(world.row().access).toEqual({ captured: 2, restored: 1, alreadyPresent: 0, manual: 1, failed: 0 });
  });

  it('a second run finds the results and writes nothing', async () => {
    const { world, restore } = await redeemed();
    await restore();
    expect(await restore()).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect(world.directory.writes()).toHaveLength(1);
    expect((await world.records.readGrantResults(MIGRATION_ID))[0]?.result).toBe('restored');
  });

  it('a restore that took effect without a result is found as already present', async () => {
    const { world, restore } = await redeemed();
    world.directory.loseAnswer = ({ method }) => (method === 'POST' ? refusal(504, 'GatewayTimeout') : undefined);
    expect(await restore()).toEqual({ ok: true, value: { retry: [0], afterSeconds: 0 } });
    world.directory.loseAnswer = () => undefined;
    expect(await restore({ indexes: [0] })).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect((await world.records.readGrantResults(MIGRATION_ID))[0]?.result).toBe('alreadyPresent');
  });

  it('asks to be called again for exactly the grants that a service does not accept yet', async () => {
    const { world, restore } = await redeemed();
    world.directory.refuse = ({ method }) =>
      method === 'POST' ? refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 9 }) : undefined;
    expect(await restore()).toEqual({ ok: true, value: { retry: [0], afterSeconds: 9 } });
    expect((await world.records.readGrantResults(MIGRATION_ID)).map((grant) => grant.index)).toEqual([1]);
  });

  it('writes on the last try what is still refused as failed, without quoting the service', async () => {
    const { world, restore } = await redeemed();
    world.directory.refuse = ({ method }) => (method === 'POST' ? refusal(404, 'Request_ResourceNotFound') : undefined);
    expect(await restore({ lastTry: true })).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    const [first] = await world.records.readGrantResults(MIGRATION_ID);
    expect(first).toEqual({
      index: 0,
      result: 'failed',
      detail: 'graph answered 404 Request_ResourceNotFound, through all retries. Grant it by hand.',
    });
    expect(JSON.stringify([first, world.logLines])).not.toContain(QUOTED_ADDRESS);
  });
});
