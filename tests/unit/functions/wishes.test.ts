import { REDEMPTION_HINT } from '../../../domain/events';
import { phaseSchema } from '../../../domain/phases';
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

const ID = '0r2k4m6p8-00000000000000000001';
const THEN = '2026-11-02T07:00:00.000Z';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const purged: Partial<MigrationRecord> = {
  status: 'Running',
  mostRounds: 3,
  deleteAttemptedAt: THEN,
  purgeClaimedAt: THEN,
  purgedAt: THEN,
  guest: { oldId: GUEST_ID, newId: NEW_ID, displayName: null },
};
const waits = ['awaitingRedemption', 'verifyingIdentity', 'needsOperator'] as const;
const running = phaseSchema.options.filter((phase) => phase !== 'ended');

async function appWith(change: Partial<MigrationRecord>): Promise<TestApp> {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: ID, ...purged, phase: 'awaitingRedemption', ...change }));
  app.engine.instances.set(ID, 'running');
  return app;
}

async function ask(app: TestApp, what: 'resend' | 'cancel', body?: object): Promise<TestAnswer> {
  const call = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) };
  const answer = await app.call('POST', `/api/migrations/${ID}/${what}`, call);
  expectDocumented(answer);
  return answer;
}

function row({ records }: TestApp): MigrationRecord {
  const record = records.migrations.get(ID);
  if (record === undefined) throw new Error('The migration has no row.');
  return record;
}

const codeOf = ({ status, json }: TestAnswer) => `${status} ${problemSchema.parse(json).code}`;
const revert = { mode: 'revert', by: 'ops', comment: 'changed our minds' };
const woken = { id: ID, event: REDEMPTION_HINT };

