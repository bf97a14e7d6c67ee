import { REDEMPTION_HINT } from '../../../domain/events';
import type { Phase } from '../../../domain/phases';
import { ServiceError } from '../../../domain/serviceError';
import { sweepMigrations } from '../../../functions/sweepMigrations';
import { tendSubscription } from '../../../functions/tendSubscription';
import { watchRedemptions } from '../../../functions/watchRedemptions';
import { createTestApp, GUEST_ID, NEW_ID, recordWith, type TestApp } from '../../support/testApp';

const MINUTE = 60_000;
const guestNumber = (n: number) => `${(n * 7919).toString(16).padStart(8, '0')}-0000-4000-8000-0000000000bb`;

/** A migration that waits for a guest who was invited a day ago, unless said otherwise. */
async function waitingFor(
  app: TestApp,
  newId: string,
  externalUserState: string | null = 'PendingAcceptance',
  sentAt = '2026-11-01T07:30:00.000Z',
) {
  const id = `m-${newId.slice(0, 8)}`;
  const invitation = { sentAt, remindersSent: 0, expiresAt: '2026-12-01T07:00:00.000Z', rounds: 1 };
  await app.records.createMigration(
    recordWith({
      id,
      status: 'Running',
      phase: 'awaitingRedemption',
      guest: { oldId: GUEST_ID, newId, displayName: null },
      invitation,
    }),
  );
  app.engine.instances.set(id, 'running');
  app.users.push({ id: newId, userPrincipalName: `${newId}@tenant.example`, externalUserState });
  return id;
}

