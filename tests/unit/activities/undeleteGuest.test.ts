import { isPastReturn, isResumable } from '../../../domain/direction';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import { refusal } from '../../support/recordedCalls';

const NOW = '2026-03-01T08:00:00.000Z';

function undelete(world: ActivityWorld) {
  return world.run('undeleteGuest', { migrationId: MIGRATION_ID, guestId: OLD_ID });
}

async function softDeleted(change: Parameters<typeof createWorld>[0] = {}): Promise<ActivityWorld> {
  const world = await createWorld({ deleteAttemptedAt: NOW, ...change });
  world.directory.users.delete(OLD_ID);
  world.directory.deleted.set(OLD_ID, oldGuest());
  return world;
}

it('asks nothing of the directory when no deletion was tried', async () => {
  const world = await createWorld();
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'present' } });
  expect(world.directory.graph.calls).toEqual([]);
});

it('brings the guest back, under the same id, and writes it into the audit log', async () => {
  const world = await softDeleted();
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'present' } });
  expect(world.directory.users.get(OLD_ID)).toEqual(oldGuest());
  expect(world.directory.deleted.size).toBe(0);
  expect(world.records.auditLog).toMatchObject([{ action: 'restoreDeleted', stage: 'after', targetId: OLD_ID }]);
});

it('a deletion that never took effect counts as present, once reads can be believed', async () => {
  const world = await createWorld({ deleteAttemptedAt: NOW });
  expect(await undelete(world)).toEqual({ ok: false, afterSeconds: 10 });
  world.advanceSeconds(CONSISTENCY_SECONDS - 4);
  expect(await undelete(world)).toEqual({ ok: false, afterSeconds: 4 });
  world.advanceSeconds(4);
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'present' } });
});

it('a purge that took effect is answered as gone, once reads had time since the try to purge', async () => {
  const world = await createWorld({ deleteAttemptedAt: NOW });
  world.directory.users.delete(OLD_ID);
  world.advanceSeconds(300);
  await world.records.updateMigration(MIGRATION_ID, { purgeAttemptedAt: world.deps.clock.now().toISOString() });
  world.advanceSeconds(CONSISTENCY_SECONDS - 1);
  expect(await undelete(world)).toEqual({ ok: false, afterSeconds: 1 });
  world.advanceSeconds(1);
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'gone' } });
});

it('a guest that was brought back, with a lost answer and reads that lag, is not taken for gone', async () => {
  const world = await softDeleted();
  // The undo comes long after the deletion: the time since the deletion says nothing about the restore.
  world.advanceSeconds(10 * CONSISTENCY_SECONDS);
  world.directory.freezeReads();
  world.directory.loseAnswer = ({ method }) => (method === 'POST' ? refusal(504, 'GatewayTimeout') : undefined);
  await expect(undelete(world)).rejects.toThrow('graph answered 504');
  world.directory.loseAnswer = () => undefined;
  world.advanceSeconds(2);
  expect(await undelete(world)).toEqual({ ok: false, afterSeconds: 10 });
  world.directory.catchUp();
  world.advanceSeconds(CONSISTENCY_SECONDS);
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'present' } });
});

it('a refusal to restore is told as undo-failed, and the guest stays in the recycle bin', async () => {
  const world = await softDeleted();
  world.directory.refuse = ({ method }) =>
    method === 'POST' ? refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges') : undefined;
  expect(await undelete(world)).toEqual({
    ok: false,
    failure: { code: 'undo-failed', detail: 'graph answered 403 Authorization_RequestDenied.' },
  });
  expect(world.directory.deleted.has(OLD_ID)).toBe(true);
});

it.each([
  ['by us', { purgeClaimedAt: NOW, purgeAttemptedAt: NOW }],
  ['by somebody else, before we claimed it', {}],
])('a guest who is purged %s is past the point of no return: another migration can go on', async (_by, change) => {
  const world = await createWorld({ deleteAttemptedAt: NOW, phase: 'undoing', mostRounds: 3, ...change });
  world.directory.users.delete(OLD_ID);
  const snapshotHash = await world.storeSnapshot();
  await world.records.updateMigration(MIGRATION_ID, { snapshotHash });
  world.advanceSeconds(CONSISTENCY_SECONDS);
  expect(await undelete(world)).toEqual({ ok: true, value: { guest: 'gone' } });
  await world.run('finishMigration', {
    migrationId: MIGRATION_ID,
    outcome: 'failed',
    error: { code: 'guest-vanished', detail: '' },
  });
  expect(isResumable(world.row())).toBe(true);
});

it('a guest who was given back leaves nothing that another migration could go on with', async () => {
  const world = await softDeleted({ purgeClaimedAt: NOW, mostRounds: 3 });
  await undelete(world);
  expect(isPastReturn(world.row())).toBe(false);
});
