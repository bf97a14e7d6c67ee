import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { Grant } from '../../../domain/grants';
import { migrationListSchema, migrationSchema, reportSchema } from '../../../domain/migration';
import { newMigrationId } from '../../../domain/ids';
import { problemSchema } from '../../../functions/problems';
import { expectDocumented } from '../../support/apiContract';
import { BASE_URL, createTestApp, GUEST_ID, NEW_ID, recordWith, TENANT_ID, type TestApp } from '../../support/testApp';

const ID = '0r2k4m6p8-00000000000000000001';
const HASH = 'a'.repeat(64);
const JSON_TYPE = { 'Content-Type': 'application/json' };

async function get(app: TestApp, path: string) {
  const answer = await app.call('GET', path);
  expectDocumented(answer);
  return answer;
}

function grant(name: string, instruction?: string): Grant {
  const known = { kind: 'groupMembership' as const, key: name, name, data: {} };
  return instruction === undefined ? known : { ...known, instruction };
}

async function appWithGrants(grants: Grant[], change = {}): Promise<TestApp> {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: ID, status: 'Running', snapshotHash: HASH, ...change }));
  app.snapshots.set(ID, {
    version: 1,
    migrationId: ID,
    takenAt: '2026-11-02T07:00:00.000Z',
    tenantId: TENANT_ID,
    guest: {
      id: GUEST_ID,
      displayName: 'Jane',
      userPrincipalName: 'jane#EXT#@tenant.example',
      mail: null,
      preferredLanguage: null,
      createdDateTime: null,
      identities: [],
    },
    sponsorIds: [],
    grants,
  });
  return app;
}

describe('the monitor and the result', () => {
  it('answer 200 and 202 while it runs, and both 200 when it has ended', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID, status: 'Running', phase: 'awaitingRedemption' }));
    const running = [await get(app, `/api/migrations/${ID}`), await get(app, `/api/migrations/${ID}/result`)];
    expect(running.map(({ status }) => status)).toEqual([200, 202]);
    expect(running.map(({ headers }) => headers.get('retry-after'))).toEqual(['10', '10']);
    expect(running[1]?.headers.get('location')).toBe(`${BASE_URL}/api/migrations/${ID}/result`);

    await app.records.updateMigration(ID, { status: 'Succeeded', phase: 'ended', outcome: 'completed' });
    const ended = [await get(app, `/api/migrations/${ID}`), await get(app, `/api/migrations/${ID}/result`)];
    expect(ended.map(({ status }) => status)).toEqual([200, 200]);
    expect(ended.map(({ headers }) => headers.get('retry-after'))).toEqual([null, null]);
    expect(migrationSchema.parse(ended[1]?.json).outcome).toBe('completed');
  });

  it('keep to themselves what the steps remember', async () => {
    const app = createTestApp();
    await app.records.createMigration(
      recordWith({ id: ID, status: 'Running', snapshotHash: HASH, startedBy: 'secret name' }),
    );
    expect((await get(app, `/api/migrations/${ID}`)).text).not.toMatch(/secret name|aaaa|request/);
  });

  it('take the function key from the query', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID }));
    expect((await get(app, `/api/migrations/${ID}?code=key`)).status).toBe(200);
  });
});

describe('the list', () => {
  it('is newest first and complete over its pages', async () => {
    const app = createTestApp();
    const ids = Array.from({ length: 7 }, (_, n) => newMigrationId(1_790_000_000_000 + n * 1000, '0'.repeat(20)));
    for (const id of ids) await app.records.createMigration(recordWith({ id, status: 'Running' }));
    await app.records.createMigration(recordWith({ id: 'zzz', status: 'Failed' }));
    const seen: string[] = [];
    let next: string | null = '';
    for (let page = 0; next !== null && page < 9; page += 1) {
      const more: string = next === '' ? '' : `&continuation=${next}`;
      const { json } = await get(app, `/api/migrations?status=Running&top=3${more}`);
      const { value, continuation } = migrationListSchema.parse(json);
      seen.push(...value.map(({ id }) => id));
      next = continuation;
    }
    expect(seen).toEqual([...ids].reverse());
  });

  it('has 50 rows a page and no continuation when it is empty', async () => {
    const app = createTestApp();
    expect(migrationListSchema.parse((await get(app, '/api/migrations')).json)).toEqual({
      value: [],
      continuation: null,
    });
    for (let n = 0; n < 51; n += 1) await app.records.createMigration(recordWith({ id: `m-${n}` }));
    expect(migrationListSchema.parse((await get(app, '/api/migrations')).json).value).toHaveLength(50);
  });
});

