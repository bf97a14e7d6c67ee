import type { MigrationRecord } from '../../../domain/record';
import type { StepOutput } from '../../../domain/steps';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  INVITED_ADDRESS,
  MIGRATION_ID,
  OLD_ID,
  type ActivityWorld,
} from '../../support/activityWorld';
import { invitedUser, NEW_ID } from '../../support/invitedUser';
import { refusal } from '../../support/recordedCalls';

const PARENT_ID = 'm-0000';
const THEN = '2026-02-01T07:00:00.000Z';
const OTHER_ADDRESS = 'ada.other@personal.example';

type Change = Partial<MigrationRecord>;
interface Resumed {
  world: ActivityWorld;
  go: () => ReturnType<ActivityWorld['run']>;
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
  it('of a guest whom somebody else purged before the claim stays past the point of no return', async () => {
    const parent = { purgeClaimedAt: null, guest: { oldId: OLD_ID, newId: null, displayName: null } };
    const run = await resuming(parent);
    expect((await valueOf(run)).plan).not.toBeNull();
    expect(run.world.row().purgeClaimedAt).not.toBeNull();
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
});

describe('nothing is changed', () => {
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
