import { migrationSchema } from '../../../domain/migration';
import type { MigrationRecord } from '../../../domain/record';
import { switchInputSchema } from '../../../domain/steps';
import { problemSchema } from '../../../functions/problems';
import { sweepMigrations } from '../../../functions/sweepMigrations';
import { expectDocumented } from '../../support/apiContract';
import { BASE_URL, createTestApp, GUEST_ID, recordWith, type TestAnswer, type TestApp } from '../../support/testApp';

const ID = '0r2k4m6p8-00000000000000000001';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const NOW = '2026-11-02T08:00:00.000Z';
const waiting = { status: 'Running', phase: 'awaitingApproval', approvalHours: 72, startedBy: 'Asker' } as const;

async function post(app: TestApp, path: string, body: object): Promise<TestAnswer> {
  const answer = await app.call('POST', path, { headers: JSON_TYPE, body: JSON.stringify(body) });
  expectDocumented(answer);
  return answer;
}

const decide = (app: TestApp, route: 'approve' | 'reject', body: object = { by: 'Olga' }) =>
  post(app, `/api/migrations/${ID}/${route}`, body);

async function appWith(change: Partial<MigrationRecord> = waiting): Promise<TestApp> {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: ID, ...change }));
  app.engine.instances.set(ID, 'running');
  return app;
}

const rowOf = (app: TestApp) => app.records.migrations.get(ID);
const codeOf = (answer: TestAnswer) => problemSchema.parse(answer.json).code;
const wakes = (app: TestApp) => app.engine.raised.filter(({ event }) => event === 'approvalDecided').length;

