import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { eventually, FixtureHost, folders } from './support';

const newFolder = folders();

async function started(env: NodeJS.ProcessEnv = {}): Promise<FixtureHost> {
  const host = await FixtureHost.start(newFolder(), env);
  if (!host) throw new Error('The fixture host did not start.');
  return host;
}

/** A request with headers that fetch would not send; resolves to the status. */
function statusOf(host: FixtureHost, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port: host.port, host: '127.0.0.1', path, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end();
  });
}

describe('one host', () => {
  let host: FixtureHost;
  beforeAll(async () => {
    host = await started();
  });
  afterAll(async () => host.stop());

  describe('HTTP functions', () => {
    test('bodies arrive as they were sent, also bytes that are no text', async () => {
      const bytes = [0xff, 0xfe, 0x00, 0xc3, 0x28];
      const answer = await host.json('/api/echo?a=1&b=x%20y&a=2', { method: 'POST', body: new Uint8Array(bytes) });
      expect(answer).toMatchObject({ handler: 'echo', body: bytes, query: { a: '1,2', b: 'x y' }, method: 'POST' });
      expect(answer.url).toBe(`http://127.0.0.1:${host.port}/api/echo?a=1&b=x%20y&a=2`);
    });

    test('literals win over parameters, and a catch-all takes what has no fitting method', async () => {
      expect(await host.json('/api/items/special')).toMatchObject({ handler: 'special' });
      expect(await host.json('/api/items/7')).toMatchObject({ handler: 'item', params: { id: '7' } });
      expect(await host.json('/api/items/7/change')).toMatchObject({
        handler: 'rest',
        params: { rest: 'items/7/change' },
      });
      expect((await host.request('/api/unknown', { method: 'PUT' })).status).toBe(404);
      expect((await host.request('/outside')).status).toBe(404);
    });

    test.each(['secret', 'master'])('%s needs the host key', async (name) => {
      for (const path of [`/api/${name}`, `/api/${name}?code=wrong`, `/api/${name}?code=`]) {
        const refused = await host.request(path);
        expect([refused.status, await refused.text()]).toEqual([401, '']);
      }
      expect(await host.json(`/api/${name}?code=${host.hostKey}`)).toMatchObject({ handler: name });
      const headers = { 'x-functions-key': host.hostKey };
      expect(await host.json(`/api/${name}`, { headers })).toMatchObject({ handler: name });
    });

    test('the key is in a file of its own that only the owner can read', () => {
      expect(statSync(join(host.folder, 'data', 'host-key')).mode & 0o777).toBe(0o600);
    });

    test('a function that throws answers an empty 500, one that returns nothing 204', async () => {
      const failed = await host.request('/api/fails');
      expect([failed.status, await failed.text()]).toEqual([500, '']);
      expect((await host.request('/api/nothing')).status).toBe(204);
      await eventually(() =>
        host.stdout.includes("Executed 'fails' (Failed): Error: broken on purpose") ? true : undefined,
      );
    });

    test('status, headers, cookies and bytes of the answer are kept', async () => {
      const response = await host.request('/api/cookies');
      expect(response.status).toBe(203);
      expect(response.headers.get('x-own')).toBe('kept');
      expect(response.headers.getSetCookie()).toEqual([
        'session=a%20b; Path=/api; Max-Age=60; Secure; HttpOnly; SameSite=strict',
        'plain=1',
      ]);
      expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 128]);
    });

    test('the hooks of the app run', async () => {
      expect(await (await host.request('/api/hooked')).text()).toBe('yes');
      expect(host.effects()).toContain('appStart');
    });

    test('what a function logs is one line of JSON', async () => {
      await host.request('/api/time');
      const line = await eventually(() => host.stdout.split('\n').find((text) => text.includes('telling the time')));
      expect(JSON.parse(line)).toEqual({
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        level: 'information',
        category: 'user',
        message: 'telling the time',
        functionName: 'time',
        invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    });
  });

  describe('internal endpoints', () => {
    test.each([
      ['another host name', { host: 'evil.example' }],
      ['a page of another origin', { origin: 'https://evil.example' }],
    ])('refuse %s', async (_what, headers) => {
      expect(await statusOf(host, '/_host/clock', headers)).toBe(403);
      expect(await statusOf(host, '/runtime/durable/instances/', headers)).toBe(403);
      expect(await statusOf(host, '/api/items/7', headers)).toBe(200);
    });

    test.each([
      ['POST', 'clock', '{"advanceMs":-1}'],
      ['POST', 'clock', '{"advanceMs":"1"}'],
      ['POST', 'clock', 'no json'],
      ['PUT', 'crash', '{"point":"somewhere"}'],
      ['PUT', 'crash', '{"point":"beforeActivity","times":0}'],
    ])('%s /_host/%s refuses %s', async (method, resource, body) => {
      expect((await host.request(`/_host/${resource}`, { method, body })).status).toBe(400);
    });

    test('name the functions', async () => {
      const functions: { name: string }[] = await host.json('/_host/functions');
      expect(functions).toContainEqual({
        name: 'secret',
        type: 'httpTrigger',
        route: 'secret',
        methods: ['GET'],
        authLevel: 'function',
      });
      expect(functions.find(({ name }) => name === 'configured')).toMatchObject({ schedule: '%FIXTURE_SCHEDULE%' });
    });
  });

  describe('the real durable client', () => {
    const ended = (id: string): Promise<{ output: unknown; runtimeStatus: string }> =>
      eventually(async () => {
        const status = await host.client('getStatus', id);
        return ['Completed', 'Failed', 'Terminated'].includes(status.runtimeStatus) ? status : undefined;
      });

    test('starts, reads and is answered; the default version comes from host.json', async () => {
      expect(await host.client('startNew', 'waits', { instanceId: 'w1', input: { a: 1 } })).toBe('w1');
      await eventually(async () => ((await host.client('getStatus', 'w1')).customStatus ? true : undefined));
      expect(await host.client('getStatus', 'w1')).toMatchObject({
        name: 'waits',
        runtimeStatus: 'Running',
        input: { a: 1 },
        customStatus: { waiting: true },
      });
      await host.client('raiseEvent', 'w1', 'answer', { yes: true });
      expect(await ended('w1')).toMatchObject({ output: { answer: { yes: true }, version: '1.0.0' } });
      await host.client('startNew', 'waits', { instanceId: 'w2', version: '2.0.0' });
      await host.client('raiseEvent', 'w2', 'answer', 1);
      expect(await ended('w2')).toMatchObject({ output: { version: '2.0.0' } });
    });

    test('is refused as Azure refuses', async () => {
      await host.client('startNew', 'waits', { instanceId: 'r1' });
      await expect(host.client('startNew', 'waits', { instanceId: 'r1' })).rejects.toThrow(/500.*already exists/);
      await expect(host.client('startNew', 'nobody')).rejects.toThrow(/400.*does not exist/);
      await expect(host.client('getStatus', 'unknown')).rejects.toThrow('404');
      await expect(host.client('raiseEvent', 'unknown', 'answer')).rejects.toThrow('No instance');
      await expect(host.client('rewind', 'r1', 'why')).rejects.toThrow('only supported on failed');
      await host.client('terminate', 'r1', 'enough');
      expect(await ended('r1')).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
      // The client resolves silently when the instance has ended.
      expect(await host.client('raiseEvent', 'r1', 'answer', 1)).toBeNull();
    });

    test('lists over all pages, filters, suspends, resumes and purges', async () => {
      const ids = Array.from({ length: 120 }, (_, n) => `many-${n}`);
      for (const instanceId of ids) await host.client('startNew', 'waits', { instanceId });
      await host.client('suspend', 'many-5', 'pause');
      await eventually(async () => {
        const suspended = await host.client('getStatusBy', { runtimeStatus: ['Suspended'] });
        return suspended.length === 1 && suspended[0].instanceId === 'many-5' ? true : undefined;
      });
      await host.client('resume', 'many-5', 'go on');
      const all: { instanceId: string }[] = await host.client('getStatusAll');
      expect(all.map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(ids));
      const page = await host.request('/_host/instances?top=50');
      expect(await page.json()).toHaveLength(50);
      expect(page.headers.get('x-ms-continuation-token')).toBeTruthy();
      for (const id of ids) await host.client('terminate', id, 'end');
      await eventually(async () =>
        (await host.client('getStatusBy', { runtimeStatus: ['Pending', 'Running'] })).length === 0 ? true : undefined,
      );
      expect(await host.client('purgeInstanceHistory', 'many-1')).toEqual({ instancesDeleted: 1 });
      const purged = await host.client('purgeInstanceHistoryBy', { runtimeStatus: ['Terminated'] });
      expect(purged.instancesDeleted).toBeGreaterThanOrEqual(119);
      await expect(host.client('getStatus', 'many-7')).rejects.toThrow('404');
    });

    test('an orchestration that wants callHttp fails and says why', async () => {
      const id = await host.client('startNew', 'usesHttp');
      expect(await ended(id)).toMatchObject({ runtimeStatus: 'Failed', output: expect.stringContaining('callHttp') });
    });
  });
});

