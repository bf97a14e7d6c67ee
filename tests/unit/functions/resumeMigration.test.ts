import { INVITE_BREAKER, type InviteBreaker } from '../../../domain/inviteBreaker';
import { migrationSchema } from '../../../domain/migration';
import type { MigrationRecord } from '../../../domain/record';
import { problemSchema } from '../../../functions/problems';
import { sweepMigrations } from '../../../functions/sweepMigrations';
import { expectDocumented } from '../../support/apiContract';
import {
  BASE_URL,
  createTestApp,
  GUEST_ID,
  NEW_ID,
  recordWith,
  type TestAnswer,
  type TestApp,
} from '../../support/testApp';

const PARENT = '0r2k4m6p8-00000000000000000001';
const THEN = '2026-11-02T07:00:00.000Z';
const OTHER_ADDRESS = 'jane@outlook.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const expired: Partial<MigrationRecord> = {
  status: 'Failed',
  phase: 'ended',
  outcome: 'expired',
  mostRounds: 3,
  snapshotHash: 'ab'.repeat(32),
  deleteAttemptedAt: THEN,
  purgeClaimedAt: THEN,
  purgedAt: THEN,
  guest: { oldId: GUEST_ID, newId: NEW_ID, displayName: null },
};
const comparison = { equal: 1, missing: [], extra: [] };

async function appWith(change: Partial<MigrationRecord> = {}): Promise<TestApp> {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: PARENT, ...expired, ...change }));
  return app;
}

async function resume(app: TestApp, body?: object, id = PARENT): Promise<TestAnswer> {
  const call = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) };
  const answer = await app.call('POST', `/api/migrations/${id}/resume`, call);
  expectDocumented(answer);
  return answer;
}

const idOf = ({ json }: TestAnswer) => migrationSchema.parse(json).id;
const codeOf = ({ status, json }: TestAnswer) => `${status} ${problemSchema.parse(json).code}`;
const rowOf = ({ records }: TestApp, id: string) => records.migrations.get(id);