describe('an answer', () => {
  it.each([
    ['approve', 'approved', 'approveMigration'],
    ['reject', 'rejected', 'rejectMigration'],
  ] as const)(
    '%s is written down with who, why and when, wakes the run, and is audited',
    async (route, decision, action) => {
      const app = await appWith();
      const answer = await decide(app, route, { by: ' Olga ', comment: 'as discussed' });
      expect(answer.status).toBe(202);
      expect(answer.headers.get('operation-location')).toBe(`${BASE_URL}/api/migrations/${ID}`);
      const approval = { decision, by: 'Olga', comment: 'as discussed', at: NOW };
      expect(rowOf(app)?.approval).toEqual(approval);
      expect(migrationSchema.parse(answer.json).approval).toEqual(approval);
      expect(app.engine.raised).toEqual([{ id: ID, event: 'approvalDecided' }]);
      const entry = { migrationId: ID, at: NOW, by: 'Olga', action, targetId: GUEST_ID, detail: 'as discussed' };
      expect(app.records.auditLog).toEqual([
        { ...entry, stage: 'requested' },
        { ...entry, stage: 'after' },
      ]);
      expect(app.logLines.join()).not.toMatch(/Olga|discussed/);
    },
  );

  it('that comes before the wait is kept; the run reads it when the wait begins', async () => {
    const app = await appWith({ ...waiting, phase: 'capturing' });
    expect((await decide(app, 'approve')).status).toBe(202);
    expect(rowOf(app)?.approval?.decision).toBe('approved');
    expect(wakes(app)).toBe(0);
  });

  it('of the same caller may be repeated, also after the end, and stays the first', async () => {
    const app = await appWith();
    await decide(app, 'reject', { by: 'Olga', comment: 'no' });
    const first = rowOf(app)?.approval;
    app.advance(60_000);
    expect((await decide(app, 'reject', { by: 'OLGA', comment: 'still no' })).status).toBe(202);
    await app.records.updateMigration(ID, { phase: 'ended', status: 'Failed', outcome: 'rejected' });
    expect((await decide(app, 'reject', { by: 'olga ' })).status).toBe(202);
    expect(rowOf(app)?.approval).toEqual(first);
    expect(app.records.auditLog).toHaveLength(2);
  });

  it.each([
    ['another answer of the same caller', 'reject', 'Olga'],
    ['the same answer of another caller', 'approve', 'Piet'],
    ['another answer of another caller', 'reject', 'Piet'],
  ] as const)('once given is not replaced by %s', async (_what, route, by) => {
    const app = await appWith();
    await decide(app, 'approve');
    const second = await decide(app, route, { by });
    expect([second.status, codeOf(second)]).toEqual([409, 'already-decided']);
    expect(rowOf(app)?.approval).toMatchObject({ decision: 'approved', by: 'Olga' });
    expect(wakes(app)).toBe(1);
  });

  it('is one when twenty callers race, and everybody else is told so', async () => {
    const app = await appWith();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => decide(app, n % 2 === 0 ? 'approve' : 'reject', { by: `caller ${n}` })),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 202).map(codeOf))).toEqual(new Set(['already-decided']));
    const after = app.records.auditLog.filter(({ stage }) => stage === 'after');
    expect(after.map(({ by }) => by)).toEqual([rowOf(app)?.approval?.by]);
  });

  it('races with the end of the time: one of the two is in force, and the caller is told which', async () => {
    const app = await appWith();
    const timedOut = { decision: 'timedOut', by: 'app', comment: '', at: NOW } as const;
    const closing = app.records.decideOnMigration(ID, ({ approval }) =>
      approval === null ? { approval: timedOut } : undefined,
    );
    const [answer] = await Promise.all([decide(app, 'approve'), closing]);
    expect(answer.status).toBe(rowOf(app)?.approval?.decision === 'approved' ? 202 : 409);
  });

  it.each([
    ['none is needed', { ...waiting, approvalHours: null }, 409, 'approval-not-awaited'],
    ['it is past that', { ...waiting, phase: 'deleting' }, 409, 'approval-not-awaited'],
    ['a cancel was asked for', { ...waiting, cancelRequestedAt: NOW }, 409, 'approval-not-awaited'],
    ['it has ended', { ...waiting, phase: 'ended', status: 'Failed', outcome: 'rejected' }, 409, 'migration-ended'],
  ] as const)('is refused when %s', async (_why, change, status, code) => {
    const app = await appWith(change);
    for (const route of ['approve', 'reject'] as const) {
      const answer = await decide(app, route);
      expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    }
    expect(rowOf(app)?.approval).toBeNull();
    expect([app.records.auditLog, app.engine.raised]).toEqual([[], []]);
  });

  it('about a migration that nobody knows is 404', async () => {
    expect(codeOf(await decide(createTestApp(), 'approve'))).toBe('migration-not-found');
  });

  it('counts although the engine does not answer; the sweeper wakes the run later, until it goes on', async () => {
    const app = await appWith();
    app.engine.offline = true;
    expect((await decide(app, 'approve')).status).toBe(202);
    expect(app.logLines.join()).toContain('wake-failed');
    app.engine.offline = false;
    await sweepMigrations(app.services);
    expect(wakes(app)).toBe(0);
    app.advance(3 * 60_000);
    await sweepMigrations(app.services);
    expect(wakes(app)).toBe(1);
    await app.records.updateMigration(ID, { phase: 'deleting' });
    app.advance(3 * 60_000);
    await sweepMigrations(app.services);
    expect(wakes(app)).toBe(1);
  });

  it('is not looked for where nobody gave one', async () => {
    const app = await appWith();
    app.advance(3 * 60_000);
    await sweepMigrations(app.services);
    expect(app.engine.raised).toEqual([]);
  });
});

describe('a cancel', () => {
  const cancel = (app: TestApp) => post(app, `/api/migrations/${ID}/cancel`, {});

  it('wakes a run that waits for its approval', async () => {
    const app = await appWith();
    expect((await cancel(app)).status).toBe(202);
    expect(wakes(app)).toBe(1);
  });

  it('wakes no other', async () => {
    const app = await appWith({ ...waiting, phase: 'deleting' });
    expect((await cancel(app)).status).toBe(202);
    expect(app.engine.raised).toEqual([]);
  });

  it('whose wake is lost is repeated by the sweeper', async () => {
    const app = await appWith();
    app.engine.offline = true;
    expect((await cancel(app)).status).toBe(202);
    app.engine.offline = false;
    app.advance(3 * 60_000);
    await sweepMigrations(app.services);
    expect(wakes(app)).toBe(1);
  });
});

