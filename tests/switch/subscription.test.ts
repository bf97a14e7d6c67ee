import { guests } from '../../local/tenant/seed/ids';
import { createSubscriptionWorld, type StoredSubscription, type SubscriptionWorld } from '../support/subscriptionWorld';

/*
 * The life of the one subscription to changes of users: the step, the timer and the webhooks of the app against the
 * simulated tenant, in this process with virtual time.
 */

const HOUR = 60;
const DAY = 24 * HOUR;
const SUBSCRIPTIONS = '^/v1.0/subscriptions';

let world: SubscriptionWorld;
beforeEach(async () => {
  world = await createSubscriptionWorld();
});
afterEach(() => world.close());

const active = { ok: true, value: { active: true } };
const none = { ok: true, value: { active: false } };
const fault = (more: object) => world.tenant.control('PUT', 'faults', [{ path: SUBSCRIPTIONS, ...more }]);

/** Exactly one at Graph: the one that is remembered, with the present address and secret. */
async function theOne(): Promise<StoredSubscription> {
  const [only, ...others] = await world.atGraph();
  const { notificationUrl, notificationSecret: clientState } = world.deps.settings;
  expect(others).toEqual([]);
  expect(only).toMatchObject({ resource: '/users', notificationUrl, clientState });
  expect(only?.id).toBe((await world.remembered())?.id);
  if (only === undefined) throw new Error('there is none');
  return only;
}

/** Ticks of the timer, as often as it ticks. */
async function tendFor(minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    world.minutes(5);
    await world.tend();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
}

describe('while somebody is waited for there is one subscription', () => {
  it('made by the step before the invitation, kept by later steps and ticks without a request', async () => {
    await world.migration('a', 'inviting');
    expect(await world.step()).toEqual(active);
    await theOne();
    expect(await world.calls()).toEqual(['POST 201']);
    await world.step();
    await world.tend();
    expect(await world.calls()).toEqual([]);
  });

  it('made by the timer when the step could not', async () => {
    await world.migration('a', 'inviting');
    await fault({ method: 'POST', kind: 'status', status: 503 });
    expect(await world.step()).toEqual(none);
    expect(await world.atGraph()).toEqual([]);
    await tendFor(5);
    await theOne();
  });

  it('renewed days before its end, for as long as the wait lasts', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    const { id } = await theOne();
    for (let day = 1; day <= 60; day += 1) {
      world.minutes(DAY);
      await world.tend();
      const { expirationDateTime } = await theOne();
      const left = Date.parse(expirationDateTime) - world.deps.clock.now().getTime();
      expect(left).toBeGreaterThan(2 * DAY * 60_000);
    }
    expect((await theOne()).id).toBe(id);
    expect((await world.calls()).filter((call) => call === 'PATCH 200')).toHaveLength(2);
  });

  it('made anew when it expired while the app was down', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    world.minutes(40 * DAY);
    await world.tend();
    await theOne();
  });

  it('asked for at Graph once an hour, and made anew when it vanished without a sign', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    const { id } = await theOne();
    await world.changeAtGraph(() => []);
    await world.calls();
    await tendFor(55);
    expect(await world.calls()).toEqual([]);
    await tendFor(5);
    expect(await world.calls()).toEqual(['GET 200', 'POST 201']);
    expect((await theOne()).id).not.toBe(id);
    expect(world.logLines.join('\n')).toContain('subscription-lost');
    await tendFor(DAY);
    expect(await world.calls()).toEqual(Array.from({ length: 24 }, () => 'GET 200'));
  });

  it('made anew when the renewal finds it gone', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    await world.changeAtGraph(() => []);
    world.minutes(26 * DAY);
    await world.tend();
    expect((await world.calls()).slice(1)).toEqual(['PATCH 404', 'POST 201']);
    await theOne();
  });

  it('replaced when the secret changes, and again notifications count', async () => {
    await world.migration('a', 'awaitingRedemption', guests.ines);
    await world.tend();
    world.deps.settings.notificationSecret = 'the next secret of more than sixteen characters';
    world.services.settings.notificationSecret = world.deps.settings.notificationSecret;
    await tendFor(5);
    await theOne();
    await world.tenant.graph.write('PATCH', `/users/${guests.ines}`, { city: 'Porto' });
    await until('the notification', () => world.woken.includes('a'));
    expect([...world.records.controls.values()].join()).not.toContain('secret');
    expect(world.logLines.join()).not.toContain('secret');
  });

  it('replaced when the address changes', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    world.deps.settings.notificationUrl += '?v=2';
    await tendFor(5);
    await theOne();
  });
});

