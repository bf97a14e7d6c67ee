import type { OrchestrationHandler } from 'durable-functions';
import { createFunctionTable, createHost, virtualClock, type LogLine } from '../../local/host';
import { DAY_MS, folders } from './support';

const newFolder = folders();

const greet: OrchestrationHandler = function* (context) {
  if (!context.df.isReplaying) context.log('greeting', { day: 1 });
  const text: unknown = yield context.df.callActivity('say', context.df.getInput());
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + DAY_MS));
  return text;
};

test('durable functions run without an app, in memory and on a virtual clock', async () => {
  const lines: LogLine[] = [];
  const log = (line: LogLine): void => void lines.push(line);
  const say = (name: string, context: { triggerMetadata?: Record<string, unknown> }): string =>
    `Hello ${name} in ${String(context.triggerMetadata?.['instanceId'])}`;
  const host = createHost({
    functions: createFunctionTable({ orchestrators: { greet }, activities: { say }, log }),
    clock: virtualClock('2026-01-01T00:00:00Z'),
    log,
  });
  host.engine.start('greet', { instanceId: 'g', input: 'Ada' });
  await host.engine.settle();
  expect(host.engine.nextTimerAt()).toEqual(new Date('2026-01-02T00:00:00Z'));
  await host.advance(DAY_MS);
  expect(host.engine.status('g')).toMatchObject({ runtimeStatus: 'Completed', output: 'Hello Ada in g' });
  expect(lines.map(({ message }) => message)).toEqual(['greeting { day: 1 }']);
  await host.close();
});

test('such a host can be served and moved over HTTP, and its data folder keeps everything', async () => {
  const functions = createFunctionTable({ orchestrators: { greet }, activities: { say: (name: string) => name } });
  const dataDir = newFolder();
  const first = createHost({ functions, dataDir });
  const { port } = await first.listen(0);
  first.engine.start('greet', { instanceId: 'g', input: 'Ada' });
  const body = JSON.stringify({ advanceMs: DAY_MS + 60_000 });
  await fetch(`http://localhost:${port}/_host/clock`, { method: 'POST', body });
  const now = first.clock.now();
  await first.close();
  const second = createHost({ functions, dataDir });
  expect(second.engine.status('g')).toMatchObject({ runtimeStatus: 'Completed', output: 'Ada' });
  expect(second.clock.now()).toBeGreaterThanOrEqual(now);
  expect(second.hostKey).toBe(first.hostKey);
  await second.close();
});