describe('watching redemptions', () => {
  it('looks at each waiting guest once in the interval, spread over its minutes', async () => {
    const app = createTestApp();
    app.services.settings.pollMinutes = 15;
    await watchRedemptions(app.services);
    const guests = Array.from({ length: 60 }, (_, n) => guestNumber(n));
    for (const guest of guests) await waitingFor(app, guest);
    const perMinute: number[] = [];
    for (let minute = 0; minute < 15; minute += 1) {
      app.advance(MINUTE);
      const before = app.graphPaths.length;
      await watchRedemptions(app.services);
      perMinute.push(app.graphPaths.length - before);
    }
    const expected = guests.map((guest) => `/users/${guest}?$select=id,externalUserState`);
    expect([...app.graphPaths].sort()).toEqual(expected.sort());
    expect(Math.max(...perMinute)).toBeLessThan(15);
    expect(app.engine.raised).toEqual([]);
  });

  it('looks every minute at who was just invited, and ever more rarely later', async () => {
    const app = createTestApp();
    await watchRedemptions(app.services);
    await waitingFor(app, NEW_ID, 'PendingAcceptance', '2026-11-02T08:00:00.000Z');
    const looksIn = async (minutes: number) => {
      const before = app.graphPaths.length;
      for (let minute = 0; minute < minutes; minute += 1) {
        app.advance(MINUTE);
        await watchRedemptions(app.services);
      }
      return app.graphPaths.length - before;
    };
    const halfHours = [await looksIn(29), await looksIn(30), await looksIn(5 * 60 + 1), await looksIn(60)];
    expect(halfHours).toEqual([29, 6, 60, 3]);
  });

  it('looks often again after a reminder', async () => {
    const app = createTestApp();
    const id = await waitingFor(app, NEW_ID, 'PendingAcceptance', '2026-10-12T08:00:00.000Z');
    await watchRedemptions(app.services);
    const invitedAgain = { why: 'reminder', number: 1, at: '2026-11-02T08:00:00.000Z', done: true };
    await app.records.updateMigration(id, { invitedAgain });
    for (let minute = 0; minute < 10; minute += 1) {
      app.advance(MINUTE);
      await watchRedemptions(app.services);
    }
    expect(app.graphPaths).toHaveLength(11);
  });

  it('does not look twice in one minute, however many tick, and catches up after a pause', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID);
    await Promise.all([1, 2, 3].map(() => watchRedemptions(app.services)));
    expect(app.graphPaths).toHaveLength(1);
    await watchRedemptions(app.services);
    expect(app.graphPaths).toHaveLength(1);
    app.advance(3 * 60 * MINUTE);
    await Promise.all([1, 2, 3].map(() => watchRedemptions(app.services)));
    expect(app.graphPaths).toHaveLength(2);
  });

  it('a look that was not finished when the process died is taken by the next tick', async () => {
    const app = createTestApp();
    const id = await waitingFor(app, NEW_ID, 'Accepted');
    const raise = app.engine.raise.bind(app.engine);
    app.engine.raise = () => new Promise(() => undefined);
    void watchRedemptions(app.services);
    while (app.graphPaths.length === 0) await new Promise((resolve) => setImmediate(resolve));
    app.engine.raise = raise;
    app.advance(MINUTE);
    await watchRedemptions(app.services);
    expect(app.engine.raised).toEqual([{ id, event: REDEMPTION_HINT }]);
  });

  it('goes on when the clock was set back, but not for one that is a little behind', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID, 'PendingAcceptance', '2026-11-02T07:59:00.000Z');
    await watchRedemptions(app.services);
    app.advance(-2 * MINUTE);
    await watchRedemptions(app.services);
    expect(app.graphPaths).toHaveLength(1);
    app.records.controls.set('redemptionWatch', JSON.stringify({ minute: 99_999_999, again: [] }));
    app.advance(3 * MINUTE);
    await watchRedemptions(app.services);
    expect(app.graphPaths).toHaveLength(2);
  });

  it('wakes the migration of a guest who has accepted', async () => {
    const app = createTestApp();
    const id = await waitingFor(app, NEW_ID, 'Accepted');
    await watchRedemptions(app.services);
    expect(app.engine.raised).toEqual([{ id, event: REDEMPTION_HINT }]);
  });

  it.each([['pendingAcceptance'], [null]])(
    'does not wake one that would not believe it: the state is %s, look after look',
    async (state) => {
      const app = createTestApp();
      await waitingFor(app, NEW_ID, state, '2026-11-02T07:59:00.000Z');
      for (let minute = 0; minute < 5; minute += 1) {
        await watchRedemptions(app.services);
        app.advance(MINUTE);
      }
      expect(app.graphPaths).toHaveLength(5);
      expect(app.engine.raised).toEqual([]);
    },
  );

  it('wakes the migration of a guest who is gone', async () => {
    const app = createTestApp();
    const id = await waitingFor(app, NEW_ID);
    app.users.length = 0;
    await watchRedemptions(app.services);
    expect(app.engine.raised).toEqual([{ id, event: REDEMPTION_HINT }]);
  });

  it('looks at nobody outside of the wait', async () => {
    const app = createTestApp();
    const guest = { oldId: GUEST_ID, newId: NEW_ID, displayName: null };
    await app.records.createMigration(recordWith({ id: 'a', status: 'Running', phase: 'restoring', guest }));
    await app.records.createMigration(recordWith({ id: 'b', status: 'Running', phase: 'awaitingRedemption' }));
    await app.records.createMigration(recordWith({ id: 'c', status: 'Failed', phase: 'ended', guest }));
    await watchRedemptions(app.services);
    expect(app.graphPaths).toEqual([]);
  });

  it('goes on when one look fails, and takes that one again a minute later', async () => {
    const app = createTestApp();
    const [bad, good] = [guestNumber(1), guestNumber(2)];
    await waitingFor(app, bad, 'Accepted');
    const goodMigration = await waitingFor(app, good, 'Accepted');
    app.graphFaults.set(bad, new ServiceError({ service: 'graph', status: 503, code: 'ServiceUnavailable' }));
    await watchRedemptions(app.services);
    expect(app.engine.raised.map(({ id }) => id)).toEqual([goodMigration]);
    app.graphFaults.clear();
    app.advance(MINUTE);
    await watchRedemptions(app.services);
    expect(app.engine.raised.map(({ id }) => id)).toEqual([goodMigration, `m-${bad.slice(0, 8)}`]);
  });

  it('does not insist on a look that cannot work', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID);
    app.graphFaults.set(NEW_ID, new ServiceError({ service: 'graph', status: 403, code: 'Forbidden' }));
    await watchRedemptions(app.services);
    app.advance(MINUTE);
    await watchRedemptions(app.services);
    expect(app.graphPaths).toHaveLength(1);
    expect(app.logLines.join('\n')).toContain('Forbidden');
  });
});