describe('the clock of a host process', () => {
  test('moves for the app too, fires timers in order, and does not go back after a restart', async () => {
    const folder = newFolder();
    const first = await FixtureHost.start(folder);
    if (!first) throw new Error('The fixture host did not start.');
    await first.client('startNew', 'parent', { instanceId: 'p' });
    await eventually(() => (first.effects().includes('child b') ? true : undefined));
    const { now } = await first.post('/_host/clock', { advanceMs: 40 * 86_400_000 });
    expect(Date.parse(now) - Date.now()).toBeGreaterThan(39 * 86_400_000);
    const { now: seen, isDate, iso } = await first.json('/api/time');
    expect(Math.abs(seen - Date.parse(now))).toBeLessThan(60_000);
    expect([isDate, iso.slice(0, 10)]).toEqual([true, now.slice(0, 10)]);
    const status = await first.client('getStatus', 'p');
    expect(status).toMatchObject({ runtimeStatus: 'Completed', output: ['a', 'b'] });
    // The children waited for a minute: their parent ended then, not where the jump ended.
    expect(Date.parse(status.lastUpdatedTime) - Date.parse(status.createdTime)).toBeLessThan(120_000);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const second = await FixtureHost.start(folder);
    const later = await second?.json('/_host/clock');
    expect(Date.parse(later.now)).toBeGreaterThanOrEqual(Date.parse(now));
    await second?.stop();
  });

  test('a timer function that became due many times fires once, late; it can be run at will', async () => {
    const host = await started();
    await host.post('/_host/clock', { advanceMs: 86_400_000 });
    expect(
      host
        .effects()
        .filter((line) => line !== 'appStart')
        .sort(),
    ).toEqual(['configured', 'everyTenMinutes true']);
    expect(await host.post('/_host/timers/everyTenMinutes', {})).toEqual({ succeeded: true });
    expect(host.effects()).toContain('everyTenMinutes false');
    expect((await host.request('/_host/timers/nobody', { method: 'POST' })).status).toBe(404);
    await host.stop();
  });
});

