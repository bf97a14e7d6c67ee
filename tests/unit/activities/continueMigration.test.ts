import type { MigrationRecord } from '../../../domain/record';
import type { StepOutput } from '../../../domain/steps';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  INVITED_ADDRESS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import { invitedUser, NEW_ID } from '../../support/invitedUser';
import { refusal } from '../../support/recordedCalls';

const PARENT_ID = 'm-0000';
const THEN = '2026-02-01T07:00:00.000Z';
const OTHER_ADDRESS = 'ada.other@personal.example';
const THIRD_ID = '0e000000-0000-4000-8000-000000000003';

type Change = Partial<MigrationRecord>;
interface Resumed {
  world: ActivityWorld;
  go(): ReturnType<ActivityWorld['run']>;
}

/** A migration that continues one which expired; `parent` and `child` overwrite fields of the rows. */
async function resuming(parent: Change = {}, child: Change = {}): Promise<Resumed> {
  const world = await createWorld({
    resumes: PARENT_ID,
    mostRounds: 3,
    purgeClaimedAt: '2026-03-01T07:59:00.000Z',
    ...child,
  });
  const { request } = world.row();
  const snapshotHash = await world.storeSnapshot({ migrationId: PARENT_ID });
  await world.records.createMigration({
    ...world.row(),
    id: PARENT_ID,
    resumes: null,
    request: { ...request, inviteEmail: INVITED_ADDRESS },
    phase: 'ended',
    status: 'Failed',
    outcome: 'expired',
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: 'Ada Lovelace' },
    deleteAttemptedAt: THEN,
    purgeClaimedAt: THEN,
    purgedAt: THEN,
    inviteAttemptedAt: THEN,
    snapshotHash,
    ...parent,
  });
  world.directory.users.delete(OLD_ID);
  const { roles, ...self } = await world.deps.graph.ownIdentity();
  world.deps.graph.ownIdentity = () => Promise.resolve({ ...self, roles: [...roles, 'GroupMember.ReadWrite.All'] });
  return { world, go: () => world.run('continueMigration', { migrationId: MIGRATION_ID }) };
}

type Answer = StepOutput<'continueMigration'>;
async function valueOf({ go }: Resumed): Promise<Answer> {
  const outcome = await go();
  if (!outcome.ok) throw new Error(`The step answered ${JSON.stringify(outcome)}.`);
  return outcome.value as Answer;
}

/** The guest whom the earlier migration took away when the time was up. */
function takenAway({ world }: Resumed): void {
  world.directory.deleted.set(NEW_ID, invitedUser('pending'));
}

const writesOf = ({ world }: Resumed) => world.directory.writes().map(({ method, path }) => `${method} ${path}`);

