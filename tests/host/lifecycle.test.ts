import { RetryOptions, type OrchestrationHandler } from 'durable-functions';
import { DAY_MS, engineOf, outline } from './support';

const echo = (value: unknown): unknown => value;

const waits: OrchestrationHandler = function* (context) {
  context.df.setCustomStatus({ phase: 'waiting' });
  const answer: unknown = yield context.df.waitForExternalEvent('answer');
  context.df.setCustomStatus({ phase: 'answered' });
  return yield context.df.callActivity('echo', answer);
};

describe('start', () => {
  test('an id of a running instance is refused, one that ended is started afresh', async () => {
    const { engine } = engineOf({ waits }, { echo });
    engine.start('waits', { instanceId: 'one', input: 1 });
    expect(() => engine.start('waits', { instanceId: 'one' })).toThrow('already exists');
    await engine.settle();
    expect(() => engine.start('waits', { instanceId: 'one' })).toThrow('already exists');
    engine.raiseEvent('one', 'answer', 'x');
    await engine.settle();
    engine.start('waits', { instanceId: 'one', input: 2 });
    await engine.settle();
    expect(engine.status('one')).toMatchObject({ runtimeStatus: 'Running', input: 2, output: null });
    expect(outline(engine.history('one'))).toEqual(['ExecutionStarted waits']);
  });

  test.each(['', 'a/b', 'a?b', 'a#b', 'a\\b', '@entity', 'a\nb', 'x'.repeat(257)])(
    'refuses the id %j',
    (instanceId) => {
      const { engine } = engineOf({ waits });
      expect(() => engine.start('waits', { instanceId })).toThrow('not allowed');
    },
  );

  test('an unknown orchestrator is refused; an unknown activity fails the instance', async () => {
    const { engine } = engineOf({ waits });
    expect(() => engine.start('nobody')).toThrow('"nobody" does not exist');
    const id = engine.start('waits');
    engine.raiseEvent(id, 'answer');
    await engine.settle();
    expect(engine.status(id)).toMatchObject({
      runtimeStatus: 'Failed',
      output: 'There is no activity function "echo".',
    });
  });

  test('the version reaches the orchestrator', async () => {
    const versioned: OrchestrationHandler = function* (context) {
      yield context.df.callActivity('echo');
      return (context.df as { version?: string }).version;
    };
    const { engine } = engineOf({ versioned }, { echo });
    const id = engine.start('versioned', { version: '2.1' });
    await engine.settle();
    expect(engine.status(id)?.output).toBe('2.1');
  });
});

test('custom status is visible at each wait and stays at the end', async () => {
  const { engine } = engineOf({ waits }, { echo });
  const id = engine.start('waits');
  await engine.settle();
  expect(engine.status(id)?.customStatus).toEqual({ phase: 'waiting' });
  engine.raiseEvent(id, 'answer');
  await engine.settle();
  expect(engine.status(id)?.customStatus).toEqual({ phase: 'answered' });
});

test('inputs and results keep their JSON type', async () => {
  const values: OrchestrationHandler = function* (context) {
    const seen: unknown[] = [];
    for (const value of context.df.getInput<unknown[]>()) seen.push(yield context.df.callActivity('echo', value));
    return seen;
  };
  const { engine } = engineOf({ values }, { echo });
  const input = ['text', '123', '{"a":1}', '', 5, 0, false, null, [1, [2]], { a: { b: 'ä€😀' } }];
  const id = engine.start('values', { input });
  await engine.settle();
  expect(engine.status(id)?.output).toEqual(input);
});

