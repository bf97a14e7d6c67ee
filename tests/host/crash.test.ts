import { join } from 'node:path';
import { EventType } from '../../local/host';
import { Store } from '../../local/host/engine/store';
import { FixtureHost, eventually, folders } from './support';

const newFolder = folders();

/** Starts the host again each time it died, until `done` holds; returns the surviving host and the number of deaths. */
async function survive(
  folder: string,
  first: FixtureHost,
  done: (host: FixtureHost) => Promise<boolean>,
): Promise<{ host: FixtureHost; deaths: number }> {
  let host: FixtureHost | undefined = first;
  for (let deaths = 0; deaths < 100;) {
    const alive: FixtureHost = host;
    let dead = false;
    void alive.exited.then(() => (dead = true));
    const outcome = await eventually(async () => {
      const finished = await done(alive).catch(() => false);
      return finished ? 'done' : dead ? 'dead' : undefined;
    });
    if (outcome === 'done') return { host: alive, deaths };
    expect(await alive.exited).toEqual({ code: null, signal: 'SIGKILL' });
    deaths += 1;
    host = await FixtureHost.start(folder);
    while (!host) {
      deaths += 1;
      host = await FixtureHost.start(folder);
    }
  }
  throw new Error('The host died a hundred times.');
}

async function startedIn(folder: string): Promise<FixtureHost> {
  const host = await FixtureHost.start(folder);
  if (!host) throw new Error('The fixture host did not start.');
  return host;
}

const completed = (id: string) => async (host: FixtureHost) =>
  (await host.client('getStatus', id)).runtimeStatus === 'Completed';
const did = (host: FixtureHost): string[] => host.effects().filter((line) => !line.startsWith('app'));

/** How often each of three activities runs when the host dies once at every boundary of a kind. */
const EXPECTED = {
  beforeActivity: { deaths: 3, effects: ['first', 'second', 'third'] },
  afterActivityEffect: { deaths: 3, effects: ['first', 'first', 'second', 'second', 'third', 'third'] },
  beforeEpisodeCommit: { deaths: 4, effects: ['first', 'second', 'third'] },
  afterEpisodeCommit: { deaths: 4, effects: ['first', 'second', 'third'] },
};

describe('kill -9 at every boundary of one kind', () => {
  test.each(Object.entries(EXPECTED))('%s', async (point, { deaths, effects }) => {
    const folder = newFolder();
    const first = await startedIn(folder);
    await first.request('/_host/crash', { method: 'PUT', body: JSON.stringify({ point, times: 1000 }) });
    // The answer to the start may be lost with the process.
    await first.client('startNew', 'chain', { instanceId: 'c' }).catch(() => undefined);
    const end = await survive(folder, first, completed('c'));
    expect(await end.host.client('getStatus', 'c')).toMatchObject({ output: ['did first', 'did second', 'did third'] });
    expect(end.deaths).toBe(deaths);
    expect(did(end.host)).toEqual(effects);
    const { armed, fired } = await end.host.json('/_host/crash');
    expect(armed).toMatchObject({ point, times: 1000 - deaths });
    expect(fired).toHaveLength(deaths);
    await end.host.stop();
  });
});

test('an episode that dies before its commit leaves nothing behind', async () => {
  const folder = newFolder();
  const first = await startedIn(folder);
  await first.request('/_host/crash', {
    method: 'PUT',
    body: JSON.stringify({ point: 'beforeEpisodeCommit', name: 'waits' }),
  });
  await first.client('startNew', 'waits', { instanceId: 'w' }).catch(() => undefined);
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  // What the dead process left: the message that starts the instance, and nothing of the episode.
  const left = new Store(join(folder, 'data', 'host.db'));
  expect(left.instance('w')).toMatchObject({ status: 'Pending', custom_status: null });
  expect(left.inbox('w').map(({ event }) => JSON.parse(event).EventType)).toEqual([EventType.ExecutionStarted]);
  expect(left.history('w')).toEqual([]);
  left.close();
  const second = await startedIn(folder);
  await eventually(async () => ((await second.client('getStatus', 'w')).customStatus ? true : undefined));
  const history: { EventType: number }[] = await second.json('/_host/instances/w/history');
  expect(history.map((event) => event.EventType)).toEqual([12, 0, 13]);
  await second.stop();
});

test('skip lets boundaries pass, name limits to one function, and the counts outlive the process', async () => {
  const folder = newFolder();
  const first = await startedIn(folder);
  const plan = { point: 'beforeActivity', name: 'effect', skip: 2, times: 1 };
  await first.request('/_host/crash', { method: 'PUT', body: JSON.stringify(plan) });
  await first.client('startNew', 'chain', { instanceId: 'c' });
  const end = await survive(folder, first, completed('c'));
  expect(end.deaths).toBe(1);
  expect(await end.host.json('/_host/crash')).toEqual({
    armed: null,
    fired: [{ point: 'beforeActivity', name: 'effect' }],
  });
  expect(did(end.host)).toEqual(['first', 'second', 'third']);
  await end.host.stop();
});

test('sub-orchestrations, timers and retries survive kills at any moment', async () => {
  const folder = newFolder();
  let host = await startedIn(folder);
  await host.client('startNew', 'parent', { instanceId: 'p' });
  await host.client('startNew', 'retries', { instanceId: 'r' });
  for (let round = 0; round < 4; round += 1) {
    host.kill('SIGKILL');
    await host.exited;
    host = await startedIn(folder);
    await host.post('/_host/clock', { advanceMs: 20_000 });
  }
  await eventually(async () => ((await completed('p')(host)) && (await completed('r')(host)) ? true : undefined));
  expect(await host.client('getStatus', 'p')).toMatchObject({ output: ['a', 'b'] });
  expect(await host.client('getStatus', 'r')).toMatchObject({ output: 3 });
  await host.stop();
});
