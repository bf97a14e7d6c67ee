import { RetryOptions, type OrchestrationHandler } from 'durable-functions';
import { DAY_MS, dueTimes, engineOf, outline } from './support';

function failing(times: number): () => number {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls <= times) throw new Error(`attempt ${calls} failed`);
    return calls;
  };
}

function withOptions(change: (options: RetryOptions) => void, attempts: number): OrchestrationHandler {
  return function* (context) {
    const options = new RetryOptions(1000, attempts);
    change(options);
    const result: unknown = yield context.df.callActivityWithRetry('flaky', options, { n: 1 });
    const after: unknown = yield context.df.callActivity('steady');
    return [result, after];
  };
}

const plain = withOptions(() => undefined, 3);
const steady = (): string => 'steady';

test('each attempt is TaskFailed, a timer with its own id, and a call with the next id', async () => {
  const { engine } = engineOf({ plain }, { flaky: failing(2), steady });
  const id = engine.start('plain');
  await engine.advance(10_000);
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: [3, 'steady'] });
  expect(outline(engine.history(id))).toEqual([
    'ExecutionStarted plain',
    'TaskScheduled 0 flaky',
    'TaskFailed 0',
    'TimerCreated 1',
    'TimerFired 1',
    'TaskScheduled 2 flaky',
    'TaskFailed 2',
    'TimerCreated 3',
    'TimerFired 3',
    'TaskScheduled 4 flaky',
    'TaskCompleted 4',
    'TaskScheduled 5 steady',
    'TaskCompleted 5',
    'ExecutionCompleted 6',
  ]);
});

test('the attempts include the first; the last failure is followed by a timer that is due at once', async () => {
  const caught: OrchestrationHandler = function* (context) {
    try {
      return (yield context.df.callActivityWithRetry('flaky', new RetryOptions(1000, 2))) as unknown;
    } catch (error) {
      yield context.df.callActivity('steady');
      return (error as Error).message.split(' \n')[0];
    }
  };
  const { engine } = engineOf({ caught }, { flaky: failing(9), steady });
  const id = engine.start('caught');
  await engine.advance(1000);
  expect(engine.status(id)?.output).toBe("Activity function 'flaky' failed: attempt 2 failed");
  expect(dueTimes(engine.history(id))).toEqual(['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:01.000Z']);
  expect(outline(engine.history(id)).slice(-5)).toEqual([
    'TimerCreated 3',
    'TimerFired 3',
    'TaskScheduled 4 steady',
    'TaskCompleted 4',
    'ExecutionCompleted 5',
  ]);
});

test('the delay grows by the coefficient up to the maximum', async () => {
  const growing = withOptions((options) => {
    options.backoffCoefficient = 3;
    options.maxRetryIntervalInMilliseconds = 5000;
  }, 5);
  const { engine } = engineOf({ growing }, { flaky: failing(4), steady });
  const id = engine.start('growing');
  await engine.advance(60_000);
  // 1 s, 3 s, then 9 s and 27 s cut to 5 s.
  expect(dueTimes(engine.history(id))).toEqual([
    '2026-01-01T00:00:01.000Z',
    '2026-01-01T00:00:04.000Z',
    '2026-01-01T00:00:09.000Z',
    '2026-01-01T00:00:14.000Z',
  ]);
  expect(engine.status(id)?.runtimeStatus).toBe('Completed');
});

test('a retry timeout that passes leaves the instance running for ever, as in Azure', async () => {
  const timed = withOptions((options) => {
    options.retryTimeoutInMilliseconds = 500;
  }, 5);
  const { engine } = engineOf({ timed }, { flaky: failing(9), steady });
  const id = engine.start('timed');
  await engine.advance(DAY_MS);
  expect(engine.status(id)?.runtimeStatus).toBe('Running');
  expect(engine.nextTimerAt()).toBeUndefined();
});

test('without retry a failed activity fails the instance with the reason', async () => {
  const once: OrchestrationHandler = function* (context) {
    yield context.df.callActivity('flaky');
  };
  const { engine } = engineOf({ once }, { flaky: failing(1) });
  const id = engine.start('once');
  await engine.settle();
  const status = engine.status(id);
  expect(status?.runtimeStatus).toBe('Failed');
  expect(status?.output).toMatch(
    /^Orchestrator function 'once' failed: Activity function 'flaky' failed: attempt 1 failed/,
  );
});
