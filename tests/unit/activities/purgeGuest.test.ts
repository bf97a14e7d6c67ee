import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import { refusal } from '../../support/recordedCalls';

const CLAIMED = '2026-03-01T07:59:00.000Z';
const ANOTHER = '0ea00000-0000-4000-8000-000000000009';

/** A world in which the old guest is in the recycle bin and the purge is claimed. */
async function softDeleted(change: Parameters<typeof createWorld>[0] = {}): Promise<ActivityWorld> {
  const world = await createWorld({ deleteAttemptedAt: CLAIMED, purgeClaimedAt: CLAIMED, ...change });
  world.directory.users.delete(OLD_ID);
  world.directory.deleted.set(OLD_ID, oldGuest());
  return world;
}

function purge(world: ActivityWorld, snapshotHash: string, guestId = OLD_ID) {
  return world.run('purgeGuest', { migrationId: MIGRATION_ID, guestId, snapshotHash });
}

describe('the purge is refused, and nothing is written,', () => {
  async function expectRefusal(world: ActivityWorld, hash: string, code: string, guestId = OLD_ID): Promise<void> {
    const outcome = await purge(world, hash, guestId);
    expect(outcome).toMatchObject({ ok: false, failure: { code } });
    expect(world.directory.writes()).toEqual([]);
    expect(world.directory.deleted.has(OLD_ID)).toBe(true);
    expect(world.row().purgeAttemptedAt).toBeNull();
    expect(world.records.auditLog).toEqual([]);
  }

  it('without a snapshot', async () => {
    await expectRefusal(await softDeleted(), 'a'.repeat(64), 'snapshot-unverified');
  });

  it('with a snapshot that was altered after it was written', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    const text = world.documents.snapshots.get(MIGRATION_ID) ?? '';
    world.documents.snapshots.set(MIGRATION_ID, text.replace('Readers', 'Writers'));
    await expectRefusal(world, hash, 'snapshot-unverified');
  });

  it('with the snapshot of another guest', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot({ guest: { ...oldGuestAccount(), id: ANOTHER } });
    await expectRefusal(world, hash, 'snapshot-unverified');
  });

  it('for a guest that is not the one of the snapshot', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    world.directory.deleted.set(ANOTHER, { ...oldGuest(), id: ANOTHER });
    await expectRefusal(world, hash, 'snapshot-unverified', ANOTHER);
  });

  it('with the hash of a snapshot that belongs to another migration', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot({ migrationId: 'm-0002' });
    await expectRefusal(world, hash, 'snapshot-unverified');
  });

  it('without the claim that shuts out a cancel', async () => {
    const world = await softDeleted({ purgeClaimedAt: null });
    await expectRefusal(world, await world.storeSnapshot(), 'purge-refused');
  });
});

describe('the purge', () => {
  it('deletes the guest from the recycle bin, once, and says so in the audit log', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    expect(await purge(world, hash)).toEqual({ ok: true, value: {} });
    expect(world.directory.writes()).toEqual([{ method: 'DELETE', path: `/directory/deletedItems/${OLD_ID}` }]);
    expect(world.directory.deleted.size).toBe(0);
    expect(world.records.auditLog).toMatchObject([
      { action: 'purge', stage: 'before', targetId: OLD_ID },
      { action: 'purge', stage: 'after', targetId: OLD_ID },
    ]);
  });

  it('writes the try down before it calls the directory', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    let noted: string | null = null;
    world.directory.refuse = ({ method }) => {
      if (method === 'DELETE') noted = world.row().purgeAttemptedAt;
      return undefined;
    };
    await purge(world, hash);
    expect(noted).toBe('2026-03-01T08:00:00.000Z');
  });

  it('does not believe a 404 before any try: the soft delete may not show yet', async () => {
    const world = await createWorld({ deleteAttemptedAt: CLAIMED, purgeClaimedAt: CLAIMED });
    const hash = await world.storeSnapshot();
    world.advanceSeconds(10 * CONSISTENCY_SECONDS);
    await expect(purge(world, hash)).rejects.toThrow('the soft delete is not visible yet');
    expect(world.directory.writes()).toEqual([]);
  });

  it('after a lost answer believes the 404 only when the consistency time has passed', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    world.directory.loseAnswer = ({ method }) => (method === 'DELETE' ? refusal(0, 'timeout') : undefined);
    await expect(purge(world, hash)).rejects.toThrow('purgeGuest: graph answered 0 timeout');

    world.advanceSeconds(20);
    expect(await purge(world, hash)).toEqual({ ok: false, afterSeconds: CONSISTENCY_SECONDS - 20 });
    world.advanceSeconds(CONSISTENCY_SECONDS - 20);
    expect(await purge(world, hash)).toEqual({ ok: true, value: {} });
    expect(world.directory.writes()).toHaveLength(1);
  });

  it('tries again when the first try did not take effect', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    let times = 0;
    world.directory.refuse = ({ method }) => {
      if (method !== 'DELETE') return undefined;
      times += 1;
      return times === 1 ? refusal(503, 'ServiceUnavailable') : undefined;
    };
    await expect(purge(world, hash)).rejects.toThrow('graph answered 503');
    expect(await purge(world, hash)).toEqual({ ok: true, value: {} });
    expect(world.directory.deleted.size).toBe(0);
  });

  it('finds out that somebody restored the guest after a try of ours', async () => {
    const world = await createWorld({ deleteAttemptedAt: CLAIMED, purgeClaimedAt: CLAIMED, purgeAttemptedAt: CLAIMED });
    const hash = await world.storeSnapshot();
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await purge(world, hash)).toMatchObject({ ok: false, failure: { code: 'purge-refused' } });
  });

  it('is a permanent failure when the directory refuses it, without quoting the directory', async () => {
    const world = await softDeleted();
    const hash = await world.storeSnapshot();
    world.directory.refuse = ({ method }) =>
      method === 'DELETE' ? refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges') : undefined;
    expect(await purge(world, hash)).toEqual({
      ok: false,
      failure: { code: 'purge-refused', detail: 'graph answered 403 Authorization_RequestDenied.' },
    });
    expect(world.records.auditLog.map((entry) => entry.stage)).toEqual(['before', 'refused']);
  });
});

function oldGuestAccount() {
  const { id, displayName, userPrincipalName, mail, createdDateTime, identities } = oldGuest();
  return { id, displayName, userPrincipalName, mail, preferredLanguage: null, createdDateTime, identities };
}
