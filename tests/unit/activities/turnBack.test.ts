import type { MigrationRecord } from '../../../domain/record';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  type ActivityWorld,
} from '../../support/activityWorld';
import { invitedUser, NEW_ID } from '../../support/invitedUser';
import { refusal } from '../../support/recordedCalls';

const THEN = '2026-03-01T07:00:00.000Z';
const wish = { kind: 'revert', by: 'ops', at: THEN } as const;
const OWN_ADDRESS = 'ada@work.example';

interface Turning {
  world: ActivityWorld;
  snapshotHash: string;
  turnBack: (newId?: string) => ReturnType<ActivityWorld['run']>;
}

/** A run in the middle of restoring, of which somebody wants the way back. */
async function turning(change: Partial<MigrationRecord> = {}): Promise<Turning> {
  const world = await createWorld({
    phase: 'inviting',
    status: 'Running',
    mostRounds: 3,
    purgedAt: THEN,
    purgeClaimedAt: THEN,
    inviteAttemptedAt: THEN,
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    invitation: { sentAt: THEN, remindersSent: 1, expiresAt: '2026-03-31T07:00:00.000Z', rounds: 2 },
    access: { captured: 1, restored: 1, alreadyPresent: 0, manual: 0, failed: 0 },
    verdict: 'personal',
    invitedAgain: { why: 'resend', number: 1, at: THEN, done: true },
    wish,
    ...change,
  });
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, invitedUser('accepted'));
  const snapshotHash = await world.storeSnapshot();
  await world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
  await world.records.lockGuest({ guestId: NEW_ID, migrationId: MIGRATION_ID, lockedAt: THEN });
  const turnBack = (newId = NEW_ID) =>
    world.run('turnBack', { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, newId });
  return { world, snapshotHash, turnBack };
}

/** The row's request with the guest's own address, or with none. */
const sameAccount = (inviteEmail?: string): Partial<MigrationRecord> => ({
  request: {
    guest: OLD_ID,
    strategy: 'recreate',
    dryRun: false,
    approval: false,
    acceptWithinDays: 30,
    skipAccess: [],
    ...(inviteEmail === undefined ? {} : { inviteEmail }),
  },
});

/** Runs the step as the orchestrator does. */
async function untilDone({ world, turnBack }: Turning): Promise<unknown> {
  for (let tries = 0; tries < 20; tries += 1) {
    const outcome = await turnBack().catch(() => undefined);
    if (outcome?.ok === true || (outcome !== undefined && 'failure' in outcome)) return outcome;
    world.advanceSeconds(outcome === undefined ? 2 : outcome.afterSeconds);
  }
  throw new Error('The step never answers.');
}