describe('four eyes', () => {
  async function fourEyes(change: Partial<MigrationRecord> = waiting): Promise<TestApp> {
    const app = await appWith(change);
    app.services.settings.approvalFourEyes = true;
    return app;
  }

  it.each(['Asker', 'asker', '  ASKER ', 'Ａsker'])('the starter does not approve, spelt %j', async (by) => {
    const app = await fourEyes();
    const answer = await decide(app, 'approve', { by });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'approver-is-starter']);
    expect(rowOf(app)?.approval).toBeNull();
    expect(app.engine.raised).toEqual([]);
  });

  it('somebody else approves, and the starter may reject', async () => {
    expect((await decide(await fourEyes(), 'approve', { by: 'Olga' })).status).toBe(202);
    expect((await decide(await fourEyes(), 'reject', { by: 'Asker' })).status).toBe(202);
  });

  it('nobody approves what nobody is known to have started', async () => {
    const app = await fourEyes({ ...waiting, startedBy: 'function-key' });
    expect(codeOf(await decide(app, 'approve'))).toBe('approver-is-starter');
  });

  it('a start that needs an approval says who asks; others need not', async () => {
    const app = createTestApp();
    app.services.settings.approvalFourEyes = true;
    const silent = await post(app, '/api/migrations', { guest: GUEST_ID, approval: true });
    expect(problemSchema.parse(silent.json)).toMatchObject({ code: 'invalid-body', field: 'by' });
    expect(app.records.migrations.size).toBe(0);
    expect((await post(app, '/api/migrations', { guest: GUEST_ID })).status).toBe(202);
  });

  it('where it is off the starter may approve', async () => {
    expect((await decide(await appWith(), 'approve', { by: 'Asker' })).status).toBe(202);
  });
});

describe('a start', () => {
  async function start(body: object, settings: Partial<TestApp['services']['settings']> = {}) {
    const app = createTestApp();
    Object.assign(app.services.settings, settings);
    const migration = migrationSchema.parse((await post(app, '/api/migrations', { guest: GUEST_ID, ...body })).json);
    return { app, migration, input: switchInputSchema.parse(app.engine.inputs.get(migration.id)) };
  }

  it.each([
    ['asks for an approval', { approval: true }, {}, 72],
    ['asks for one, with another time', { approval: true }, { approvalTimeoutHours: 5 }, 5],
    ['must have one', {}, { approvalRequired: true }, 72],
    ['asks for none', {}, {}, undefined],
    ['is a dry run', { approval: true, dryRun: true }, {}, undefined],
    ['is a dry run where others must have one', { dryRun: true }, { approvalRequired: true }, undefined],
  ])('that %s tells the engine how long to wait', async (_what, body, settings, hours) => {
    const { app, migration, input } = await start(body, settings);
    expect(input.approvalHours).toBe(hours);
    expect(app.records.migrations.get(migration.id)?.approvalHours).toBe(hours ?? null);
    expect('approvalHours' in input).toBe(hours !== undefined);
    expect('approval' in migration).toBe(hours !== undefined);
    expect('approve' in migration.links).toBe(hours !== undefined);
  });

  it('keeps who asks, in the row and in the audit log', async () => {
    const { app, migration } = await start({ by: ' service desk ' });
    expect(app.records.migrations.get(migration.id)?.startedBy).toBe('service desk');
    expect(app.records.auditLog).toMatchObject([{ action: 'startMigration', by: 'service desk' }]);
  });

  it('that was interrupted waits as long as it was to, whatever the settings are by then', async () => {
    const app = await appWith({ status: 'NotStarted', approvalHours: 9 });
    app.engine.instances.clear();
    app.records.locks.set(GUEST_ID, { guestId: GUEST_ID, migrationId: ID, lockedAt: NOW });
    app.advance(3 * 60_000);
    await sweepMigrations(app.services);
    expect(switchInputSchema.parse(app.engine.inputs.get(ID)).approvalHours).toBe(9);
  });
});

it('the links to answer are there as long as an answer is taken', async () => {
  const linksIn = async (change: Partial<MigrationRecord>) => {
    const answer = await (await appWith(change)).call('GET', `/api/migrations/${ID}`);
    expectDocumented(answer);
    return migrationSchema.parse(answer.json).links;
  };
  const self = `${BASE_URL}/api/migrations/${ID}`;
  expect(await linksIn(waiting)).toMatchObject({ approve: `${self}/approve`, reject: `${self}/reject` });
  const approval = { decision: 'approved', by: 'Olga', comment: '', at: NOW } as const;
  for (const past of [
    { approval },
    { phase: 'deleting' },
    { cancelRequestedAt: NOW },
    { approvalHours: null },
  ] as const) {
    expect(Object.keys(await linksIn({ ...waiting, ...past }))).toEqual(['self', 'result', 'report', 'cancel']);
  }
});
