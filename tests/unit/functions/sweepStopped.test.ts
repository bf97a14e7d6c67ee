import { inChunks } from '../../../functions/chunks';
import { sweepMigrations } from '../../../functions/sweepMigrations';
import { createTestApp, GUEST_ID, NEW_ID, recordWith, type TestApp } from '../../support/testApp';

const THEN = '2026-11-02T07:00:00.000Z';

/** A migration whose orchestration was terminated while the guest was in the recycle bin. */
async function stopped(app: TestApp, change: Partial<Parameters<typeof recordWith>[0]> = {}): Promise<void> {
  await app.records.createMigration(
    recordWith({ id: 'a', status: 'Running', phase: 'purging', deleteAttemptedAt: THEN, ...change }),
  );
  app.engine.instances.set('a', 'failed');
}

describe('a migration that was stopped from outside', () => {
  it('gives the guest back also when a purge was tried, because it may not have taken effect', async () => {
    const app = createTestApp();
    await stopped(app, { purgeClaimedAt: THEN, purgeAttemptedAt: THEN });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([`undeleteGuest ${GUEST_ID}`]);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended', error: { code: 'engine-stopped' } });
  });

  it.each([
    ['was tried', { inviteAttemptedAt: THEN }],
    ['was made', { guest: { oldId: GUEST_ID, newId: NEW_ID, displayName: null } }],
  ])('does not touch the old guest once an invitation %s', async (_name, change) => {
    const app = createTestApp();
    await stopped(app, { purgeClaimedAt: THEN, purgeAttemptedAt: THEN, ...change });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([]);
  });

  it('gives the old guest back that was kept, and takes the invited one away', async () => {
    const app = createTestApp();
    const guest = { oldId: GUEST_ID, newId: NEW_ID, displayName: null };
    await stopped(app, { phase: 'awaitingRedemption', inviteAttemptedAt: THEN, guest });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([`undeleteGuest ${GUEST_ID}`, `removeInvited ${NEW_ID}`]);
  });

  const invited = { inviteAttemptedAt: THEN, guest: { oldId: GUEST_ID, newId: NEW_ID, displayName: null } };

  it('gives the old guest back also when the purge was claimed after the redemption', async () => {
    const app = createTestApp();
    await stopped(app, { ...invited, mostRounds: 3, purgeClaimedAt: THEN, purgeAttemptedAt: THEN });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([`undeleteGuest ${GUEST_ID}`, `removeInvited ${NEW_ID}`]);
  });

  it.each([
    ['by us', { purgeClaimedAt: THEN, purgeAttemptedAt: THEN }],
    ['by somebody else', {}],
  ])('leaves the invited guest where the old one was purged %s: it is all there is', async (_by, change) => {
    const app = createTestApp();
    await stopped(app, { ...invited, mostRounds: 3, ...change });
    app.services.undo.undeleteGuest = () => Promise.resolve({ ok: true, value: { guest: 'gone' } });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([]);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended', error: { code: 'engine-stopped' } });
  });

  it('touches nobody once the purge is known to have taken effect, and leaves no wish open', async () => {
    const app = createTestApp();
    const wish = { kind: 'revert', by: 'ops', at: THEN } as const;
    await stopped(app, { ...invited, mostRounds: 3, purgeClaimedAt: THEN, purgedAt: THEN, wish });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual([]);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended', wish: null });
  });

  it.each([
    ['before the reset', {}, [`giveBackRoles ${GUEST_ID}`]],
    ['when the reset was tried', { resetAttemptedAt: THEN }, []],
    ['on the way back from a reset', { purgedAt: THEN, turnedBackAt: THEN }, []],
  ])('gives back roles that were taken away for a reset: %s', async (_when, change, undone) => {
    const app = createTestApp();
    const reset = { strategy: 'reset', rolesRemovedAt: THEN, snapshotHash: 'ab'.repeat(32) } as const;
    await stopped(app, { phase: 'inviting', deleteAttemptedAt: null, ...reset, ...change });
    await sweepMigrations(app.services);
    expect(app.undone).toEqual(undone);
  });

  it('says so when the guest could not be given back', async () => {
    const app = createTestApp();
    await stopped(app);
    const failure = { code: 'undo-failed', detail: 'graph answered 403 Forbidden.' } as const;
    app.services.undo.undeleteGuest = () => Promise.resolve({ ok: false, failure });
    await sweepMigrations(app.services);
    expect(app.records.migrations.get('a')).toMatchObject({ status: 'Failed', phase: 'ended', error: failure });
    expect(app.records.auditLog).toMatchObject([{ action: 'engineStopped' }]);
  });

  it('whose guest cannot be given back at the moment keeps nobody else waiting', async () => {
    const app = createTestApp();
    await stopped(app);
    app.services.undo.undeleteGuest = () => Promise.reject(new Error('the directory is away'));
    app.records.locks.set(NEW_ID, { guestId: NEW_ID, migrationId: 'dead', lockedAt: THEN });
    await expect(sweepMigrations(app.services)).rejects.toThrow('away');
    expect(app.records.locks.size).toBe(0);
    expect(app.records.migrations.get('a')?.phase).toBe('purging');
  });
});

it('a failure in one chunk does not keep the later ones from their turn', async () => {
  const done: number[] = [];
  const work = inChunks([1, 2, 3, 4, 5], 2, (item) => {
    if (item === 1) return Promise.reject(new Error('first'));
    done.push(item);
    return Promise.resolve();
  });
  await expect(work).rejects.toThrow('first');
  expect(done).toEqual([2, 3, 4, 5]);
});
