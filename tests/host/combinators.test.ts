import type { OrchestrationHandler } from 'durable-functions';
import { DAY_MS, engineOf, outline } from './support';

const echo = (value: unknown): unknown => value;

function at(context: Parameters<OrchestrationHandler>[0], ms: number): Date {
  return new Date(context.df.currentUtcDateTime.getTime() + ms);
}

test('Task.all runs its tasks at the same time and keeps their order', async () => {
  const finish: (() => void)[] = [];
  const slow = (value: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      finish.push(() => resolve(value));
      // All three have started: they end in the opposite order.
      if (finish.length === 3) for (const end of finish.reverse()) end();
    });
  const fan: OrchestrationHandler = function* (context) {
    return (yield context.df.Task.all([1, 2, 3].map((n) => context.df.callActivity('slow', n)))) as number[];
  };
  const { engine } = engineOf({ fan }, { slow });
  const id = engine.start('fan');
  await engine.settle();
  expect(engine.status(id)?.output).toEqual([1, 2, 3]);
});

test('no more than ten activities run at the same time', async () => {
  let running = 0;
  let most = 0;
  const counted = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  const wide: OrchestrationHandler = function* (context) {
    yield context.df.Task.all(Array.from({ length: 40 }, () => context.df.callActivity('counted')));
  };
  const { engine } = engineOf({ wide }, { counted });
  const id = engine.start('wide');
  await engine.settle();
  expect(engine.status(id)?.runtimeStatus).toBe('Completed');
  expect(most).toBe(10);
});

test('Task.all fails with the first error, and the instance ends when the others have ended', async () => {
  const mixed: OrchestrationHandler = function* (context) {
    const tasks = [context.df.callActivity('bad'), context.df.callActivity('echo', 1)];
    try {
      return (yield context.df.Task.all(tasks)) as unknown;
    } catch {
      return 'caught';
    }
  };
  const bad = (): never => {
    throw new Error('bad');
  };
  const { engine } = engineOf({ mixed }, { bad, echo });
  const id = engine.start('mixed');
  await engine.settle();
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'caught' });
  expect(outline(engine.history(id))).toContain('TaskCompleted 1');
});

test('compound tasks nest', async () => {
  const nested: OrchestrationHandler = function* (context) {
    const approvals = context.df.Task.all([
      context.df.waitForExternalEvent('first'),
      context.df.waitForExternalEvent('second'),
    ]);
    const timer = context.df.createTimer(at(context, DAY_MS));
    const winner: unknown = yield context.df.Task.any([approvals, timer]);
    if (winner !== approvals) return 'late';
    timer.cancel();
    yield context.df.callActivity('echo');
    return approvals.result;
  };
  const { engine } = engineOf({ nested }, { echo });
  const [both, one] = [engine.start('nested'), engine.start('nested')];
  engine.raiseEvent(both, 'second', 2);
  engine.raiseEvent(both, 'first', 1);
  engine.raiseEvent(one, 'first', 1);
  await engine.advance(2 * DAY_MS);
  expect(engine.status(both)?.output).toEqual([1, 2]);
  expect(engine.status(one)?.output).toBe('late');
});

test('a task that is yielded in a second Task.any is scheduled a second time, as in Azure', async () => {
  const again: OrchestrationHandler = function* (context) {
    const never = context.df.callActivity('never');
    for (const name of ['first', 'second']) yield context.df.Task.any([never, context.df.waitForExternalEvent(name)]);
    return 'done';
  };
  const { engine } = engineOf({ again }, { never: () => new Promise(() => undefined) });
  const id = engine.start('again');
  await engine.settle(100);
  engine.raiseEvent(id, 'first');
  await engine.settle(100);
  expect(outline(engine.history(id)).filter((line) => line.startsWith('TaskScheduled'))).toEqual([
    'TaskScheduled 0 never',
    'TaskScheduled 1 never',
  ]);
});