test('a timer function does not overlap with itself', async () => {
  const host = await started();
  await Promise.all([1, 2].map(() => host.post('/_host/timers/slow', {})));
  expect(host.effects().filter((line) => line.startsWith('slow'))).toEqual([
    'slow begins',
    'slow ends',
    'slow begins',
    'slow ends',
  ]);
  await host.stop();
});

describe('start and end of a host process', () => {
  test('ends in order with its parent', async () => {
    const host = await started();
    host.disconnect();
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.effects()).toContain('appTerminate');
    expect(host.stdout).toContain(`host listening on http://localhost:${host.port}\n`);
  });

  test('a second host on the same data folder is refused', async () => {
    const host = await started();
    const second = FixtureHost.spawn(host.folder);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain('Another host uses this data folder.');
    await host.stop();
  });

  test('an app that cannot be loaded: the reason on stderr, exit code 1', async () => {
    const host = FixtureHost.spawn(newFolder(), join(__dirname, 'fixture-broken'));
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.stderr).toContain('The host could not start: the setting GREETING is missing');
    expect(host.stderr).not.toMatch(/local.host.loadApp/);
  });

  test('a schedule whose setting is missing is such a reason', async () => {
    const host = FixtureHost.spawn(newFolder(), undefined, { FIXTURE_SCHEDULE: undefined });
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.stderr).toContain('setting "FIXTURE_SCHEDULE"');
  });
});
