import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  type ActivityWorld,
} from '../../support/activityWorld';
import { refusal } from '../../support/recordedCalls';

function softDelete(world: ActivityWorld, snapshotHash: string) {
  return world.run('softDeleteGuest', { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash });
}

it('no verified snapshot, no deletion (invariant 1)', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  world.documents.snapshots.set(MIGRATION_ID, `${world.documents.snapshots.get(MIGRATION_ID) ?? ''} `);
  for (const wrong of ['0'.repeat(64), hash]) {
    expect(await softDelete(world, wrong)).toMatchObject({ ok: false, failure: { code: 'snapshot-unverified' } });
  }
  expect(world.directory.writes()).toEqual([]);
  expect(world.row().deleteAttemptedAt).toBeNull();
});

it('moves the guest into the recycle bin; a second run finds it there and changes nothing', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  expect(await softDelete(world, hash)).toEqual({ ok: true, value: {} });
  const firstTry = world.row().deleteAttemptedAt;
  world.advanceSeconds(5);
  expect(await softDelete(world, hash)).toEqual({ ok: true, value: {} });
  expect([...world.directory.deleted.keys()]).toEqual([OLD_ID]);
  expect(world.directory.users.size).toBe(0);
  expect(world.row().deleteAttemptedAt).toBe(firstTry);
});

it('a lost answer is answered by the recycle bin', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  world.directory.loseAnswer = ({ method }) => (method === 'DELETE' ? refusal(504, 'GatewayTimeout') : undefined);
  await expect(softDelete(world, hash)).rejects.toThrow('graph answered 504 GatewayTimeout');
  world.directory.loseAnswer = () => undefined;
  expect(await softDelete(world, hash)).toEqual({ ok: true, value: {} });
});

it('a guest that is nowhere is looked for until reads have caught up, and has vanished then', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  world.directory.users.delete(OLD_ID);
  await expect(softDelete(world, hash)).rejects.toThrow('neither active nor deleted yet');
  world.advanceSeconds(CONSISTENCY_SECONDS - 1);
  await expect(softDelete(world, hash)).rejects.toThrow('neither active nor deleted yet');
  world.advanceSeconds(1);
  expect(await softDelete(world, hash)).toMatchObject({ ok: false, failure: { code: 'guest-vanished' } });
});

it('a refusal is permanent, is written into the audit log, and leaves the guest', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  world.directory.refuse = ({ method }) =>
    method === 'DELETE' ? refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges') : undefined;
  expect(await softDelete(world, hash)).toEqual({
    ok: false,
    failure: { code: 'delete-refused', detail: 'graph answered 403 Authorization_RequestDenied.' },
  });
  expect(world.directory.users.has(OLD_ID)).toBe(true);
  expect(world.records.auditLog.map((entry) => entry.stage)).toEqual(['before', 'refused']);
});

it('throttling becomes a wait of exactly the time that the directory asked for', async () => {
  const world = await createWorld();
  const hash = await world.storeSnapshot();
  world.directory.refuse = ({ method }) =>
    method === 'DELETE' ? refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 37 }) : undefined;
  expect(await softDelete(world, hash)).toEqual({ ok: false, afterSeconds: 37 });
});