describe('of several that make it at once', () => {
  it('one does, the others wait and then find it', async () => {
    await world.migration('a', 'inviting');
    const answers = await Promise.all([world.step(), world.step(), world.tend(), world.step()]);
    expect(answers).toContainEqual(active);
    expect(answers).toContainEqual({ ok: false, afterSeconds: 5 });
    expect(await world.calls()).toEqual(['POST 201']);
    expect(await Promise.all([world.step(), world.step()])).toEqual([active, active]);
    await theOne();
  });

  it('one that died over it holds the others up for two minutes only', async () => {
    await world.migration('a', 'inviting');
    const { graph } = world.deps;
    world.deps.graph = { ...graph, write: () => new Promise(() => undefined) };
    void world.step();
    await until('the try', () => world.records.controls.get('subscriptionAttempt') !== undefined);
    world.deps.graph = graph;
    expect(await world.step()).toEqual({ ok: false, afterSeconds: 5 });
    world.minutes(2);
    expect(await world.step()).toEqual(active);
    await theOne();
  });

  it('one that was thought dead leaves no second one behind', async () => {
    await world.migration('a', 'inviting');
    const { graph } = world.deps;
    const gate = Promise.withResolvers<undefined>();
    world.deps.graph = {
      ...graph,
      write: async (method, path, body) => {
        const answer = await graph.write(method, path, body);
        if (method === 'POST') await gate.promise;
        return answer;
      },
    };
    const slow = world.step();
    let made: StoredSubscription[] = [];
    await until('the first', () => {
      void world.atGraph().then((all) => (made = all));
      return made.length > 0;
    });
    world.minutes(3);
    // Graph shows no secrets in lists, so the one that is there cannot be adopted.
    world.deps.graph = {
      ...graph,
      readAll: async (path, item) =>
        (await graph.readAll(path, item)).map((one) => item.parse({ ...(one as object), clientState: null })),
    };
    expect(await world.step()).toEqual(active);
    gate.resolve(undefined);
    expect(await slow).toEqual(active);
    expect((await theOne()).id).not.toBe(made[0]?.id);
  });

  it('one that was thought dead leaves no second one behind, also where Graph let both through', async () => {
    await world.migration('a', 'inviting');
    const { graph } = world.deps;
    const gate = Promise.withResolvers<undefined>();
    world.deps.graph = {
      ...graph,
      write: async (method, path, body) => {
        if (method !== 'POST') return graph.write(method, path, body);
        await gate.promise;
        return graph.write(method, path, { ...(body as object), changeType: 'updated' });
      },
    };
    const slow = world.step();
    await until('the try', () => world.records.controls.get('subscriptionAttempt') !== undefined);
    world.minutes(3);
    world.deps.graph = graph;
    expect(await world.step()).toEqual(active);
    gate.resolve(undefined);
    expect(await slow).toEqual(active);
    expect((await world.calls()).filter((call) => call === 'POST 201')).toHaveLength(2);
    await theOne();
  });
});

