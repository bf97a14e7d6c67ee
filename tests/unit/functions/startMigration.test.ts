import { createCallbackSender } from '../../../adapters/callbacks';
import { ServiceError } from '../../../domain/serviceError';
import { migrationSchema } from '../../../domain/migration';
import { switchInputSchema } from '../../../domain/steps';
import { problemSchema } from '../../../functions/problems';
import { expectDocumented } from '../../support/apiContract';
import { BASE_URL, createTestApp, GUEST_ID, recordWith, type TestAnswer, type TestApp } from '../../support/testApp';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const OTHER_GUEST = 'd0d0d0d0-0000-4000-8000-0000000000cc';

async function start(app: TestApp, body: object = { guest: GUEST_ID }, key?: string): Promise<TestAnswer> {
  const headers = key === undefined ? JSON_TYPE : { ...JSON_TYPE, 'Idempotency-Key': key };
  const answer = await app.call('POST', '/api/migrations', { headers, body: JSON.stringify(body) });
  expectDocumented(answer);
  return answer;
}

const idOf = (answer: TestAnswer) => migrationSchema.parse(answer.json).id;

describe('a start', () => {
  it('answers 202 with both addresses, built from the configured address', async () => {
    const app = createTestApp();
    const answer = await start(app, { guest: GUEST_ID.toUpperCase() });
    expect(answer.status).toBe(202);
    const migration = migrationSchema.parse(answer.json);
    const self = `${BASE_URL}/api/migrations/${migration.id}`;
    expect(answer.headers.get('location')).toBe(`${self}/result`);
    expect(answer.headers.get('operation-location')).toBe(self);
    expect(answer.headers.get('retry-after')).toBe('10');
    expect(migration.links).toEqual({
      self,
      result: `${self}/result`,
      report: `${self}/report`,
      cancel: `${self}/cancel`,
    });
    expect(migration).toMatchObject({ status: 'NotStarted', phase: 'preflight', guest: { oldId: GUEST_ID } });
    expect(app.graphPaths).toEqual([]);
  });

  it('gives the engine references and decisions only', async () => {
    const app = createTestApp();
    const body = { guest: GUEST_ID, inviteEmail: 'jane@outlook.com', dryRun: true, acceptWithinDays: 9, reason: 'why' };
    const id = idOf(await start(app, body));
    const input = switchInputSchema.parse(app.engine.inputs.get(id));
    const attended = { rounds: 3, remindAfterDays: [] };
    expect(input).toEqual({ migrationId: id, dryRun: true, acceptWithinDays: 9, parallelRestores: 4, attended });
    expect(app.records.migrations.get(id)?.request).toMatchObject(body);
    expect(app.records.auditLog).toMatchObject([
      { migrationId: id, action: 'startMigration', stage: 'requested', targetId: GUEST_ID, detail: 'dry run' },
    ]);
    expect(app.logLines.join('\n')).not.toContain('jane');
  });

  it('takes reminders in any order, each day once, and tells the engine of them', async () => {
    const app = createTestApp();
    const body = { guest: GUEST_ID, acceptWithinDays: 15, remindAfterDays: [14, 3, 7, 3] };
    const id = idOf(await start(app, body, 'key'));
    expect(app.records.migrations.get(id)?.request.remindAfterDays).toEqual([3, 7, 14]);
    expect(app.engine.inputs.get(id)?.attended?.remindAfterDays).toEqual([3, 7, 14]);
    expect(idOf(await start(app, { ...body, remindAfterDays: [3, 7, 14] }, 'key'))).toBe(id);
  });

  it('tells the engine to rewrite policies only where that is switched on', async () => {
    const app = createTestApp();
    app.services.settings.rewriteConditionalAccess = true;
    const id = idOf(await start(app, { guest: GUEST_ID, inviteEmail: 'jane@outlook.com' }));
    expect(switchInputSchema.parse(app.engine.inputs.get(id)).rewriteConditionalAccess).toBe(true);
  });

  it.each([
    ['user principal name', 'jane_contoso.com#EXT#@tenant.example'],
    ['mail address', 'Jane@Contoso.com'],
    ['other mail address', "o'jane@contoso.com"],
  ])('finds a guest by %s', async (_name, guest) => {
    const app = createTestApp();
    const jane = {
      id: GUEST_ID,
      userPrincipalName: 'jane_contoso.com#EXT#@tenant.example',
      mail: 'jane@contoso.com',
      otherMails: ["o'jane@contoso.com"],
    };
    app.users.push(jane, { id: OTHER_GUEST, userPrincipalName: 'joe@tenant.example' });
    const migration = migrationSchema.parse((await start(app, { guest })).json);
    expect(migration.guest.oldId).toBe(GUEST_ID);
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(migration.id);
    expect(app.graphPaths.filter((path) => /[#@ ]/.test(path))).toEqual([]);
  });

  it.each([
    ['nobody', []],
    ['two guests', [GUEST_ID, OTHER_GUEST]],
  ])('starts without a guest when %s fits, so that preflight can say so', async (_name, ids) => {
    const app = createTestApp();
    app.users.push(...ids.map((id) => ({ id, userPrincipalName: `${id}@tenant.example`, mail: 'both@contoso.com' })));
    const answer = await start(app, { guest: 'both@contoso.com' });
    expect(migrationSchema.parse(answer.json).guest.oldId).toBeNull();
    expect(app.engine.instances.get(idOf(answer))).toBe('running');
    expect(app.records.locks.size).toBe(0);
  });

  it('answers 503 when the directory does not', async () => {
    const app = createTestApp();
    app.graphFaults.set(
      '/users',
      new ServiceError({ service: 'graph', status: 429, code: 'x', retryAfterSeconds: 17 }),
    );
    const answer = await start(app, { guest: 'jane@contoso.com' });
    expect(problemSchema.parse(answer.json).code).toBe('directory-unavailable');
    expect(answer.headers.get('retry-after')).toBe('17');
    expect(app.records.migrations.size).toBe(0);
  });

  it('answers 503 when the records do not', async () => {
    const app = createTestApp();
    app.records.outage = true;
    const answer = await start(app);
    expect(problemSchema.parse(answer.json).code).toBe('records-unavailable');
    expect(app.engine.starts).toBe(0);
  });
});

describe('one migration a guest', () => {
  it('lets one of twenty racing starters through and names it to the others', async () => {
    const app = createTestApp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(app)));
    const won = answers.filter(({ status }) => status === 202);
    const lost = answers.filter(({ status }) => status === 409).map(({ json }) => problemSchema.parse(json));
    expect([won.length, lost.length]).toEqual([1, 19]);
    const [winner] = won.map(idOf);
    expect(new Set(lost.map(({ code, migrationId }) => `${code} ${migrationId ?? ''}`))).toEqual(
      new Set([`guest-already-migrating ${winner ?? ''}`]),
    );
    expect([...app.engine.instances.keys()]).toEqual([winner]);
    expect([...app.records.migrations.keys()]).toEqual([winner]);
  });

  it('lets one of twenty racing starters replace a dead lock', async () => {
    const app = createTestApp();
    app.records.locks.set(GUEST_ID, { guestId: GUEST_ID, migrationId: 'dead', lockedAt: '2026-11-01T00:00:00.000Z' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(app)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(app.engine.instances.size).toBe(1);
  });

  it('names the running migration and where to look at it', async () => {
    const app = createTestApp();
    const first = idOf(await start(app));
    const second = await start(app);
    expect(second.status).toBe(409);
    expect(second.headers.get('location')).toBe(`${BASE_URL}/api/migrations/${first}`);
  });

  it('starts again once the first has ended, although its lock was left behind', async () => {
    const app = createTestApp();
    const first = idOf(await start(app));
    await app.records.updateMigration(first, { phase: 'ended', status: 'Succeeded', outcome: 'completed' });
    const second = await start(app);
    expect(second.status).toBe(202);
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(idOf(second));
  });

  it('waits two minutes for a start that has no row yet', async () => {
    const app = createTestApp();
    const lockedAt = app.services.clock.now().toISOString();
    app.records.locks.set(GUEST_ID, { guestId: GUEST_ID, migrationId: 'slow', lockedAt });
    app.advance(119_000);
    expect((await start(app)).status).toBe(409);
    app.advance(2_000);
    expect((await start(app)).status).toBe(202);
  });

  it('stops a starter that slept so long that its lock was taken', async () => {
    const app = createTestApp();
    let rival: TestAnswer | undefined;
    app.records.before = async (operation) => {
      if (operation !== 'createMigration' || rival !== undefined) return;
      app.records.before = () => undefined;
      app.advance(3 * 60_000);
      rival = await start(app);
    };
    const sleeper = await start(app);
    const winner = idOf(rival ?? sleeper);
    expect(rival?.status).toBe(202);
    expect(problemSchema.parse(sleeper.json)).toMatchObject({ code: 'guest-already-migrating', migrationId: winner });
    expect([...app.engine.instances.keys()]).toEqual([winner]);
    const others = [...app.records.migrations.values()].filter(({ id }) => id !== winner);
    expect(others).toMatchObject([{ phase: 'ended', outcome: 'rejected' }]);
  });
});

describe('the engine', () => {
  it('may refuse an instance that runs already', async () => {
    const app = createTestApp();
    const starting = app.engine.start.bind(app.engine);
    app.engine.start = async (id, input) => {
      await starting(id, input);
      throw new ServiceError({ service: 'storage', status: 503, code: 'engine-unavailable' });
    };
    expect((await start(app)).status).toBe(202);
  });

  it('makes it 503 when nothing runs; the row and the lock stay for the sweeper', async () => {
    const app = createTestApp();
    app.engine.offline = true;
    const answer = await start(app);
    expect(problemSchema.parse(answer.json).code).toBe('records-unavailable');
    expect([...app.records.migrations.values()]).toMatchObject([{ status: 'NotStarted' }]);
    expect(app.records.locks.size).toBe(1);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the same migration for the same key and body', async () => {
    const app = createTestApp();
    const first = await start(app, { guest: GUEST_ID, dryRun: false, acceptWithinDays: 30 }, 'key-1');
    const again = await start(app, { acceptWithinDays: 30, guest: GUEST_ID.toUpperCase() }, 'key-1');
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(idOf(again)).toBe(idOf(first));
    expect(app.engine.starts).toBe(1);
    expect(app.records.auditLog).toHaveLength(1);
  });

  it('answers with the present state when the migration has moved on', async () => {
    const app = createTestApp();
    const id = idOf(await start(app, undefined, 'key-1'));
    await app.records.updateMigration(id, { phase: 'ended', status: 'Failed', outcome: 'rejected' });
    const again = migrationSchema.parse((await start(app, undefined, 'key-1')).json);
    expect(again).toMatchObject({ id, phase: 'ended', outcome: 'rejected' });
    expect(app.engine.starts).toBe(1);
  });

  it('is refused with another body', async () => {
    const app = createTestApp();
    await start(app, undefined, 'key-1');
    const answer = await start(app, { guest: GUEST_ID, dryRun: true }, 'key-1');
    expect(problemSchema.parse(answer.json)).toMatchObject({ code: 'idempotency-key-reused', status: 422 });
    expect(app.engine.starts).toBe(1);
  });

  it('is one migration when twenty requests race with it', async () => {
    const app = createTestApp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(app, undefined, 'key-1')));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect([...app.engine.instances.values()]).toEqual(['running']);
    expect(app.records.migrations.size).toBe(1);
  });

  it.each(['lockGuest', 'createMigration', 'audit', 'replaceLock'] as const)(
    'finishes a start that died at %s',
    async (dies) => {
      const app = createTestApp();
      app.records.before = (operation) => {
        if (operation === dies) throw new ServiceError({ service: 'storage', status: 0, code: 'no-answer' });
      };
      expect((await start(app, undefined, 'key-1')).status).toBe(503);
      app.records.before = () => undefined;
      const again = await start(app, undefined, 'key-1');
      expect(again.status).toBe(202);
      expect([...app.engine.instances]).toEqual([[idOf(again), 'running']]);
      expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(idOf(again));
      expect(app.records.auditLog.length).toBeGreaterThanOrEqual(1);
    },
  );

  it('finishes a start that died before the engine had it', async () => {
    const app = createTestApp();
    app.engine.offline = true;
    expect((await start(app, undefined, 'key-1')).status).toBe(503);
    app.engine.offline = false;
    const again = await start(app, undefined, 'key-1');
    expect([...app.engine.instances]).toEqual([[idOf(again), 'running']]);
  });

  it('does not run a migration whose guest went to another one', async () => {
    const app = createTestApp();
    app.engine.offline = true;
    await start(app, undefined, 'key-1');
    app.engine.offline = false;
    app.records.locks.set(GUEST_ID, { guestId: GUEST_ID, migrationId: 'other', lockedAt: '2026-11-02T08:00:00.000Z' });
    const again = migrationSchema.parse((await start(app, undefined, 'key-1')).json);
    expect(again).toMatchObject({ phase: 'ended', outcome: 'rejected' });
    expect(app.engine.instances.size).toBe(0);
  });

  it('is stored as a hash only', async () => {
    const app = createTestApp();
    const seen: unknown[] = [];
    const bind = app.records.bindKey.bind(app.records);
    app.records.bindKey = (binding) => {
      seen.push(binding);
      return bind(binding);
    };
    await start(app, { guest: GUEST_ID, reason: 'jane' }, 'my-visible-key');
    expect(JSON.stringify(seen)).toMatch(/"keyHash":"[0-9a-f]{64}"/);
    expect(JSON.stringify(seen)).not.toMatch(/my-visible-key|jane/);
  });
});

it('does not overwrite the row of another migration with the same guest', async () => {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: 'other', status: 'Running', phase: 'purging' }));
  app.records.locks.set(GUEST_ID, { guestId: GUEST_ID, migrationId: 'other', lockedAt: '2026-01-01T00:00:00.000Z' });
  expect((await start(app)).status).toBe(409);
  expect([...app.records.migrations.keys()]).toEqual(['other']);
});