describe('going on where a migration ended', () => {
  it('starts a new one, which knows where it is from, and the old one names it', async () => {
    const app = await appWith();
    const answer = await resume(app, { by: 'ops', comment: 'once more' });
    expect(answer.status).toBe(202);
    const id = idOf(answer);
    expect(answer.headers.get('location')).toBe(`${BASE_URL}/api/migrations/${id}/result`);
    expect(migrationSchema.parse(answer.json)).toMatchObject({ status: 'NotStarted', resumes: PARENT });
    expect(rowOf(app, id)).toMatchObject({ resumes: PARENT, startedBy: 'ops', purgeClaimedAt: THEN, mostRounds: 3 });
    expect(rowOf(app, PARENT)).toMatchObject({ resumedBy: id, updatedAt: THEN });
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(id);
    expect(app.records.auditLog).toMatchObject([
      { migrationId: id, action: 'resumeMigration', stage: 'requested', by: 'ops', detail: `${PARENT} once more` },
    ]);
  });

  it('asks the engine to begin in the middle, and nothing else to be waited for first', async () => {
    const request = { ...recordWith({ id: PARENT }).request, approval: true, remindAfterDays: [3] };
    const app = await appWith({ request, approvalHours: 72 });
    app.services.settings.purgeAfterRedemption = true;
    const id = idOf(await resume(app));
    expect(app.engine.inputs.get(id)).toEqual({
      migrationId: id,
      dryRun: false,
      acceptWithinDays: 30,
      parallelRestores: 4,
      attended: { rounds: 3, remindAfterDays: [3] },
      resumes: true,
    });
    expect(rowOf(app, id)).toMatchObject({ request: { approval: false, dryRun: false }, approvalHours: null });
  });

  it('takes another address; without one the earlier address stays', async () => {
    const request = { ...recordWith({ id: PARENT }).request, inviteEmail: 'first@outlook.example' };
    const with_ = await appWith({ request });
    expect(rowOf(with_, idOf(await resume(with_, { inviteEmail: OTHER_ADDRESS })))?.request.inviteEmail).toBe(
      OTHER_ADDRESS,
    );
    const without = await appWith({ request });
    expect(rowOf(without, idOf(await resume(without)))?.request.inviteEmail).toBe('first@outlook.example');
    expect(with_.logLines.join('\n')).not.toContain('outlook');
  });

  it.each([
    ['the guest has accepted with the personal account', { verdict: 'personal' }],
    ['the guest is on the way back', { turnedBackAt: THEN }],
  ] as const)('takes no other address once %s', async (_when, change) => {
    const app = await appWith(change);
    const answer = await resume(app, { inviteEmail: OTHER_ADDRESS });
    expect(codeOf(answer)).toBe('400 invalid-body');
    expect(problemSchema.parse(answer.json).field).toBe('inviteEmail');
    expect(app.records.migrations.size).toBe(1);
    expect((await resume(app)).status).toBe(202);
  });

  it.each(['failed', 'expired', 'cancelled', 'completedWithGaps'] as const)('is offered after %s', async (outcome) => {
    const app = await appWith({ outcome });
    const before = await app.call('GET', `/api/migrations/${PARENT}`);
    expect(migrationSchema.parse(before.json).links.resume).toBe(`${BASE_URL}/api/migrations/${PARENT}/resume`);
    const id = idOf(await resume(app));
    const after = migrationSchema.parse((await app.call('GET', `/api/migrations/${PARENT}`)).json);
    expect(after).toMatchObject({ resumedBy: id });
    expect(after.links.resume).toBeUndefined();
  });

  it.each([
    ['it runs', { phase: 'restoring', status: 'Running', outcome: null }],
    ['it completed', { outcome: 'completed' }],
    ['it was rejected', { outcome: 'rejected' }],
    ['it was a dry run', { outcome: 'planned' }],
    ['the old guest was given back', { outcome: 'cancelled', purgedAt: null }],
    ['the guest is back at the work account', { outcome: 'cancelled', turnedBackAt: THEN, comparison }],
    ['there is no snapshot', { snapshotHash: null }],
  ] as const)('is refused where %s', async (_name, change) => {
    const app = await appWith(change);
    const { json } = await app.call('GET', `/api/migrations/${PARENT}`);
    expect(migrationSchema.parse(json).links.resume).toBeUndefined();
    expect(codeOf(await resume(app))).toBe('409 nothing-to-resume');
    expect([app.records.migrations.size, app.records.locks.size, app.records.auditLog.length]).toEqual([1, 0, 0]);
  });

  it.each([
    ['of a way back that did not get through', { turnedBackAt: THEN }],
    ['of a reset whose answer was lost', { purgedAt: null, strategy: 'reset', resetAttemptedAt: THEN }],
    ['of a version that did not write down the purge', { purgedAt: null, mostRounds: null, inviteAttemptedAt: THEN }],
  ] as const)('is possible where it is the end %s', async (_name, change) => {
    const app = await appWith({ outcome: 'failed', ...change });
    expect((await resume(app)).status).toBe(202);
  });

  it('is refused while the invite breaker is open, and not by the budget of deletions', async () => {
    const app = await appWith();
    app.services.settings.dailyBudget = 0;
    const breaker: InviteBreaker = { openedAt: THEN, migrationId: PARENT, lastTriedAt: THEN };
    app.records.controls.set(INVITE_BREAKER, JSON.stringify(breaker));
    const refused = await resume(app);
    expect(codeOf(refused)).toBe('409 invite-breaker-open');
    expect([app.records.migrations.size, app.records.locks.size]).toEqual([1, 0]);
    app.records.controls.clear();
    expect((await resume(app)).status).toBe(202);
  });
});