describe('lost answers', () => {
  it.each(['POST', 'PATCH', 'DELETE', 'GET'])(
    'of %s leave one subscription, or none when nobody waits',
    async (method) => {
      await fault({ method, kind: 'lostAck', times: 2 });
      await world.migration('a', 'awaitingRedemption');
      for (let tick = 0; tick < 4; tick += 1) await tendFor(5);
      await theOne();
      world.minutes(27 * DAY);
      for (let tick = 0; tick < 4; tick += 1) await tendFor(5);
      await theOne();
      await world.records.updateMigration('a', { phase: 'restoring' });
      for (let tick = 0; tick < 4; tick += 1) await tendFor(5);
      expect(await world.atGraph()).toEqual([]);
    },
  );

  it('of the creation, with the wait over before the next tick: what was made is removed', async () => {
    await world.migration('a', 'inviting');
    await world.tenant.control('PUT', 'faults', [
      { path: SUBSCRIPTIONS, method: 'POST', kind: 'lostAck' },
      { path: SUBSCRIPTIONS, method: 'GET', kind: 'status', status: 400 },
    ]);
    expect(await world.step()).toEqual(none);
    expect(await world.atGraph()).toHaveLength(1);
    await world.records.updateMigration('a', { phase: 'ended', status: 'Canceled' });
    await tendFor(5);
    expect(await world.atGraph()).toEqual([]);
    await world.calls();
    await tendFor(30);
    expect(await world.calls()).toEqual([]);
  });
});

describe('an earlier subscription (409)', () => {
  const inMinutes = (minutes: number) => new Date(world.deps.clock.now().getTime() + minutes * 60_000).toISOString();
  const subscribe = (more: object = {}) => {
    const { notificationUrl, lifecycleUrl, notificationSecret } = world.deps.settings;
    return world.tenant.graph.write('POST', '/subscriptions', {
      changeType: 'updated,deleted',
      resource: '/users',
      notificationUrl,
      lifecycleNotificationUrl: lifecycleUrl,
      expirationDateTime: inMinutes(DAY),
      clientState: notificationSecret,
      ...more,
    }) as Promise<StoredSubscription>;
  };

  it('of ours is adopted', async () => {
    const earlier = await subscribe();
    expect(await world.step()).toEqual(active);
    expect((await theOne()).id).toBe(earlier.id);
  });

  it.each([
    ['another secret', { clientState: 'a secret of earlier days' }],
    ['no lifecycle address', { lifecycleNotificationUrl: undefined }],
  ])('with %s is replaced', async (_what, more) => {
    const earlier = await subscribe(more);
    expect(await world.step()).toEqual(active);
    expect((await theOne()).id).not.toBe(earlier.id);
  });

  it('of ours that is left over beside the one in force is deleted by the hourly look; others are left alone', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    const stray = await subscribe({ changeType: 'updated' });
    const { origin } = new URL(world.deps.settings.notificationUrl);
    const other = await subscribe({ resource: `/users/${guests.ines}`, notificationUrl: `${origin}/other` });
    await tendFor(HOUR);
    const left = (await world.atGraph()).map(({ id }) => id);
    expect(left).toHaveLength(2);
    expect(left).not.toContain(stray.id);
    expect(left).toContain(other.id);
  });
});

describe('a refusal (403), such as the quota of subscriptions', () => {
  const refused = { method: 'POST', kind: 'status', status: 403, times: 1000 };

  it('is told, not asked for again within an hour, and ends with the next success', async () => {
    await world.migration('a', 'inviting');
    await fault(refused);
    expect(await world.step()).toEqual(none);
    expect(world.logLines.filter((line) => line.includes('subscription-unavailable'))).toHaveLength(1);
    await world.calls();
    expect(await world.step()).toEqual(none);
    await tendFor(55);
    expect(await world.calls()).toEqual([]);
    await tendFor(5);
    expect((await world.calls())[0]).toBe('POST 403');
    await world.tenant.control('PUT', 'faults', []);
    await tendFor(HOUR);
    await theOne();
    expect(world.records.controls.get('subscriptionAttempt')).toBe('');
  });

  it('by the quota itself is over once there is room', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    const model = await theOne();
    const others = Array.from({ length: 100 }, (_, n) => ({ ...model, id: `other-${n}`, resource: `/users/${n}` }));
    await world.changeAtGraph(() => others);
    await tendFor(HOUR);
    expect(world.logLines.join('\n')).toContain('"subscription-unavailable","status":403');
    expect(await world.atGraph()).toHaveLength(100);
    await world.changeAtGraph(() => others.slice(1));
    await tendFor(HOUR);
    const subscriptions = await world.atGraph();
    expect(subscriptions.filter(({ resource }) => resource === '/users')).toHaveLength(1);
    expect(subscriptions).toHaveLength(100);
  });

  it('leaves polling, which goes on', async () => {
    await fault(refused);
    await world.migration('a', 'awaitingRedemption', guests.ines);
    await world.tend();
    world.minutes(1);
    await world.watch();
    // The guest of the built-in tenant accepted long ago.
    expect(world.woken).toEqual(['a']);
  });
});