describe('suspend and resume', () => {
  test('events are kept back and timers go on', async () => {
    const { engine } = engineOf({ waits }, { echo });
    const id = engine.start('waits');
    await engine.settle();
    engine.suspend(id, 'pause');
    await engine.settle();
    engine.raiseEvent(id, 'answer', 'kept');
    await engine.advance(DAY_MS);
    expect(engine.status(id)?.runtimeStatus).toBe('Suspended');
    expect(outline(engine.history(id))).not.toContain('EventRaised answer');
    engine.resume(id, 'go on');
    await engine.settle();
    expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'kept' });
    expect(outline(engine.history(id)).slice(0, 4)).toEqual([
      'ExecutionStarted waits',
      'ExecutionSuspended',
      'EventRaised answer',
      'ExecutionResumed',
    ]);
  });

  test('an instance suspended before its first episode starts when it is resumed', async () => {
    const { engine } = engineOf({ waits }, { echo });
    const id = engine.start('waits');
    engine.suspend(id, '');
    await engine.settle();
    expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Suspended', customStatus: null });
    engine.resume(id, '');
    await engine.settle();
    expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Running', customStatus: { phase: 'waiting' } });
  });
});

test('terminate ends an instance, even a suspended one, and drops what comes later', async () => {
  const slow: OrchestrationHandler = function* (context) {
    yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + DAY_MS));
    yield context.df.callActivity('echo');
  };
  const { engine } = engineOf({ slow }, { echo });
  const id = engine.start('slow');
  await engine.settle();
  engine.suspend(id, '');
  await engine.settle();
  engine.terminate(id, 'enough');
  await engine.settle();
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
  expect(engine.nextTimerAt()).toBeUndefined();
  expect(() => engine.resume(id, '')).toThrow('already ended');
});

test('purge forgets ended instances only', async () => {
  const { engine } = engineOf({ waits }, { echo });
  const [ended, open] = [engine.start('waits'), engine.start('waits')];
  engine.raiseEvent(ended, 'answer');
  await engine.settle();
  expect([engine.purge(ended), engine.purge(ended), engine.purge(open), engine.purge('unknown')]).toEqual([1, 0, 0, 0]);
  expect(engine.status(ended)).toBeUndefined();
  expect(engine.history(ended)).toEqual([]);
  engine.terminate(open, '');
  await engine.settle();
  expect(engine.purgeBy({ runtimeStatus: ['Terminated'] })).toBe(1);
});

test('rewind runs the failed calls again, also through a retry and in a sub-orchestration', async () => {
  let broken = true;
  const fragile = (value: unknown): unknown => {
    if (broken) throw new Error('down');
    return value;
  };
  const inner: OrchestrationHandler = function* (context) {
    return yield context.df.callActivityWithRetry('fragile', new RetryOptions(1000, 1), 'inner');
  };
  const outer: OrchestrationHandler = function* (context) {
    const before: unknown = yield context.df.callActivity('echo', 'before');
    const tasks = [context.df.callSubOrchestrator('inner'), context.df.callActivity('fragile', 'outer')];
    const results = (yield context.df.Task.all(tasks)) as unknown[];
    return [before, ...results];
  };
  let echoes = 0;
  const counting = (value: unknown): unknown => {
    echoes += 1;
    return value;
  };
  const { engine } = engineOf({ inner, outer }, { fragile, echo: counting });
  const id = engine.start('outer');
  await engine.settle();
  expect(engine.status(id)?.runtimeStatus).toBe('Failed');
  expect(() => engine.rewind('unknown', '')).toThrow('no instance');
  broken = false;
  engine.rewind(id, 'repaired');
  await engine.settle();
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: ['before', 'inner', 'outer'] });
  expect(echoes).toBe(1);
  expect(() => engine.rewind(id, '')).toThrow('only supported on failed');
});

