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

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const removed = { ok: true, value: { invited: 'removed' } };
const accepted = { ok: true, value: { invited: 'accepted' } };
const gone = { ok: true, value: { invited: 'gone' } };
const later = { ok: false, afterSeconds: CONSISTENCY_SECONDS };

function invitedGuest(): DirectoryUser {
  return { ...oldGuest(), id: NEW_ID, mail: INVITED_ADDRESS, externalUserState: 'PendingAcceptance' };
}

/** A guest was invited, who waits; the old one is purged. */
async function invited(change: Parameters<typeof createWorld>[0] = {}): Promise<ActivityWorld> {
  const guest = { oldId: OLD_ID, newId: NEW_ID, displayName: null };
  const world = await createWorld({ phase: 'awaitingRedemption', guest, ...change });
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, invitedGuest());
  return world;
}

function remove(world: ActivityWorld, evenAccepted = false, newId = NEW_ID) {
  return world.run('removeInvited', { migrationId: MIGRATION_ID, newId, evenAccepted });
}

function accept({ directory }: ActivityWorld): void {
  for (const users of [directory.users, directory.deleted]) {
    const guest = users.get(NEW_ID);
    if (guest !== undefined) guest.externalUserState = 'Accepted';
  }
}

/** The guest accepts after we looked, and before the deletion takes effect. */
function acceptBeforeDeletion(world: ActivityWorld): void {
  world.directory.refuse = (call) => {
    if (isDeletion(call)) accept(world);
    return undefined;
  };
}

function isDeletion({ method }: Call): boolean {
  return method === 'DELETE';
}

function isRestore({ method, path }: Call): boolean {
  return method === 'POST' && path.endsWith('/restore');
}

const audited = ({ records }: ActivityWorld): string[] =>
  records.auditLog.map(({ action, stage, targetId }) => `${action} ${stage} ${targetId === NEW_ID ? 'new' : targetId}`);