describe('reauthorizationRequired', () => {
  const ask = async () => {
    await world.tenant.control('POST', 'lifecycle', { event: 'reauthorizationRequired' });
    await until('the request', () => (world.records.controls.get('subscriptionRenewal') ?? '') !== '');
  };

  it('is answered on the next tick by a renewal, and by nothing else', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    const before = await theOne();
    world.minutes(4);
    await ask();
    await world.calls();
    await tendFor(15);
    expect(await world.calls()).toEqual(['PATCH 200']);
    const after = await theOne();
    expect(after.id).toBe(before.id);
    expect(Date.parse(after.expirationDateTime)).toBeGreaterThan(Date.parse(before.expirationDateTime));
  });

  it('is answered by the removal when nobody waits any more', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    await world.records.updateMigration('a', { phase: 'needsOperator' });
    await ask();
    await tendFor(5);
    expect(await world.atGraph()).toEqual([]);
    expect(world.records.controls.get('subscriptionRenewal')).toBe('');
  });

  it('for one that is lost makes a new one', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    await ask();
    await world.changeAtGraph(() => []);
    await tendFor(5);
    await theOne();
  });
});

describe('when nobody is waited for any more', () => {
  it('it is removed, and nothing is asked of Graph after that', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    await world.records.updateMigration('a', { phase: 'restoring' });
    await tendFor(5);
    expect(await world.atGraph()).toEqual([]);
    expect(await world.remembered()).toBeUndefined();
    await world.calls();
    await tendFor(DAY);
    expect(await world.calls()).toEqual([]);
  });

  it('a removal that Graph refuses is tried again', async () => {
    await world.migration('a', 'awaitingRedemption');
    await world.tend();
    await world.records.updateMigration('a', { phase: 'ended', status: 'Succeeded' });
    await fault({ method: 'DELETE', kind: 'status', status: 503 });
    await tendFor(5);
    expect(await world.atGraph()).toHaveLength(1);
    await tendFor(5);
    expect(await world.atGraph()).toEqual([]);
  });

  /** The timer has read that nobody waits; then a migration comes to its invitation, at this very operation. */
  it.each(['readControl', 'decideOnControl', 'listMigrations'] as const)(
    'a migration that is about to invite keeps it or gets another, whenever it comes: before %s',
    async (operation) => {
      let times = 0;
      for (let nth = 1; nth <= 4; nth += 1) {
        world.records.migrations.clear();
        await world.migration('old', 'awaitingRedemption');
        await tendFor(5);
        await theOne();
        await world.records.updateMigration('old', { phase: 'restoring' });
        world.minutes(5);
        let left = nth;
        let answer: unknown;
        world.records.before = async (called) => {
          if (called !== operation || (left -= 1) !== 0) return;
          world.records.before = () => undefined;
          await world.migration('new', 'inviting');
          answer = await world.step();
        };
        await world.tend();
        world.records.before = () => undefined;
        if (answer === undefined) continue;
        times += 1;
        while (JSON.stringify(answer) !== JSON.stringify(active)) answer = await world.step();
        await theOne();
        await tendFor(15);
        await theOne();
      }
      expect(times).toBeGreaterThan(0);
    },
  );

  it('a migration that asks while it is being deleted gets another', async () => {
    await world.migration('old', 'awaitingRedemption');
    await world.tend();
    await world.records.updateMigration('old', { phase: 'restoring' });
    world.minutes(5);
    const { graph } = world.deps;
    let answer: unknown;
    world.deps.graph = {
      ...graph,
      write: async (method, path, body) => {
        if (method === 'DELETE' && answer === undefined) {
          world.deps.graph = graph;
          await world.migration('new', 'inviting');
          answer = await world.step();
        }
        return graph.write(method, path, body);
      },
    };
    await world.tend();
    expect(answer).toEqual(active);
    await theOne();
    await tendFor(10);
    await theOne();
  });
});