describe('going on', () => {
  it('copies the snapshot, and what later steps need, under the own id; again is the same', async () => {
    const run = await resuming({ guest: { oldId: OLD_ID, newId: null, displayName: 'Ada Lovelace' } });
    const first = await valueOf(run);
    expect(first).toMatchObject({ failedChecks: [], invited: null });
    expect(first.plan).toMatchObject({ guestId: OLD_ID, grants: 1, strategy: 'recreate', back: false });
    const hash = first.plan?.snapshotHash ?? '';
    expect(await run.world.documents.readSnapshot(MIGRATION_ID, hash)).toMatchObject({
      migrationId: MIGRATION_ID,
      guest: { id: OLD_ID },
    });
    const row = run.world.row();
    expect(row).toMatchObject({
      snapshotHash: hash,
      purgedAt: THEN,
      deleteAttemptedAt: THEN,
      access: { captured: 1, restored: 0 },
    });
    expect(row.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(await valueOf(run)).toEqual(first);
    expect(run.world.row()).toEqual({ ...row, updatedAt: run.world.row().updatedAt });
    expect(writesOf(run)).toEqual([]);
  });

  it('of a guest whom somebody else purged before the claim stays past the point of no return', async () => {
    const parent = { purgeClaimedAt: null, guest: { oldId: OLD_ID, newId: null, displayName: null } };
    const run = await resuming(parent);
    expect((await valueOf(run)).plan).not.toBeNull();
    expect(run.world.row().purgeClaimedAt).not.toBeNull();
  });

  it.each(['pending', 'accepted'] as const)('uses the guest who is there (%s), and takes them', async (state) => {
    const run = await resuming();
    run.world.directory.users.set(NEW_ID, invitedUser(state));
    expect((await valueOf(run)).invited).toEqual({ newId: NEW_ID, state });
    expect(run.world.row().guest.newId).toBe(NEW_ID);
    expect(run.world.records.locks.get(NEW_ID)?.migrationId).toBe(MIGRATION_ID);
    expect(writesOf(run)).toEqual([]);
  });

  it('gives the guest back who was taken away when the time was up, once', async () => {
    const run = await resuming({ removedId: NEW_ID });
    takenAway(run);
    expect((await valueOf(run)).invited).toEqual({ newId: NEW_ID, state: 'pending' });
    expect((await valueOf(run)).invited).toEqual({ newId: NEW_ID, state: 'pending' });
    expect(writesOf(run)).toEqual([`POST /directory/deletedItems/${NEW_ID}/restore`]);
    expect(run.world.directory.users.has(NEW_ID)).toBe(true);
  });

  it('finds the guest whose giving back was not answered', async () => {
    const run = await resuming({ removedId: NEW_ID });
    takenAway(run);
    run.world.directory.loseAnswer = ({ method }) => (method === 'POST' ? refusal(0, 'timeout') : undefined);
    await expect(run.go()).rejects.toThrow('timeout');
    expect((await valueOf(run)).invited).toEqual({ newId: NEW_ID, state: 'pending' });
    expect(writesOf(run)).toHaveLength(1);
  });

  it('does not give back somebody whom the earlier migration took away before it turned back', async () => {
    // The way back invited a third account, which somebody deleted for good.
    const guest = { oldId: OLD_ID, newId: THIRD_ID, displayName: null };
    const run = await resuming({ removedId: NEW_ID, turnedBackAt: THEN, guest });
    takenAway(run);
    const answer = await valueOf(run);
    expect(answer).toMatchObject({ invited: null, plan: { back: true } });
    expect(writesOf(run)).toEqual([]);
    expect(run.world.directory.users.has(NEW_ID)).toBe(false);
  });

  it('does not give back whom somebody else deleted', async () => {
    const run = await resuming({ removedId: null });
    takenAway(run);
    expect((await valueOf(run)).invited).toBeNull();
    expect(writesOf(run)).toEqual([]);
  });
});

describe('with another address', () => {
  const otherAddress = async (): Promise<Resumed> => {
    const run = await resuming();
    run.world.directory.users.set(NEW_ID, invitedUser('pending'));
    const { request } = run.world.row();
    await run.world.records.updateMigration(MIGRATION_ID, { request: { ...request, inviteEmail: OTHER_ADDRESS } });
    return run;
  };
  const untilAnswered = async (run: Resumed): Promise<unknown> => {
    for (let tries = 0; tries < 20; tries += 1) {
      const outcome = await run.go().catch(() => undefined);
      if (outcome?.ok === true || (outcome !== undefined && 'failure' in outcome)) return outcome;
      run.world.advanceSeconds(outcome === undefined ? 2 : outcome.afterSeconds);
    }
    throw new Error('The step never answers.');
  };

  it('the guest of the first one is taken away, and their lock released', async () => {
    const run = await otherAddress();
    expect((await valueOf(run)).invited).toBeNull();
    expect(run.world.row()).toMatchObject({ guest: { newId: null }, inviteAttemptedAt: null, removedId: NEW_ID });
    expect([...run.world.records.locks.values()].filter(({ guestId }) => guestId === NEW_ID)).toEqual([]);
    expect(writesOf(run)).toEqual([`DELETE /users/${NEW_ID}`]);
  });

  it('a deletion whose answer was lost is not repeated, and the lock is released at the end', async () => {
    const run = await otherAddress();
    run.world.directory.loseAnswer = ({ method }) => (method === 'DELETE' ? refusal(0, 'timeout') : undefined);
    expect(await untilAnswered(run)).toMatchObject({ ok: true, value: { invited: null } });
    expect(writesOf(run)).toEqual([`DELETE /users/${NEW_ID}`]);
    await run.world.run('finishMigration', { migrationId: MIGRATION_ID, outcome: 'expired', error: null });
    expect(run.world.records.locks.size).toBe(0);
  });

  it('a deletion that is refused ends it, and is not tried for days', async () => {
    const run = await otherAddress();
    run.world.directory.refuse = ({ method }) => (method === 'DELETE' ? refusal(403, 'Forbidden') : undefined);
    expect(await run.go()).toMatchObject({ ok: false, failure: { code: 'delete-refused' } });
  });

  it('that is the same in other letters, the guest is kept', async () => {
    const run = await otherAddress();
    const request = { ...run.world.row().request, inviteEmail: INVITED_ADDRESS.toUpperCase() };
    await run.world.records.updateMigration(MIGRATION_ID, { request });
    expect((await valueOf(run)).invited).toEqual({ newId: NEW_ID, state: 'pending' });
    expect(writesOf(run)).toEqual([]);
  });
});

describe('nothing is changed', () => {
  it.each<[string, (world: ActivityWorld) => void, string]>([
    [
      'while the old guest lies in the recycle bin',
      ({ directory }) => directory.deleted.set(OLD_ID, oldGuest()),
      'migration-resumable',
    ],
    [
      'while the old guest is there',
      ({ directory }) => directory.users.set(OLD_ID, { ...oldGuest(), mail: null }),
      'migration-resumable',
    ],
    [
      'while somebody else holds the address',
      ({ directory }) => directory.users.set(THIRD_ID, invitedUser('accepted', { id: THIRD_ID })),
      'invite-address-free',
    ],
  ])('%s', async (_when, prepare, check) => {
    const run = await resuming({ removedId: NEW_ID });
    takenAway(run);
    prepare(run.world);
    expect(await valueOf(run)).toEqual({ failedChecks: [check], plan: null, invited: null });
    expect(writesOf(run)).toEqual([]);
    expect(run.world.row()).toMatchObject({ snapshotHash: null, guest: { newId: null } });
  });

  it('where another migration works on the guest who was invited', async () => {
    const run = await resuming();
    run.world.directory.users.set(NEW_ID, invitedUser('pending'));
    await run.world.records.createMigration({ ...run.world.row(), id: 'm-0002', phase: 'capturing' });
    await run.world.records.lockGuest({ guestId: NEW_ID, migrationId: 'm-0002', lockedAt: THEN });
    expect(await run.go()).toMatchObject({ ok: false, failure: { code: 'invited-someone-else' } });
    expect(run.world.records.locks.get(NEW_ID)?.migrationId).toBe('m-0002');
  });

  it('where the snapshot was altered', async () => {
    const run = await resuming();
    const text = run.world.documents.snapshots.get(PARENT_ID) ?? '';
    run.world.documents.snapshots.set(PARENT_ID, text.replace('Readers', 'Writers'));
    expect(await run.go()).toMatchObject({ ok: false, failure: { code: 'snapshot-unverified' } });
    expect(run.world.row().snapshotHash).toBeNull();
  });

  it.each(['inviting', 'awaitingRedemption', 'restoring', 'ended'] as const)(
    'by a late duplicate in the phase %s, also when the guest was taken away since',
    async (phase) => {
      const run = await resuming({ removedId: NEW_ID }, { phase, status: 'Running' });
      takenAway(run);
      run.world.advanceSeconds(CONSISTENCY_SECONDS);
      const row = run.world.row();
      await expect(run.go()).rejects.toThrow('continueMigration: unexpected Error');
      expect(run.world.row()).toEqual(row);
      expect(writesOf(run)).toEqual([]);
    },
  );
});