describe('the report', () => {
  it('names every captured grant: with its result, or as planned', async () => {
    const app = await appWithGrants([grant('one'), grant('two'), grant('three', 'ask the owner')]);
    await app.records.saveGrantResults(ID, [{ index: 1, result: 'failed', detail: 'refused' }]);
    const report = reportSchema.parse((await get(app, `/api/migrations/${ID}/report`)).json);
    expect(report.grants.map(({ name, result }) => [name, result])).toEqual([
      ['one', 'planned'],
      ['two', 'failed'],
      ['three', 'planned'],
    ]);
    expect(report).toMatchObject({ migrationId: ID, outcome: null, comparison: null });
  });

  it('is empty before the capture', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID }));
    expect(reportSchema.parse((await get(app, `/api/migrations/${ID}/report`)).json).grants).toEqual([]);
  });

  it('comes as CSV that a spreadsheet reads as text only', async () => {
    const names = ['=HYPERLINK("https://evil.example")', '+1', '-1', '@SUM(A1)', '\tcmd', 'say "hi", you\nthere'];
    const app = await appWithGrants(names.map((name) => grant(name)));
    const answer = await get(app, `/api/migrations/${ID}/report?format=csv`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="migration-${ID}.csv"`);
    expect(answer.text.split('\r\n')[0]).toBe('kind,key,name,scope,result,comparison,detail');
    const rows = z.array(z.record(z.string(), z.string())).parse(parse(answer.text, { columns: true }));
    expect(rows.map((row) => row['name'])).toEqual([
      ...names.slice(0, 5).map((name) => `'${name}`),
      'say "hi", you\nthere',
    ]);
    expect(rows.flatMap(Object.values).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  });

  it('as CSV says of each grant how it compares, and lists what is extra after them', async () => {
    const app = await appWithGrants([grant('one'), grant('two')]);
    const [one, two] = reportSchema.parse((await get(app, `/api/migrations/${ID}/report`)).json).grants;
    if (one === undefined || two === undefined) throw new Error('The report has two grants.');
    const extra = { kind: 'appRole' as const, key: 'extra', name: 'Reader' };
    const missing = [{ kind: two.kind, key: two.key.toUpperCase(), name: two.name }];
    await app.records.updateMigration(ID, { comparison: { equal: 1, missing, extra: [extra] } });
    const answer = await get(app, `/api/migrations/${ID}/report?format=csv`);
    const rows = z.array(z.record(z.string(), z.string())).parse(parse(answer.text, { columns: true }));
    expect(rows.map((row) => [row['name'], row['result'], row['comparison']])).toEqual([
      ['one', 'planned', 'equal'],
      ['two', 'planned', 'missing'],
      ['Reader', '', 'extra'],
    ]);
  });
});

describe('a cancel', () => {
  const cancel = async (app: TestApp, body?: string) => {
    const path = `/api/migrations/${ID}/cancel`;
    const answer = await app.call('POST', path, body === undefined ? {} : { headers: JSON_TYPE, body });
    expectDocumented(answer);
    return answer;
  };

  it('is remembered once, with or without a body, and may be repeated', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID, status: 'Running', phase: 'capturing' }));
    const first = await cancel(app, '{"by":"ops","comment":"wrong person"}');
    expect(first.status).toBe(202);
    expect(first.headers.get('operation-location')).toBe(`${BASE_URL}/api/migrations/${ID}`);
    const asked = app.records.migrations.get(ID)?.cancelRequestedAt;
    expect(asked).toBe('2026-11-02T08:00:00.000Z');
    app.advance(1000);
    expect((await cancel(app)).status).toBe(202);
    expect(app.records.migrations.get(ID)?.cancelRequestedAt).toBe(asked);
    expect(app.records.auditLog).toEqual([
      {
        migrationId: ID,
        at: asked,
        by: 'ops',
        action: 'cancelMigration',
        stage: 'requested',
        targetId: GUEST_ID,
        detail: 'wrong person',
      },
    ]);
  });

  it.each([
    ['has ended', { phase: 'ended', status: 'Succeeded', outcome: 'planned' }, 'migration-ended'],
    ['is purging', { phase: 'purging', purgeClaimedAt: '2026-11-02T07:30:00.000Z' }, 'past-point-of-no-return'],
    ['has purged', { phase: 'restoring', purgeClaimedAt: '2026-11-02T07:30:00.000Z' }, 'past-point-of-no-return'],
  ] as const)('is refused when the migration %s', async (_name, change, code) => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID, status: 'Running', ...change }));
    expect(problemSchema.parse((await cancel(app)).json)).toMatchObject({ code, status: 409 });
    expect(app.records.migrations.get(ID)?.cancelRequestedAt).toBeNull();
    expect(app.records.auditLog).toEqual([]);
  });

  it('loses against a purge that is claimed at the same moment, or wins; never both', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: ID, status: 'Running', phase: 'deleting' }));
    const claim = app.records.decideOnMigration(ID, (record) =>
      record.cancelRequestedAt === null ? { purgeClaimedAt: '2026-11-02T08:00:00.000Z' } : undefined,
    );
    const [answer] = await Promise.all([cancel(app), claim]);
    const record = app.records.migrations.get(ID);
    expect([record?.cancelRequestedAt, record?.purgeClaimedAt].filter((at) => at !== null)).toHaveLength(1);
    expect(answer.status).toBe(record?.cancelRequestedAt === null ? 409 : 202);
  });
});

describe('the health', () => {
  it('is ok while the records answer', async () => {
    const answer = await get(createTestApp(), '/api/health');
    expect(answer.json).toEqual({
      status: 'ok',
      version: expect.any(String),
      records: 'reachable',
      subscription: 'none',
      inviteBreaker: 'closed',
      budget: { used: 0, limit: 50 },
    });
  });

  it('is degraded while they do not', async () => {
    const app = createTestApp();
    app.records.outage = true;
    const answer = await get(app, '/api/health');
    expect([answer.status, answer.json]).toEqual([503, expect.objectContaining({ status: 'degraded' })]);
  });
});

it('tells which methods an address takes', async () => {
  const app = createTestApp();
  const methods = async (method: string, path: string) => (await app.call(method, path)).headers.get('allow');
  expect(await methods('DELETE', '/api/migrations')).toBe('POST, GET');
  expect(await methods('PUT', `/api/migrations/${NEW_ID}/report/`)).toBe('GET');
  expect(await methods('GET', '/api/Graph/Lifecycle')).toBe('POST');
});
