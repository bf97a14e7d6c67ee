import type { OrchestrationHandler } from 'durable-functions';
import { NonDeterminismError, replayHistory, type HistoryEvent } from '../../local/host';
import { DAY_MS, engineOf } from './support';

type Steps = (context: Parameters<OrchestrationHandler>[0]) => ReturnType<OrchestrationHandler>;

const waitsAtTheEnd: Steps = function* (context) {
  yield context.df.callActivity('capture');
  yield context.df.callActivity('purgeGuest');
  yield context.df.waitForExternalEvent('go');
  return 'done';
};
const activities = { capture: () => 1, purgeGuest: () => 2, inviteGuest: () => 3 };

/** Runs `before` until it waits, then continues the same instance with `after` and returns its output. */
async function outputAfterDeployment(before: Steps, after: Steps): Promise<unknown> {
  const first = engineOf({ switchGuest: before }, activities);
  const id = first.engine.start('switchGuest');
  await first.engine.settle();
  await first.engine.stop();
  const second = engineOf({ switchGuest: after }, activities, first);
  second.engine.raiseEvent(id, 'go');
  await second.engine.settle();
  const status = second.engine.status(id);
  return status?.runtimeStatus === 'Failed' ? status.output : status?.runtimeStatus;
}

describe('a running instance meets changed code', () => {
  test('the same code goes on', async () => {
    expect(await outputAfterDeployment(waitsAtTheEnd, waitsAtTheEnd)).toBe('Completed');
  });

  test('another activity at the same place fails the instance by name', async () => {
    const swapped: Steps = function* (context) {
      yield context.df.callActivity('capture');
      yield context.df.callActivity('inviteGuest');
      yield context.df.waitForExternalEvent('go');
    };
    expect(await outputAfterDeployment(waitsAtTheEnd, swapped)).toBe(
      'Non-deterministic orchestrator "switchGuest": event 1 was activity "purgeGuest" in the history, ' +
        'but the code now asks for activity "inviteGuest"',
    );
  });

  test('a timer in the place of an activity', async () => {
    const timer: Steps = function* (context) {
      yield context.df.callActivity('capture');
      yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 1000));
      yield context.df.waitForExternalEvent('go');
    };
    expect(await outputAfterDeployment(waitsAtTheEnd, timer)).toContain(
      'event 1 was activity "purgeGuest" in the history, but the code now asks for a timer',
    );
  });

  test('a step that is no longer there', async () => {
    const shorter: Steps = function* (context) {
      yield context.df.callActivity('capture');
      yield context.df.waitForExternalEvent('go');
    };
    expect(await outputAfterDeployment(waitsAtTheEnd, shorter)).toContain(
      'event 1 was activity "purgeGuest" in the history, but the code now asks for nothing',
    );
  });

  test('a cancelled timer of more than six days after its first piece has fired', async () => {
    const longWait: Steps = function* (context) {
      const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 30 * DAY_MS));
      const answer = context.df.waitForExternalEvent('answer');
      yield context.df.Task.any([answer, timer]);
      timer.cancel();
      yield context.df.callActivity('capture');
    };
    const early = engineOf({ longWait }, activities);
    const a = early.engine.start('longWait');
    await early.engine.advance(DAY_MS);
    early.engine.raiseEvent(a, 'answer');
    await early.engine.settle();
    expect(early.engine.status(a)?.runtimeStatus).toBe('Completed');

    const late = engineOf({ longWait }, activities);
    const b = late.engine.start('longWait');
    await late.engine.advance(4 * DAY_MS);
    late.engine.raiseEvent(b, 'answer');
    await late.engine.settle();
    expect(late.engine.status(b)).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringContaining(
        'event 1 was a timer in the history, but the code now asks for activity "capture"',
      ),
    });
  });
});

describe('replaying a recorded history', () => {
  async function recorded(): Promise<HistoryEvent[]> {
    const { engine } = engineOf({ switchGuest: waitsAtTheEnd }, activities);
    const id = engine.start('switchGuest');
    await engine.settle();
    engine.raiseEvent(id, 'go');
    await engine.settle();
    return engine.history(id);
  }

  test('the code that wrote it replays to the same end', async () => {
    expect(await replayHistory(waitsAtTheEnd, await recorded())).toMatchObject({
      isDone: true,
      output: 'done',
      episodes: 4,
    });
  });

  test('a history with another name in it is refused', async () => {
    const altered = (await recorded()).map((event) =>
      event.Name === 'purgeGuest' ? { ...event, Name: 'softDelete' } : event,
    );
    await expect(replayHistory(waitsAtTheEnd, altered)).rejects.toThrow(NonDeterminismError);
    await expect(replayHistory(waitsAtTheEnd, altered)).rejects.toThrow(
      'event 1 was activity "softDelete" in the history, but the code now asks for activity "purgeGuest"',
    );
  });

  test('a call that was never recorded is refused', async () => {
    const longer: Steps = function* (context) {
      yield* waitsAtTheEnd(context);
      yield context.df.callActivity('inviteGuest');
    };
    await expect(replayHistory(longer, await recorded())).rejects.toThrow(
      'event 2 is not in the history, but the code now asks for activity "inviteGuest"',
    );
  });
});