/** What is left of the way there. */
async function expectForgotten({ world }: Turning): Promise<void> {
  expect(world.row()).toMatchObject({
    guest: { oldId: OLD_ID, newId: null },
    invitation: null,
    inviteAttemptedAt: null,
    verdict: null,
    comparison: null,
    invitedAgain: null,
    wish: null,
    removedId: NEW_ID,
    access: { captured: 1, restored: 0 },
  });
  expect(world.row().turnedBackAt).not.toBeNull();
  expect(await world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
  expect(world.records.locks.has(NEW_ID)).toBe(false);
  expect(world.directory.users.has(NEW_ID)).toBe(false);
  expect(world.directory.deleted.has(NEW_ID)).toBe(true);
}

describe('turning back', () => {
  it('takes the invited guest away with what they were given, and forgets them', async () => {
    const run = await turning();
    expect(await run.turnBack()).toEqual({ ok: true, value: { newId: null } });
    await expectForgotten(run);
    expect(run.world.records.auditLog.map(({ action, stage }) => `${action} ${stage}`)).toEqual([
      'turnBack before',
      'removeInvited before',
      'removeInvited after',
      'turnBack after',
    ]);
  });

  it('comes to the same after a deletion whose answer was lost', async () => {
    const run = await turning();
    run.world.directory.loseAnswer = ({ method }) => (method === 'DELETE' ? refusal(0, 'timeout') : undefined);
    expect(await untilDone(run)).toEqual({ ok: true, value: { newId: null } });
    await expectForgotten(run);
    expect(run.world.directory.writes()).toHaveLength(1);
  });

  it('comes to the same when the process dies at any of its writes', async () => {
    const writes = ['clearGrantResults', 'decideOnMigration', 'updateMigration', 'audit', 'releaseGuest'] as const;
    for (const write of writes) {
      for (const nth of [1, 2, 3]) {
        const run = await turning();
        let seen = 0;
        run.world.records.before = (operation) => {
          if (operation === write && (seen += 1) === nth) throw new Error('the process dies');
        };
        expect(await untilDone(run)).toEqual({ ok: true, value: { newId: null } });
        run.world.records.before = () => undefined;
        // A lock that is left behind is released with the others at the end.
        await run.world.run('finishMigration', { migrationId: MIGRATION_ID, outcome: 'cancelled', error: null });
        expect(run.world.records.locks.has(NEW_ID)).toBe(false);
        expect(run.world.row()).toMatchObject({ guest: { newId: null }, removedId: NEW_ID, outcome: 'cancelled' });
        expect(await run.world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
      }
    }
  });

  it('of two executions at once deletes once, and neither undoes what the other did', async () => {
    const run = await turning();
    const settled = await Promise.allSettled([run.turnBack(), run.turnBack()]);
    expect(settled.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await untilDone(run)).toEqual({ ok: true, value: { newId: null } });
    await expectForgotten(run);
    const turned = run.world.records.auditLog.filter(({ action }) => action === 'turnBack');
    expect(turned.length).toBeGreaterThanOrEqual(2);
  });

  it('a late duplicate, when the original address is invited, leaves the new guest alone', async () => {
    const run = await turning();
    await run.turnBack();
    const nextId = '0e000000-0000-4000-8000-000000000003';
    run.world.directory.users.set(nextId, invitedUser('work', { id: nextId, mail: OWN_ADDRESS }));
    const guest = { oldId: OLD_ID, newId: nextId, displayName: null };
    await run.world.records.updateMigration(MIGRATION_ID, { guest, phase: 'restoring', verdict: 'work' });
    await run.world.records.saveGrantResults(MIGRATION_ID, [{ index: 0, result: 'restored', detail: '' }]);
    const before = { row: run.world.row(), writes: run.world.directory.writes().length };
    expect(await run.turnBack()).toEqual({ ok: true, value: { newId: null } });
    expect(run.world.row()).toEqual(before.row);
    expect(run.world.directory.writes()).toHaveLength(before.writes);
    expect(await run.world.records.readGrantResults(MIGRATION_ID)).toHaveLength(1);
  });

  it.each([
    ['the same address was invited', sameAccount('ADA@work.example')],
    ['no other address was named', sameAccount()],
    ['the guest was reset', { strategy: 'reset', resetAttemptedAt: THEN, purgedAt: null } as const],
  ])('keeps the account where %s', async (_why, change) => {
    const run = await turning(change);
    expect(await run.turnBack()).toEqual({ ok: true, value: { newId: NEW_ID } });
    expect(run.world.directory.writes()).toEqual([]);
    const row = run.world.row();
    expect(row).toMatchObject({ guest: { newId: NEW_ID }, verdict: null, invitedAgain: null, wish: null });
    expect(row).toMatchObject({ resetAttemptedAt: null, purgedAt: THEN, access: { captured: 1, restored: 0 } });
    expect(await run.world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
    run.world.advanceSeconds(5);
    expect(await run.turnBack()).toEqual({ ok: true, value: { newId: NEW_ID } });
    expect(run.world.row()).toEqual(row);
  });

  it('waits for nothing that somebody else wants, and loses it not', async () => {
    const other = { kind: 'resend', by: 'ops', at: THEN } as const;
    const run = await turning({ wish: other });
    await run.turnBack();
    expect(run.world.row().wish).toEqual(other);
  });
});

describe('nothing is changed', () => {
  it('without a verified snapshot', async () => {
    const { world } = await turning();
    const before = world.row();
    const input = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: 'a'.repeat(64), newId: NEW_ID };
    expect(await world.run('turnBack', input)).toMatchObject({ ok: false, failure: { code: 'snapshot-unverified' } });
    expect(world.row()).toEqual(before);
    expect(world.directory.writes()).toEqual([]);
  });

  it.each<[string, Partial<MigrationRecord>, string]>([
    ['of an account that is not the invited guest', {}, '0e000000-0000-4000-8000-00000000000f'],
    ['once the migration has ended', { phase: 'ended' }, NEW_ID],
  ])('%s', async (_why, change, newId) => {
    const run = await turning(change);
    const before = run.world.row();
    await expect(run.turnBack(newId)).rejects.toThrow('turnBack: unexpected Error');
    expect(run.world.row()).toEqual(before);
    expect(run.world.directory.writes()).toEqual([]);
  });
});

describe('a late duplicate of the way there', () => {
  async function back(change: Partial<MigrationRecord> = {}): Promise<Turning> {
    const run = await turning(change);
    await run.turnBack();
    return run;
  }

  it.each(['completed', 'completedWithGaps'])('does not end the way back as %s', async (outcome) => {
    const run = await back();
    const before = run.world.row();
    const ended = await run.world.run('finishMigration', { migrationId: MIGRATION_ID, outcome, error: null });
    expect(ended).toEqual({ ok: true, value: { wish: 'revert' } });
    expect(run.world.row()).toEqual(before);
  });

  it('does not restore to, or report on, an account that is kept', async () => {
    const run = await back(sameAccount());
    const row = run.world.row();
    const { snapshotHash } = run;
    const of = { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash, lastTry: true };
    // As a replica still shows the account: with the work identity that is wanted on the way back.
    run.world.directory.users.set(NEW_ID, invitedUser('work'));
    await expect(run.world.run('restoreGrants', { ...of, indexes: [0] })).rejects.toThrow('unexpected Error');
    await expect(run.world.run('verifyAccess', of)).rejects.toThrow('unexpected Error');
    expect(run.world.row()).toEqual(row);
    expect(await run.world.records.readGrantResults(MIGRATION_ID)).toEqual([]);
    expect(run.world.directory.writes()).toEqual([]);
  });

  it('that reads the identity while the run turns back does not say it of the way back', async () => {
    const run = await turning(sameAccount());
    run.world.directory.users.set(NEW_ID, invitedUser('work'));
    run.world.advanceSeconds(CONSISTENCY_SECONDS);
    let turned = false;
    run.world.directory.loseAnswer = () => {
      if (!turned) {
        turned = true;
        void run.turnBack();
      }
      return undefined;
    };
    let decisions = 0;
    run.world.records.before = async (operation) => {
      // The reading writes after the run has turned back.
      if (operation !== 'decideOnMigration' || (decisions += 1) > 1) return;
      while (run.world.row().turnedBackAt === null) await new Promise((resolve) => setImmediate(resolve));
    };
    await run.world.run('readRedemption', { migrationId: MIGRATION_ID, newId: NEW_ID });
    expect(run.world.row()).toMatchObject({ verdict: null });
    expect(run.world.row().turnedBackAt).not.toBeNull();
  });
});