describe('tending the subscription', () => {
  function keeper(works = true) {
    const calls: string[] = [];
    return {
      calls,
      ensure: (renew: boolean) => {
        calls.push(renew ? 'renew' : 'ensure');
        return Promise.resolve(works);
      },
      remove: () => {
        calls.push('remove');
        return Promise.resolve(works);
      },
    };
  }

  it.each<[Phase, string]>([
    ['preflight', 'ensure'],
    ['inviting', 'ensure'],
    ['awaitingRedemption', 'ensure'],
    ['verifyingIdentity', 'ensure'],
    ['awaitingApproval', 'remove'],
    ['restoring', 'remove'],
    ['verifyingAccess', 'remove'],
    ['needsOperator', 'remove'],
  ])('in phase %s: %s', async (phase, call) => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a', status: 'Running', phase }));
    const kept = keeper();
    await tendSubscription(app.services, kept);
    expect(kept.calls).toEqual([call]);
  });

  it('removes it when nothing runs', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a', status: 'Succeeded', phase: 'ended' }));
    const kept = keeper();
    await tendSubscription(app.services, kept);
    expect(kept.calls).toEqual(['remove']);
  });

  it('waits for nobody in a dry run', async () => {
    const app = createTestApp();
    const { request } = recordWith({ id: 'a' });
    await app.records.createMigration(
      recordWith({ id: 'a', status: 'Running', request: { ...request, dryRun: true } }),
    );
    const kept = keeper();
    await tendSubscription(app.services, kept);
    expect(kept.calls).toEqual(['remove']);
  });

  it('renews when Graph asked, until it worked', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID);
    app.records.controls.set('subscriptionRenewal', '2026-11-02T08:00:00.000Z');
    const [failing, working] = [keeper(false), keeper()];
    await tendSubscription(app.services, failing);
    await tendSubscription(app.services, working);
    await tendSubscription(app.services, working);
    expect([...failing.calls, ...working.calls]).toEqual(['renew', 'renew', 'ensure']);
  });

  it('does not forget a request that comes in during the renewal', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID);
    app.records.controls.set('subscriptionRenewal', '2026-11-02T08:00:00.000Z');
    const kept = keeper();
    const renewing = {
      ...kept,
      ensure: (renew: boolean) => {
        if (kept.calls.length === 0) app.records.controls.set('subscriptionRenewal', '2026-11-02T08:00:01.000Z');
        return kept.ensure(renew);
      },
    };
    for (let tick = 0; tick < 3; tick += 1) await tendSubscription(app.services, renewing);
    expect(kept.calls).toEqual(['renew', 'renew', 'ensure']);
  });

  it('a request while nobody is waited for is answered by the removal', async () => {
    const app = createTestApp();
    app.records.controls.set('subscriptionRenewal', '2026-11-02T08:00:00.000Z');
    await tendSubscription(app.services, keeper(false));
    expect(app.records.controls.get('subscriptionRenewal')).not.toBe('');
    await tendSubscription(app.services, keeper());
    expect(app.records.controls.get('subscriptionRenewal')).toBe('');
  });
});