describe('continueAsNew', () => {
  const rounds: OrchestrationHandler = function* (context) {
    const round = context.df.getInput<number>();
    const cancelled = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + DAY_MS));
    yield context.df.Task.any([context.df.callActivity('echo', round), cancelled]);
    cancelled.cancel();
    if (round === 3) return 'ended';
    context.df.continueAsNew(round + 1);
    return undefined;
  };

  test('starts over with the new input, an empty history and no timers of the old one', async () => {
    const { engine } = engineOf({ rounds }, { echo });
    const id = engine.start('rounds', { input: 1 });
    await engine.advance(2 * DAY_MS);
    expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'ended', input: 3 });
    expect(outline(engine.history(id)).filter((line) => line.startsWith('TaskScheduled'))).toHaveLength(1);
    expect(outline(engine.history(id))).not.toContain('TimerFired 0');
  });

  test('drops the events that it did not use, and takes those that come later', async () => {
    const onceMore: OrchestrationHandler = function* (context) {
      const word: unknown = yield context.df.waitForExternalEvent('word');
      const seen = [...context.df.getInput<unknown[]>(), word];
      if (seen.length === 2) return seen;
      context.df.continueAsNew(seen);
      return undefined;
    };
    const { engine } = engineOf({ onceMore });
    const id = engine.start('onceMore', { input: [] });
    await engine.settle();
    engine.raiseEvent(id, 'word', 'a');
    engine.raiseEvent(id, 'word', 'lost');
    await engine.settle();
    expect(engine.status(id)?.runtimeStatus).toBe('Running');
    engine.raiseEvent(id, 'word', 'b');
    await engine.settle();
    expect(engine.status(id)?.output).toEqual(['a', 'b']);
  });
});

describe('sub-orchestrations', () => {
  const child: OrchestrationHandler = function* (context) {
    const { fail, name } = context.df.getInput<{ fail?: boolean; name: string }>();
    yield context.df.callActivity('echo');
    if (fail) throw new Error(`${name} failed`);
    return name;
  };

  test('answer their parent, in parallel and with an id of their own or a given one', async () => {
    const parent: OrchestrationHandler = function* (context) {
      const tasks = [
        context.df.callSubOrchestrator('child', { name: 'a' }),
        context.df.callSubOrchestrator('child', { name: 'b' }, 'chosen'),
      ];
      return (yield context.df.Task.all(tasks)) as string[];
    };
    const { engine } = engineOf({ child, parent }, { echo });
    const id = engine.start('parent');
    await engine.settle();
    expect(engine.status(id)?.output).toEqual(['a', 'b']);
    expect(engine.status('chosen')?.output).toBe('b');
    expect(outline(engine.history(id)).slice(1, 3)).toEqual([
      'SubOrchestrationInstanceCreated 0 child',
      'SubOrchestrationInstanceCreated 1 child',
    ]);
  });

  test('fail their parent with the reason, after as many attempts as the retry allows', async () => {
    const parent: OrchestrationHandler = function* (context) {
      const retry = new RetryOptions(1000, 3);
      yield context.df.callSubOrchestratorWithRetry('child', retry, { fail: true, name: 'x' });
    };
    const { engine } = engineOf({ child, parent }, { echo });
    const id = engine.start('parent');
    await engine.advance(60_000);
    expect(engine.status(id)).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringContaining("Orchestrator function 'child' failed: x failed"),
    });
    const created = outline(engine.history(id)).filter((line) => line.startsWith('SubOrchestrationInstanceCreated'));
    expect(created).toEqual([0, 2, 4].map((n) => `SubOrchestrationInstanceCreated ${n} child`));
  });

  test('cannot take the id of a running instance or of their parent', async () => {
    const parent: OrchestrationHandler = function* (context) {
      return yield context.df.callSubOrchestrator('child', { name: 'a' }, context.df.getInput<string>());
    };
    const { engine } = engineOf({ child, parent, waits }, { echo });
    engine.start('waits', { instanceId: 'taken' });
    await engine.settle();
    engine.start('parent', { instanceId: 'p1', input: 'taken' });
    engine.start('parent', { instanceId: 'p2', input: 'P2' });
    await engine.settle();
    expect(engine.status('p1')?.output).toContain('belongs to a running instance');
    expect(engine.status('p2')?.output).toContain('must differ from those of its parents');
    expect(engine.status('taken')?.runtimeStatus).toBe('Running');
  });
});

test('what the host does not offer fails the instance with a clear message', async () => {
  const http: OrchestrationHandler = function* (context) {
    yield context.df.callHttp({ method: 'GET', url: 'http://127.0.0.1:1/' });
  };
  const { engine } = engineOf({ http });
  const id = engine.start('http');
  await engine.settle();
  expect(engine.status(id)).toMatchObject({
    runtimeStatus: 'Failed',
    output: expect.stringContaining('not supported by the embedded host'),
  });
});