describe('an invitation is revoked', () => {
  it('by the recycle bin, which keeps the guest, and the row says who is there', async () => {
    const world = await invited();
    expect(await remove(world)).toEqual(later);
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(removed);
    expect([...world.directory.deleted.keys()]).toEqual([NEW_ID]);
    expect(world.directory.writes().map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE /users/${NEW_ID}`,
    ]);
    expect(world.row()).toMatchObject({ removedId: NEW_ID, guest: { newId: NEW_ID } });
    expect(audited(world)).toEqual(['removeInvited before new', 'removeInvited after new']);
  });

  it('twice with one deletion, and without a wait where it does not matter whether the guest accepted', async () => {
    const world = await invited();
    accept(world);
    expect(await remove(world, true)).toEqual(removed);
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world, true)).toEqual(removed);
    expect(world.directory.writes()).toHaveLength(1);
  });

  it('also when the answer to the deletion was lost', async () => {
    const world = await invited();
    world.directory.loseAnswer = (call) => (isDeletion(call) ? refusal(504, 'GatewayTimeout') : undefined);
    await expect(remove(world, true)).rejects.toThrow('504');
    world.directory.loseAnswer = () => undefined;
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world, true)).toEqual(removed);
    expect(world.directory.writes()).toHaveLength(1);
    expect(audited(world)).toEqual(['removeInvited before new', 'removeInvited after new']);
  });

  it('unless the directory refuses it, which is told and audited', async () => {
    const world = await invited();
    world.directory.refuse = (call) => (isDeletion(call) ? refusal(403, 'Forbidden') : undefined);
    expect(await remove(world)).toMatchObject({ ok: false, failure: { code: 'delete-refused' } });
    expect(world.directory.users.has(NEW_ID)).toBe(true);
    expect(world.row().removedId).toBeNull();
    expect(audited(world)).toEqual(['removeInvited before new', 'removeInvited refused new']);
  });
});

describe('a guest who has accepted', () => {
  it('is left alone', async () => {
    const world = await invited();
    accept(world);
    expect(await remove(world)).toEqual(accepted);
    expect(world.directory.writes()).toEqual([]);
    expect(world.row().removedId).toBeNull();
  });

  it('between the look and the deletion is given back', async () => {
    const world = await invited();
    acceptBeforeDeletion(world);
    expect(await remove(world)).toEqual(later);
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(accepted);
    expect(world.directory.users.get(NEW_ID)).toMatchObject({ externalUserState: 'Accepted' });
    expect(world.directory.deleted.size).toBe(0);
    expect(world.row()).toMatchObject({ removedId: null, guest: { newId: NEW_ID } });
    expect(audited(world)).toEqual([
      'removeInvited before new',
      'removeInvited after new',
      'restoreInvited before new',
      'restoreInvited after new',
    ]);
  });

  it('is not taken for one who is there by a read that lags behind our deletion', async () => {
    const world = await invited();
    acceptBeforeDeletion(world);
    world.directory.loseAnswer = (call) => (isDeletion(call) ? refusal(504, 'GatewayTimeout') : undefined);
    await expect(remove(world)).rejects.toThrow('504');
    world.directory.refuse = () => undefined;
    world.directory.loseAnswer = () => undefined;
    // A replica shows the acceptance, and the deletion not yet.
    const guest = world.directory.deleted.get(NEW_ID) ?? invitedGuest();
    world.directory.deleted.delete(NEW_ID);
    world.directory.users.set(NEW_ID, guest);
    world.directory.freezeReads();
    world.directory.users.delete(NEW_ID);
    world.directory.deleted.set(NEW_ID, guest);

    world.advanceSeconds(2);
    expect(await remove(world)).toEqual({ ok: false, afterSeconds: CONSISTENCY_SECONDS - 2 });
    world.directory.catchUp();
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(accepted);
    expect(world.directory.users.has(NEW_ID)).toBe(true);
  });

  it('is kept where our deletion never took effect, and the row says so', async () => {
    const world = await invited();
    world.directory.refuse = (call) => {
      if (!isDeletion(call)) return undefined;
      accept(world);
      return refusal(503, 'ServiceUnavailable');
    };
    await expect(remove(world)).rejects.toThrow('503');
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(accepted);
    expect(world.directory.users.has(NEW_ID)).toBe(true);
    expect(world.row().removedId).toBeNull();
  });

  it('is found there when the answer to giving back was lost and reads lag', async () => {
    const world = await invited();
    acceptBeforeDeletion(world);
    await remove(world);
    world.advanceSeconds(10 * CONSISTENCY_SECONDS);
    world.directory.refuse = () => undefined;
    world.directory.loseAnswer = (call) => (isRestore(call) ? refusal(504, 'GatewayTimeout') : undefined);
    await expect(remove(world)).rejects.toThrow('504');
    world.directory.loseAnswer = () => undefined;
    // The lists of users and of the recycle bin catch up apart from each other: for a while the guest is in neither.
    const back = world.directory.users.get(NEW_ID) ?? invitedGuest();
    world.directory.users.delete(NEW_ID);
    world.directory.freezeReads();
    world.directory.users.set(NEW_ID, back);

    world.advanceSeconds(2);
    expect(await remove(world)).toMatchObject({ ok: false });
    world.directory.catchUp();
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(accepted);
    expect(world.row().removedId).toBeNull();
  });

  it('whom the directory does not give back is told as undo-failed, not tried for days', async () => {
    const world = await invited();
    acceptBeforeDeletion(world);
    await remove(world);
    world.advanceSeconds(CONSISTENCY_SECONDS);
    world.directory.refuse = (call) => (isRestore(call) ? refusal(403, 'Forbidden') : undefined);
    expect(await remove(world)).toMatchObject({ ok: false, failure: { code: 'undo-failed' } });
    expect(audited(world)).toContain('restoreInvited refused new');
  });

  it('and was deleted by somebody else is not given back by us', async () => {
    const world = await invited();
    accept(world);
    world.directory.users.delete(NEW_ID);
    world.directory.deleted.set(NEW_ID, { ...invitedGuest(), externalUserState: 'Accepted' });
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(removed);
    expect(world.directory.writes()).toEqual([]);
  });
});

it('a guest who is nowhere counts as gone only when reads had time', async () => {
  const world = await invited();
  world.directory.users.delete(NEW_ID);
  world.advanceSeconds(CONSISTENCY_SECONDS - 1);
  expect(await remove(world)).toEqual({ ok: false, afterSeconds: 1 });
  world.advanceSeconds(1);
  expect(await remove(world)).toEqual(gone);
});

it.each([
  ['somebody whom this migration did not invite', '0e000000-0000-4000-8000-00000000000f', {}],
  ['the old guest, also where it was reset', OLD_ID, { strategy: 'reset', guest: { newId: OLD_ID } }],
  ['anybody where nothing was deleted to make room', NEW_ID, { strategy: 'reset' }],
  ['anybody once the migration has ended', NEW_ID, { phase: 'ended' }],
] as const)('never touches %s', async (_who, newId, change) => {
  const guest = { oldId: OLD_ID, newId: NEW_ID, displayName: null, ...('guest' in change ? change.guest : {}) };
  const world = await invited({ ...change, guest });
  await expect(remove(world, true, newId)).rejects.toThrow();
  expect(world.directory.graph.calls).toEqual([]);
  expect(world.records.auditLog).toEqual([]);
});
