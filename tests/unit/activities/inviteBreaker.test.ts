import { closeBreaker, openBreaker, readBreaker, takeTry } from '../../../activities/inviteBreaker';
import { createMemoryRecords } from '../../support/memoryRecords';
import { createWorld, MIGRATION_ID, OLD_ID, type ActivityWorld } from '../../support/activityWorld';
import { refusal } from '../../support/recordedCalls';

const DEADLINE = '2026-03-31T08:00:00.000Z';
const START = '2026-03-01T08:00:00.000Z';
const MESSAGE = 'Invitations are blocked for this directory due to suspicious activity by ada@work.example.';

/** A world in which the old guest is purged, and where Graph refuses invitations while `blocked.on`. */
async function blockedWorld(): Promise<{
  world: ActivityWorld;
  blocked: { on: boolean; message: string };
  invite: () => ReturnType<ActivityWorld['run']>;
  tries: () => number;
}> {
  const world = await createWorld({ phase: 'inviting', status: 'Running', purgeAttemptedAt: START });
  const snapshotHash = await world.storeSnapshot();
  world.directory.users.delete(OLD_ID);
  const blocked = { on: true, message: MESSAGE };
  world.directory.refuse = ({ path }) =>
    blocked.on && path === '/invitations' ? refusal(403, 'Forbidden', blocked.message) : undefined;
  const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: DEADLINE };
  return {
    world,
    blocked,
    invite: () => world.run('inviteGuest', input),
    tries: () => world.directory.graph.calls.filter(({ path }) => path === '/invitations').length,
  };
}

const heldBack = (world: ActivityWorld) => world.row().checks.find(({ id }) => id === 'invitation-held-back');

describe('the refusal of all invitations', () => {
  it('opens the breaker and puts the invitation off; the row says so, and nothing quotes the refusal', async () => {
    const { world, invite } = await blockedWorld();
    expect(await invite()).toEqual({ ok: false, afterSeconds: 900 });
    expect(await readBreaker(world.records)).toEqual({
      openedAt: START,
      migrationId: MIGRATION_ID,
      lastTriedAt: START,
    });
    expect(heldBack(world)).toMatchObject({ ok: false, severity: 'warning', fix: expect.stringContaining('/close') });
    expect(world.row()).toMatchObject({ phase: 'inviting', error: null, inviteAttemptedAt: null });
    expect(world.records.auditLog).toContainEqual(expect.objectContaining({ action: 'openInviteBreaker', by: 'app' }));
    const told = JSON.stringify([world.logLines, world.row(), world.records.auditLog, [...world.records.controls]]);
    expect(told).not.toMatch(/suspicious|ada@work/);
  });

  it('opens it once: the migration that met it first stays named, and no second alarm is raised', async () => {
    const { world, invite } = await blockedWorld();
    await openBreaker(world.records, { migrationId: 'm-first', now: new Date(Date.parse(START) - 3_600_000) });
    expect(await invite()).toMatchObject({ ok: false });
    expect((await readBreaker(world.records))?.migrationId).toBe('m-first');
    expect(world.logLines.join('\n')).not.toContain('invite-breaker-opened');
  });

  it('another 403 ends the migration as before and opens nothing', async () => {
    const { world, blocked, invite } = await blockedWorld();
    blocked.message = 'Guest invitations not allowed for your company.';
    expect(await invite()).toMatchObject({ failure: { code: 'invitation-refused' } });
    expect(await readBreaker(world.records)).toBeUndefined();
  });
});

describe('while the breaker is open', () => {
  it('a look before the quarter of an hour has passed sends nothing', async () => {
    const { world, invite, tries } = await blockedWorld();
    await invite();
    world.advanceSeconds(60);
    expect(await invite()).toEqual({ ok: false, afterSeconds: 900 });
    expect(tries()).toBe(1);
    world.advanceSeconds(900);
    await invite();
    expect(tries()).toBe(2);
  });

  it('the looks become slower', async () => {
    const { world, invite } = await blockedWorld();
    await invite();
    world.advanceSeconds(2 * 86_400);
    expect(await invite()).toEqual({ ok: false, afterSeconds: 3600 });
  });

  it('a try that gets through invites, closes nothing, and gives the guest the whole time to accept', async () => {
    const { world, blocked, invite } = await blockedWorld();
    await invite();
    world.advanceSeconds(10 * 86_400);
    blocked.on = false;
    const deadline = '2026-04-10T08:00:00.000Z';
    const invited = await invite();
    expect(invited).toEqual({ ok: true, value: { newId: world.row().guest.newId, deadline } });
    expect(world.row().invitation?.expiresAt).toBe(deadline);
    expect(heldBack(world)).toMatchObject({ ok: true, fix: '' });
    expect(await readBreaker(world.records)).not.toHaveProperty('closedAt');
    expect(await invite()).toEqual(invited);
    expect(world.directory.users.size).toBe(1);
  });
});

describe('the control under races', () => {
  const now = new Date(START);
  const later = new Date(now.getTime() + 20 * 60_000);

  it('of many who meet the refusal at once one opens it', async () => {
    const records = createMemoryRecords(() => now);
    const ids = Array.from({ length: 20 }, (_, n) => `m-${n}`);
    const answers = await Promise.all(ids.map((migrationId) => openBreaker(records, { migrationId, now })));
    expect(answers.filter(({ opened }) => opened)).toHaveLength(1);
    expect(new Set(answers.map(({ breaker }) => breaker.migrationId)).size).toBe(1);
  });

  it('of many who ask for the next try one gets it, and all do once it is closed', async () => {
    const records = createMemoryRecords(() => now);
    await openBreaker(records, { migrationId: 'm', now });
    const ask = () => Promise.all(Array.from({ length: 20 }, () => takeTry(records, later)));
    expect((await ask()).filter(Boolean)).toHaveLength(1);
    await closeBreaker(records, { by: 'Grace', now: later });
    expect((await ask()).filter(Boolean)).toHaveLength(20);
  });

  it('of many who close it one does, and it can open again', async () => {
    const records = createMemoryRecords(() => now);
    await openBreaker(records, { migrationId: 'm', now });
    const answers = await Promise.all(['a', 'b', 'c'].map((by) => closeBreaker(records, { by, now: later })));
    expect(answers.filter(({ closed }) => closed)).toHaveLength(1);
    expect(new Set(answers.map(({ breaker }) => breaker?.closedBy)).size).toBe(1);
    expect(await openBreaker(records, { migrationId: 'm-2', now: later })).toMatchObject({ opened: true });
  });
});
