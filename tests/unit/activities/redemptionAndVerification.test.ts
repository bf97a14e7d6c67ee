import {
  CONSISTENCY_SECONDS,
  createWorld,
  membership,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
} from '../../support/activityWorld';
import { GROUP_ID } from '../../support/memoryDirectory';
import { notFound } from '../../support/recordedCalls';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const SENT_AT = '2026-03-01T08:00:00.000Z';

async function invited(issuer: string, externalUserState: string) {
  const world = await createWorld({
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    invitation: { sentAt: SENT_AT, remindersSent: 0, expiresAt: '2026-03-31T08:00:00.000Z', rounds: 1 },
  });
  const identities = [{ signInType: 'federated', issuer, issuerAssignedId: null }];
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, { ...oldGuest(), id: NEW_ID, externalUserState, identities });
  return world;
}

describe('readRedemption', () => {
  const input = { migrationId: MIGRATION_ID, newId: NEW_ID };

  it.each([
    ['PendingAcceptance', 'tenant.example', { state: 'pending', verdict: null }],
    // The issuer of an account that has not accepted says nothing, whatever it is.
    ['PendingAcceptance', 'MicrosoftAccount', { state: 'pending', verdict: null }],
    ['Accepted', 'MicrosoftAccount', { state: 'accepted', verdict: 'personal' }],
    ['accepted', 'ExternalAzureAD', { state: 'accepted', verdict: 'work' }],
    ['Accepted', 'tenant.example', { state: 'accepted', verdict: 'unknown' }],
  ])('%s with the issuer %s', async (state, issuer, value) => {
    const world = await invited(issuer, state);
    expect(await world.run('readRedemption', input)).toEqual({ ok: true, value });
    expect(world.row().verdict).toBe(value.verdict);
  });

  it('a guest that does not show is pending while reads may lag behind the invitation, and gone afterwards', async () => {
    const world = await invited('tenant.example', 'PendingAcceptance');
    world.directory.users.delete(NEW_ID);
    world.advanceSeconds(CONSISTENCY_SECONDS - 1);
    expect(await world.run('readRedemption', input)).toEqual({ ok: true, value: { state: 'pending', verdict: null } });
    world.advanceSeconds(1);
    expect(await world.run('readRedemption', input)).toEqual({ ok: true, value: { state: 'gone', verdict: null } });
  });

  it('right after turning back, an acceptance with the work account may be the one of before', async () => {
    const world = await invited('ExternalAzureAD', 'Accepted');
    await world.records.updateMigration(MIGRATION_ID, { turnedBackAt: SENT_AT, resetAttemptedAt: SENT_AT });
    world.advanceSeconds(CONSISTENCY_SECONDS - 1);
    expect(await world.run('readRedemption', input)).toEqual({ ok: true, value: { state: 'pending', verdict: null } });
    expect(world.row().verdict).toBeNull();
    world.advanceSeconds(1);
    expect(await world.run('readRedemption', input)).toEqual({
      ok: true,
      value: { state: 'accepted', verdict: 'work' },
    });
  });

  it('a guest of another migration is not even read', async () => {
    const world = await invited('MicrosoftAccount', 'Accepted');
    const foreign = { ...input, newId: '0f000000-0000-4000-8000-000000000003' };
    await expect(world.run('readRedemption', foreign)).rejects.toThrow('readRedemption: unexpected Error');
    expect(world.directory.graph.calls).toEqual([]);
  });
});

describe('verifyAccess', () => {
  async function restoredWorld(visible: boolean) {
    const world = await invited('MicrosoftAccount', 'Accepted');
    const snapshotHash = await world.storeSnapshot({ grants: [membership] });
    await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
    if (visible) world.directory.members.get(GROUP_ID)?.add(NEW_ID);
    const verify = (lastTry: boolean) =>
      world.run('verifyAccess', { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash, lastTry });
    return { world, verify };
  }

  it('is settled when everything that was restored shows', async () => {
    const { world, verify } = await restoredWorld(true);
    expect(await verify(false)).toEqual({ ok: true, value: { settled: true, failed: 0, manual: 0 } });
    expect(world.row().comparison).toMatchObject({ equal: 1, missing: [] });
  });

  it('gives a grant that does not show more time, and on the last try calls it failed', async () => {
    const { world, verify } = await restoredWorld(false);
    expect(await verify(false)).toEqual({ ok: true, value: { settled: false, failed: 0, manual: 0 } });
    expect(await verify(true)).toEqual({ ok: true, value: { settled: true, failed: 1, manual: 0 } });
    expect(world.row().access).toMatchObject({ captured: 1, restored: 0, failed: 1 });
    expect(world.row().comparison?.missing).toEqual([{ kind: 'groupMembership', key: GROUP_ID, name: 'Readers' }]);
  });

  it('a grant that failed and shows is restored after all; one that does not show stays failed', async () => {
    for (const visible of [true, false]) {
      const { world, verify } = await restoredWorld(visible);
      await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'failed', detail: 'By hand.' }]);
      const failed = visible ? 0 : 1;
      expect(await verify(false)).toEqual({ ok: true, value: { settled: true, failed, manual: 0 } });
      expect(world.row().access).toMatchObject({ captured: 1, restored: 1 - failed, failed });
    }
  });

  it('a new guest who was deleted meanwhile is looked for until the last try, and no longer', async () => {
    const { world, verify } = await restoredWorld(true);
    world.directory.users.delete(NEW_ID);
    expect(await verify(false)).toEqual({ ok: true, value: { settled: false, failed: 0, manual: 0 } });
    expect(await verify(true)).toMatchObject({ ok: false, failure: { code: 'guest-vanished' } });
  });

  it('something else that is not found does not make the guest vanish: the step is tried again', async () => {
    const { world, verify } = await restoredWorld(true);
    const { graph } = world.directory;
    const readAll = graph.readAll.bind(graph);
    graph.readAll = (path, item) => (path.includes('/ownedObjects') ? Promise.reject(notFound()) : readAll(path, item));
    await expect(verify(true)).rejects.toThrow('verifyAccess: graph answered 404');
  });

  it('says what the new guest has beyond the snapshot', async () => {
    const { world, verify } = await restoredWorld(true);
    await verify(false);
    expect(world.row().comparison?.extra).toEqual([{ kind: 'profile', key: 'displayName', name: 'displayName' }]);
  });
});