describe('sweeping', () => {
  const lockOf = (migrationId: string, lockedAt = '2026-11-02T07:00:00.000Z') => ({
    guestId: GUEST_ID,
    migrationId,
    lockedAt,
  });

  it('starts what was stored and never started, once', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a' }));
    app.records.locks.set(GUEST_ID, lockOf('a'));
    await sweepMigrations(app.services);
    await sweepMigrations(app.services);
    expect([...app.engine.instances]).toEqual([['a', 'running']]);
    expect(app.engine.starts).toBe(1);
  });

  it('starts one without a guest, for preflight to reject', async () => {
    const app = createTestApp();
    const guest = { oldId: null, newId: null, displayName: null };
    await app.records.createMigration(recordWith({ id: 'a', guest }));
    await sweepMigrations(app.services);
    expect([...app.engine.instances]).toEqual([['a', 'running']]);
  });

  it('leaves a start alone that is a minute old', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a', updatedAt: '2026-11-02T07:59:30.000Z' }));
    await sweepMigrations(app.services);
    expect(app.engine.starts).toBe(0);
  });

  it('ends a row whose guest went to another migration', async () => {
    const app = createTestApp();
    await app.records.createMigration(recordWith({ id: 'a' }));
    await app.records.createMigration(recordWith({ id: 'b', status: 'Running', phase: 'purging' }));
    app.engine.instances.set('b', 'running');
    app.records.locks.set(GUEST_ID, lockOf('b'));
    await sweepMigrations(app.services);
    expect(app.records.migrations.get('a')).toMatchObject({ phase: 'ended', outcome: 'rejected' });
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe('b');
    expect(app.engine.starts).toBe(0);
  });

  it.each(['failed', 'ended'] as const)(
    'ends a migration whose orchestration has %s, and frees its guests',
    async (status) => {
      const app = createTestApp();
      const id = await waitingFor(app, NEW_ID);
      app.engine.instances.set(id, status);
      app.records.locks.set(GUEST_ID, lockOf(id));
      app.records.locks.set(NEW_ID, { ...lockOf(id), guestId: NEW_ID });
      await sweepMigrations(app.services);
      expect(app.records.migrations.get(id)).toMatchObject({
        status: 'Failed',
        phase: 'ended',
        outcome: 'failed',
        error: { code: 'engine-stopped', detail: 'It stopped in phase awaitingRedemption.' },
      });
      expect(app.records.auditLog).toMatchObject([{ migrationId: id, by: 'app', action: 'engineStopped' }]);
      await sweepMigrations(app.services);
      expect(app.records.locks.size).toBe(0);
      expect(app.records.auditLog).toHaveLength(1);
    },
  );

  it('leaves alone what runs, and what the engine does not know', async () => {
    const app = createTestApp();
    await waitingFor(app, NEW_ID);
    await app.records.createMigration(recordWith({ id: 'forgotten', status: 'Running', phase: 'restoring' }));
    const before = structuredClone([...app.records.migrations.values()]);
    await sweepMigrations(app.services);
    expect([...app.records.migrations.values()]).toEqual(before);
    expect(app.logLines.join('\n')).toContain('engine-forgot');
  });

  it('frees a guest whose start died before its row, after two minutes', async () => {
    const app = createTestApp();
    app.records.locks.set(GUEST_ID, lockOf('dead', '2026-11-02T07:59:00.000Z'));
    await sweepMigrations(app.services);
    expect(app.records.locks.size).toBe(1);
    app.advance(61_000);
    await sweepMigrations(app.services);
    expect(app.records.locks.size).toBe(0);
  });

  it('does not take the lock from a start that wakes up at that moment', async () => {
    const app = createTestApp();
    const headers = { 'Content-Type': 'application/json' };
    app.records.before = async (operation) => {
      if (operation !== 'createMigration') return;
      app.records.before = () => undefined;
      app.advance(3 * MINUTE);
      await sweepMigrations(app.services);
    };
    const answer = await app.call('POST', '/api/migrations', { headers, body: JSON.stringify({ guest: GUEST_ID }) });
    expect(answer.status).toBe(409);
    expect(app.engine.starts).toBe(0);
    expect([...app.records.migrations.values()]).toMatchObject([{ phase: 'ended', outcome: 'rejected' }]);
  });

  it('lets a start go on that wakes up between the judgement and the freeing', async () => {
    const app = createTestApp();
    const headers = { 'Content-Type': 'application/json' };
    const gate = Promise.withResolvers<undefined>();
    const paused = Promise.withResolvers<undefined>();
    let awake = false;
    const begin = () => app.call('POST', '/api/migrations', { headers, body: JSON.stringify({ guest: GUEST_ID }) });
    app.records.before = async (operation) => {
      if (operation === 'createMigration') {
        paused.resolve(undefined);
        await gate.promise;
      }
      if (awake || (operation !== 'replaceLock' && operation !== 'releaseGuest')) return;
      awake = true;
      gate.resolve(undefined);
      await starting;
    };
    const starting = begin();
    await paused.promise;
    app.advance(3 * MINUTE);
    await sweepMigrations(app.services);
    expect(awake).toBe(true);
    expect((await starting).status).toBe(202);
    const [started] = [...app.engine.instances.keys()];
    expect(app.records.locks.get(GUEST_ID)?.migrationId).toBe(started);
  });

  it('goes on after one failure', async () => {
    const app = createTestApp();
    const guest = { oldId: null, newId: null, displayName: null };
    for (const id of ['a', 'b', 'c']) await app.records.createMigration(recordWith({ id, guest }));
    const starting = app.engine.start.bind(app.engine);
    app.engine.start = (id, input) => (id === 'b' ? Promise.reject(new Error('no')) : starting(id, input));
    await expect(sweepMigrations(app.services)).rejects.toMatchObject({ code: 'engine-start-refused' });
    expect([...app.engine.instances.keys()].sort()).toEqual(['a', 'c']);
  });
});