describe('a start that asks for callbacks', () => {
  const callbackUrl = 'https://hooks.contoso.example/in?key=of-the-caller';
  const withHosts = (hosts: string[]) => {
    const app = createTestApp();
    app.services.callbacks = createCallbackSender({ hosts, secret: 'x'.repeat(32), clock: app.services.clock });
    return app;
  };

  it('keeps an address on the list in the row, and nowhere else', async () => {
    const app = withHosts(['*.contoso.example']);
    const answer = await start(app, { guest: GUEST_ID, callbackUrl });
    expect(answer.status).toBe(202);
    const id = idOf(answer);
    expect(app.records.migrations.get(id)?.request.callbackUrl).toBe(callbackUrl);
    const elsewhere = JSON.stringify([
      answer.json,
      [...app.engine.inputs.values()],
      app.logLines,
      app.records.auditLog,
    ]);
    expect(elsewhere).toContain(id);
    expect(elsewhere).not.toContain('hooks.contoso');
  });

  it.each([
    ['callbacks are off', [], callbackUrl],
    ['the host is not on the list', ['hooks.example'], callbackUrl],
    ['it names an IP address', ['hooks.example'], 'https://169.254.169.254/metadata'],
    ['it has credentials', ['*.contoso.example'], 'https://me:pass@hooks.contoso.example/in'],
    ['it names a port', ['*.contoso.example'], 'https://hooks.contoso.example:8443/in'],
  ])('is refused when %s; nothing is started', async (_name, hosts, url) => {
    const app = withHosts(hosts);
    const answer = await start(app, { guest: GUEST_ID, callbackUrl: url });
    expect(answer.status).toBe(422);
    expect(problemSchema.parse(answer.json)).toMatchObject({ code: 'callback-not-allowed', field: 'callbackUrl' });
    expect(app.records.migrations.size).toBe(0);
    expect(app.records.locks.size).toBe(0);
    expect(app.engine.starts).toBe(0);
  });
});
