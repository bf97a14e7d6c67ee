import type { OrchestrationHandler } from 'durable-functions';
import { DAY_MS, dueTimes, engineOf, outline, START } from './support';

const activities = { after: () => 'ok' };

function at(context: Parameters<OrchestrationHandler>[0], ms: number): Date {
  return new Date(context.df.currentUtcDateTime.getTime() + ms);
}

test('a cancelled timer takes its id, and does not keep the instance open', async () => {
  const race: OrchestrationHandler = function* (context) {
    const timer = context.df.createTimer(at(context, DAY_MS));
    const answer = context.df.waitForExternalEvent('answer');
    yield context.df.Task.any([answer, timer]);
    timer.cancel();
    yield context.df.callActivity('after');
    return answer.result;
  };
  const { engine } = engineOf({ race }, activities);
  const id = engine.start('race');
  await engine.settle();
  engine.raiseEvent(id, 'answer', 'yes');
  await engine.settle();
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'yes' });
  expect(outline(engine.history(id))).toEqual([
    'ExecutionStarted race',
    'TimerCreated 0',
    'EventRaised answer',
    'TaskScheduled 1 after',
    'TaskCompleted 1',
    'ExecutionCompleted 2',
  ]);
  expect(engine.nextTimerAt()).toBeUndefined();
});

test('a losing timer that is not cancelled keeps the instance open until it fires', async () => {
  const careless: OrchestrationHandler = function* (context) {
    const timer = context.df.createTimer(at(context, DAY_MS));
    yield context.df.Task.any([context.df.waitForExternalEvent('answer'), timer]);
    return 'answered';
  };
  const { engine } = engineOf({ careless });
  const id = engine.start('careless');
  engine.raiseEvent(id, 'answer');
  await engine.settle();
  expect(engine.status(id)?.runtimeStatus).toBe('Running');
  await engine.advance(DAY_MS);
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'answered' });
});

/** Waits for an answer in steps of a day, each raced with a timer whose loser is cancelled. */
const patient: OrchestrationHandler = function* (context) {
  const deadline = at(context, 30 * DAY_MS).getTime();
  let ticks = 0;
  while (context.df.currentUtcDateTime.getTime() < deadline) {
    const answer = context.df.waitForExternalEvent('answer');
    const timer = context.df.createTimer(at(context, DAY_MS));
    const winner: unknown = yield context.df.Task.any([answer, timer]);
    if (winner === answer) {
      const decision = answer.result as string;
      if (!timer.isCompleted) timer.cancel();
      yield context.df.callActivity('after');
      return `${decision} after ${ticks} days`;
    }
    ticks += 1;
  }
  return `expired after ${ticks} days`;
};

describe('a wait of 30 days in steps of one', () => {
  test('ends at the deadline, with two rows per day', async () => {
    const { engine, clock } = engineOf({ patient }, activities);
    const id = engine.start('patient');
    await engine.advance(40 * DAY_MS);
    expect(engine.status(id)).toMatchObject({
      runtimeStatus: 'Completed',
      output: 'expired after 30 days',
      lastUpdatedTime: '2026-01-31T00:00:00.000Z',
    });
    expect(outline(engine.history(id))).toHaveLength(2 + 30 * 2);
    expect(clock.now()).toBe(Date.parse(START) + 40 * DAY_MS);
  });

  test('ends with an answer on any day; a late duplicate changes nothing', async () => {
    const { engine } = engineOf({ patient }, activities);
    const id = engine.start('patient');
    await engine.advance(17.5 * DAY_MS);
    engine.raiseEvent(id, 'answer', 'yes');
    engine.raiseEvent(id, 'answer', 'no');
    await engine.settle();
    expect(engine.status(id)?.output).toBe('yes after 17 days');
    expect(() => engine.raiseEvent(id, 'answer', 'no')).toThrow('already ended');
  });
});

describe('external events', () => {
  const two: OrchestrationHandler = function* (context) {
    yield context.df.callActivity('after');
    const first: unknown = yield context.df.waitForExternalEvent('word');
    const second: unknown = yield context.df.waitForExternalEvent('word');
    return [first, second];
  };

  test('those that come before their wait are kept, in order', async () => {
    const { engine } = engineOf({ two }, activities);
    const id = engine.start('two');
    engine.raiseEvent(id, 'word', 'a');
    engine.raiseEvent(id, 'word', 'b');
    await engine.settle();
    expect(engine.status(id)?.output).toEqual(['a', 'b']);
  });

  test('a third one is ignored, none at all leaves the instance waiting', async () => {
    const { engine } = engineOf({ two }, activities);
    const id = engine.start('two');
    engine.raiseEvent(id, 'other', 1);
    engine.raiseEvent(id, 'word', 'a');
    await engine.advance(DAY_MS);
    expect(engine.status(id)?.runtimeStatus).toBe('Running');
    engine.raiseEvent(id, 'word', 'b');
    engine.raiseEvent(id, 'word', 'c');
    await engine.settle();
    expect(engine.status(id)?.output).toEqual(['a', 'b']);
  });

  test('a name in other letters is taken by the host and not by the code: the instance is stuck, as in Azure', async () => {
    const { engine } = engineOf({ two }, activities);
    const other = engine.start('two');
    engine.raiseEvent(other, 'WORD', 'a');
    engine.raiseEvent(other, 'WORD', 'b');
    await engine.advance(DAY_MS);
    expect(engine.status(other)?.runtimeStatus).toBe('Running');
  });
});

test('a timer of more than six days is cut into pieces of three', async () => {
  const long: OrchestrationHandler = function* (context) {
    yield context.df.createTimer(at(context, 10 * DAY_MS));
    yield context.df.callActivity('after');
    return context.df.currentUtcDateTime.toISOString();
  };
  const { engine } = engineOf({ long }, activities);
  const id = engine.start('long');
  await engine.advance(30 * DAY_MS);
  expect(engine.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: '2026-01-11T00:00:00.000Z' });
  expect(dueTimes(engine.history(id)).map((due) => due.slice(0, 10))).toEqual([
    '2026-01-04',
    '2026-01-07',
    '2026-01-10',
    '2026-01-11',
  ]);
});

test('a timer in the past fires at once', async () => {
  const past: OrchestrationHandler = function* (context) {
    yield context.df.createTimer(at(context, -DAY_MS));
    return 'fired';
  };
  const { engine } = engineOf({ past });
  const id = engine.start('past');
  await engine.settle();
  expect(engine.status(id)?.output).toBe('fired');
});