describe('a resend', () => {
  it.each(waits)('is taken in the phase %s, written down, audited, and wakes the run', async (phase) => {
    const app = await appWith({ phase });
    const answer = await ask(app, 'resend', { by: 'ops', comment: 'lost the mail' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`${BASE_URL}/api/migrations/${ID}/result`);
    expect(row(app).wish).toMatchObject({ kind: 'resend', by: 'ops' });
    expect(app.records.auditLog).toMatchObject([
      { action: 'resendInvitation', stage: 'requested', by: 'ops', targetId: NEW_ID, detail: 'lost the mail' },
    ]);
    expect(app.engine.raised).toEqual([woken]);
  });

  it('is the same request when it comes again before it is served', async () => {
    const app = await appWith({});
    const first = await ask(app, 'resend');
    const { wish } = row(app);
    app.advance(60_000);
    expect((await ask(app, 'resend', { by: 'somebody else' })).json).toEqual(first.json);
    expect(row(app).wish).toEqual(wish);
    expect(app.records.auditLog).toHaveLength(1);
  });

  it.each(running.filter((phase) => !waits.some((each) => each === phase)))(
    'is refused in the phase %s',
    async (phase) => {
      const app = await appWith({ phase });
      expect(codeOf(await ask(app, 'resend'))).toBe('409 nothing-to-resend');
      expect(row(app).wish).toBeNull();
      expect([...app.records.auditLog, ...app.engine.raised]).toEqual([]);
    },
  );

  it.each([
    ['once it has ended', { phase: 'ended' }, '409 migration-ended'],
    ['in a run that could not serve it', { mostRounds: null }, '422 feature-not-available'],
    ['while it turns back', { wish: { kind: 'revert', by: 'x', at: THEN } }, '409 nothing-to-resend'],
  ] as const)('is refused %s', async (_when, change, expected) => {
    const app = await appWith(change);
    const before = row(app);
    expect(codeOf(await ask(app, 'resend'))).toBe(expected);
    expect(row(app)).toEqual(before);
  });

  it('shows as a link as long as it is possible', async () => {
    for (const phase of running) {
      const app = await appWith({ phase });
      const { json } = await app.call('GET', `/api/migrations/${ID}`);
      const { resend } = (json as { links: { resend?: string } }).links;
      expect([phase, resend]).toEqual([
        phase,
        waits.some((each) => each === phase) ? `${BASE_URL}/api/migrations/${ID}/resend` : undefined,
      ]);
    }
  });
});

describe('the wish to go back', () => {
  it.each(running)('is taken after the purge in the phase %s', async (phase) => {
    const app = await appWith({ phase });
    expect((await ask(app, 'cancel', revert)).status).toBe(202);
    expect(row(app)).toMatchObject({ wish: { kind: 'revert', by: 'ops' }, cancelRequestedAt: null });
    expect(app.records.auditLog).toMatchObject([
      { action: 'revertMigration', stage: 'requested', by: 'ops', targetId: GUEST_ID, detail: 'changed our minds' },
    ]);
  });

  it.each(waits)('wakes the run in the phase %s', async (phase) => {
    const app = await appWith({ phase });
    await ask(app, 'cancel', revert);
    expect(app.engine.raised).toEqual([woken]);
  });

  it('before the purge is claimed is an ordinary cancel', async () => {
    const app = await appWith({ phase: 'deleting', purgeClaimedAt: null, purgedAt: null });
    expect((await ask(app, 'cancel', revert)).status).toBe(202);
    expect(row(app)).toMatchObject({ wish: null });
    expect(row(app).cancelRequestedAt).not.toBeNull();
  });

  it.each(['resend', 'stop'] as const)('outweighs the wish %s, and nothing outweighs it', async (kind) => {
    const app = await appWith({ phase: 'needsOperator', wish: { kind, by: 'x', at: THEN } });
    await ask(app, 'cancel', revert);
    expect(row(app).wish?.kind).toBe('revert');
    await ask(app, 'cancel', { mode: 'undo' });
    expect(row(app).wish?.kind).toBe('revert');
  });

  it('is the same request when it comes again, also on the way back', async () => {
    const app = await appWith({});
    await ask(app, 'cancel', revert);
    const { wish } = row(app);
    app.advance(60_000);
    expect((await ask(app, 'cancel', revert)).status).toBe(202);
    expect(row(app).wish).toEqual(wish);
    await app.records.updateMigration(ID, { wish: null, turnedBackAt: THEN });
    expect((await ask(app, 'cancel', revert)).status).toBe(202);
    expect(row(app).wish).toBeNull();
    expect(app.records.auditLog).toHaveLength(1);
  });

  it.each([
    ['once it has ended', { phase: 'ended' }, '409 migration-ended'],
    ['in a run that could not serve it', { mostRounds: null }, '422 feature-not-available'],
  ] as const)('is refused %s', async (_when, change, expected) => {
    const app = await appWith(change);
    const before = row(app);
    expect(codeOf(await ask(app, 'cancel', revert))).toBe(expected);
    expect(row(app)).toEqual(before);
    expect([...app.records.auditLog, ...app.engine.raised]).toEqual([]);
  });
});

describe('a plain cancel', () => {
  it('after the purge is taken only while an operator is asked for: it ends the migration as it is', async () => {
    for (const phase of running) {
      const app = await appWith({ phase });
      const answer = await ask(app, 'cancel');
      if (phase === 'needsOperator') {
        expect([answer.status, row(app).wish?.kind]).toEqual([202, 'stop']);
        expect(app.engine.raised).toEqual([woken]);
      } else {
        expect([phase, codeOf(answer)]).toEqual([phase, '409 past-point-of-no-return']);
        expect(row(app).wish).toBeNull();
      }
    }
  });

  it.each(waits)('while the old guest is only soft-deleted gives it back: %s', async (phase) => {
    const app = await appWith({ phase, purgeClaimedAt: null, purgedAt: null });
    expect((await ask(app, 'cancel')).status).toBe(202);
    expect(row(app)).toMatchObject({ wish: null });
    expect(row(app).cancelRequestedAt).not.toBeNull();
    expect(app.engine.raised).toEqual([woken]);
  });

  it('and the claim of the purge at the same moment: one of them wins', async () => {
    const app = await appWith({ phase: 'verifyingIdentity', purgeClaimedAt: null, purgedAt: null });
    const claim = () =>
      app.records.decideOnMigration(ID, ({ cancelRequestedAt }) =>
        cancelRequestedAt === null ? { purgeClaimedAt: THEN } : undefined,
      );
    const [answer] = await Promise.all([ask(app, 'cancel'), claim()]);
    const { cancelRequestedAt, purgeClaimedAt } = row(app);
    expect([cancelRequestedAt, purgeClaimedAt].filter((at) => at !== null)).toHaveLength(1);
    expect(answer.status).toBe(cancelRequestedAt === null ? 409 : 202);
  });
});

it.each([
  ['resend', undefined],
  ['cancel', revert],
] as const)('a lost wake after a %s is told, not failed, and repeated by the sweeper', async (what, body) => {
  const app = await appWith({});
  const raise = app.engine.raise.bind(app.engine);
  app.engine.raise = () => Promise.reject(new Error('the engine is away'));
  expect((await ask(app, what, body)).status).toBe(202);
  expect(app.logLines.join()).toContain('wake-failed');
  app.engine.raise = raise;
  app.advance(60_000);
  await sweepMigrations(app.services);
  // The run has just been written to: its engine is at it.
  expect(app.engine.raised).toEqual([]);
  app.advance(120_000);
  await sweepMigrations(app.services);
  expect(app.engine.raised).toEqual([woken]);
});

it.each([
  ['a resend', 'resend', undefined, 0],
  ['the way back', 'cancel', revert, 1],
] as const)(
  'after an hour %s is left to the run, or woken for: each wake costs history',
  async (_what, what, body, wakes) => {
    const app = await appWith({});
    expect((await ask(app, what, body)).status).toBe(202);
    app.engine.raised.length = 0;
    app.advance(61 * 60_000);
    await sweepMigrations(app.services);
    expect(app.engine.raised).toHaveLength(wakes);
  },
);