describe('of many callers one gets it', () => {
  it('at the same moment', async () => {
    const app = await appWith();
    const answers = await Promise.all([resume(app), resume(app), resume(app)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    const id = idOf(answers.find(({ status }) => status === 202) as TestAnswer);
    expect([...app.engine.instances.keys()]).toEqual([id]);
    expect(rowOf(app, PARENT)?.resumedBy).toBe(id);
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(id);
    for (const { status, json } of answers) {
      if (status === 409) expect(problemSchema.parse(json).migrationId).toBe(id);
    }
  });

  it('and later ones are told which it is', async () => {
    const app = await appWith();
    const id = idOf(await resume(app));
    const again = await resume(app);
    expect(codeOf(again)).toBe('409 already-resumed');
    expect(problemSchema.parse(again.json).migrationId).toBe(id);
    expect(again.headers.get('location')).toBe(`${BASE_URL}/api/migrations/${id}`);
    expect(app.engine.starts).toBe(1);
  });

  it('also when the first has ended meanwhile with something done: that one is to be resumed', async () => {
    const app = await appWith();
    const id = idOf(await resume(app));
    await app.records.updateMigration(id, { ...expired, purgeClaimedAt: THEN });
    expect(codeOf(await resume(app))).toBe('409 already-resumed');
    expect((await resume(app, undefined, id)).status).toBe(202);
  });

  it('unless the guest is in the hands of another migration', async () => {
    const app = await appWith();
    await app.records.createMigration(recordWith({ id: 'another', status: 'Running' }));
    await app.records.lockGuest({ guestId: GUEST_ID, migrationId: 'another', lockedAt: THEN });
    expect(codeOf(await resume(app))).toBe('409 guest-already-migrating');
    expect(rowOf(app, PARENT)?.resumedBy).toBeNull();
  });
});

describe('one that did not come to anything makes way for another', () => {
  it.each([
    ['was rejected', { phase: 'ended', status: 'Failed', outcome: 'rejected' }],
    ['failed before it had a snapshot', { phase: 'ended', status: 'Failed', outcome: 'failed' }],
  ] as const)('when it %s', async (_how, change) => {
    const app = await appWith();
    const first = idOf(await resume(app));
    await app.records.updateMigration(first, change);
    const second = idOf(await resume(app));
    expect(second).not.toBe(first);
    expect(rowOf(app, PARENT)?.resumedBy).toBe(second);
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(second);
  });

  it('when its start died before its row was written', async () => {
    const app = await appWith();
    app.records.before = (operation) => {
      if (operation === 'createMigration') throw new Error('the process dies');
    };
    expect((await resume(app)).status).toBe(500);
    app.records.before = () => undefined;
    const dead = rowOf(app, PARENT)?.resumedBy;
    expect([typeof dead, app.records.migrations.size]).toEqual(['string', 1]);
    app.advance(3 * 60_000);
    const id = idOf(await resume(app));
    expect(rowOf(app, PARENT)?.resumedBy).toBe(id);
    expect([...app.engine.instances.keys()]).toEqual([id]);
  });
});

describe('one whose start died after its row was written', () => {
  async function halfStarted(): Promise<{ app: TestApp; id: string }> {
    const app = await appWith();
    app.engine.offline = true;
    expect((await resume(app)).status).toBe(503);
    app.engine.offline = false;
    const id = rowOf(app, PARENT)?.resumedBy ?? '';
    expect([rowOf(app, id)?.status, app.engine.instances.size]).toEqual(['NotStarted', 0]);
    return { app, id };
  }

  it('is started by the same request again, which names it', async () => {
    const { app, id } = await halfStarted();
    const again = await resume(app);
    expect(codeOf(again)).toBe('409 already-resumed');
    expect(problemSchema.parse(again.json).migrationId).toBe(id);
    expect(app.engine.inputs.get(id)).toMatchObject({ migrationId: id, resumes: true });
    expect(app.records.migrations.size).toBe(2);
  });

  it('is started by the sweeper, once', async () => {
    const { app, id } = await halfStarted();
    app.advance(61_000);
    await sweepMigrations(app.services);
    await sweepMigrations(app.services);
    expect([...app.engine.instances.keys()]).toEqual([id]);
    expect(app.engine.inputs.get(id)).toMatchObject({ resumes: true });
  });

  it('and whose guest went to another migration is replaced', async () => {
    const { app, id } = await halfStarted();
    app.records.locks.delete(GUEST_ID);
    const second = idOf(await resume(app));
    expect(rowOf(app, id)).toMatchObject({ phase: 'ended', outcome: 'rejected' });
    expect(rowOf(app, PARENT)?.resumedBy).toBe(second);
    expect([...app.engine.instances.keys()]).toEqual([second]);
  });
});
