import type { Phase } from '../../domain/phases';
import { broken, closeRuns, done, endingOf, notNow, startRun, timerLengths, type Script } from '../support/scriptedRun';

afterEach(closeRuns);

/** A cancel that the run sees when it enters a phase. */
function cancelSeenIn(wanted: Phase): Partial<Script> {
  return { recordPhase: ({ phase }) => done({ cancelRequested: phase === wanted }) };
}

describe('a cancel before the purge ends as cancelled, and is undone if and only if a deletion was tried:', () => {
  it.each<[Phase, string[]]>([
    ['preflight', []],
    ['capturing', ['preflight']],
    ['deleting', ['preflight', 'captureAccess']],
    ['purging', ['preflight', 'captureAccess', 'softDeleteGuest', 'undeleteGuest']],
  ])('seen when entering %s', async (phase, steps) => {
    const run = await startRun(cancelSeenIn(phase));
    expect(await run.finish()).toEqual({ outcome: 'cancelled' });
    expect(endingOf(run)).toEqual({ outcome: 'cancelled', code: null, times: 1 });
    const called = run.calls.map((call) => call.name).filter((name) => name !== 'recordPhase');
    expect(called).toEqual([...steps, 'finishMigration']);
    expect(run.story().includes('phase:undoing')).toBe(steps.includes('softDeleteGuest'));
  });

  it('when the claim of the purge is lost to it', async () => {
    const run = await startRun({ claimPurge: () => done({ claimed: false }) });
    expect(await run.finish()).toEqual({ outcome: 'cancelled' });
    expect(run.of('purgeGuest')).toEqual([]);
    expect(run.of('undeleteGuest')).toHaveLength(1);
    expect(endingOf(run)).toEqual({ outcome: 'cancelled', code: null, times: 1 });
  });
});

describe('a permanent failure before the purge is undone and told', () => {
  it.each([
    ['softDeleteGuest', 'delete-refused'],
    ['softDeleteGuest', 'snapshot-unverified'],
    ['claimPurge', 'engine-stopped'],
    ['purgeGuest', 'purge-refused'],
    ['purgeGuest', 'snapshot-unverified'],
  ] as const)('%s: %s', async (step, code) => {
    const run = await startRun({ [step]: () => broken(code) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(run.of('undeleteGuest')).toHaveLength(1);
    expect(run.of('inviteGuest')).toEqual([]);
    expect(endingOf(run)).toEqual({ outcome: 'failed', code, times: 1 });
  });

  it('the failure of the undo is told as undo-failed', async () => {
    const run = await startRun({
      purgeGuest: () => broken('purge-refused'),
      undeleteGuest: () => broken('undo-failed'),
    });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'undo-failed', times: 1 });
  });

  it('an undo that never gets through is told as undo-failed too: the operator must restore the guest', async () => {
    const run = await startRun({
      ...cancelSeenIn('purging'),
      undeleteGuest: () => {
        throw new Error('the directory is away');
      },
    });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'undo-failed', times: 1 });
  });
});

describe('when the undo finds the guest gone', () => {
  it('after a claimed purge the story goes on with the invitation', async () => {
    const run = await startRun({
      purgeGuest: () => broken('purge-refused'),
      undeleteGuest: () => done({ guest: 'gone' }),
    });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.of('inviteGuest')).toHaveLength(1);
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
  });

  it('without a purge of ours the run ends: somebody else purged the guest', async () => {
    const run = await startRun({ ...cancelSeenIn('purging'), undeleteGuest: () => done({ guest: 'gone' }) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run).code).toBe('guest-vanished');
    expect(run.of('inviteGuest')).toEqual([]);
  });
});

describe('retries', () => {
  const away = () => {
    throw new Error('the directory is away');
  };
  /** Seconds between the calls of a step. */
  const gaps = (calls: { atMs: number }[]) =>
    calls.slice(1).map((call, place) => (call.atMs - (calls[place]?.atMs ?? 0)) / 1000);

  it('of thrown failures come at growing distances, up to a minute while everything can be undone', async () => {
    const run = await startRun({ purgeGuest: (_input, nth) => (nth <= 8 ? away() : done({})) });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(gaps(run.of('purgeGuest'))).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    expect(timerLengths(run.history())).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
  });

  it('come at distances of up to a quarter of an hour after the purge', async () => {
    const run = await startRun({ inviteGuest: (_input, nth) => (nth <= 12 ? away() : broken('invitation-refused')) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(gaps(run.of('inviteGuest'))).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('that are used up before the purge are undone and told as step-exhausted', async () => {
    const run = await startRun({ purgeGuest: away });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    const tries = run.of('purgeGuest');
    expect(tries).toHaveLength(18);
    expect(((tries.at(-1)?.atMs ?? 0) - (tries[0]?.atMs ?? 0)) / 60_000).toBeLessThan(15);
    expect(run.of('undeleteGuest')).toHaveLength(1);
    expect(run.of('inviteGuest')).toEqual([]);
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'step-exhausted', times: 1 });
  });

  it.each(['preflight', 'captureAccess'] as const)(
    'that are used up in %s end the run with nothing to undo',
    async (step) => {
      const run = await startRun({ [step]: away });
      expect(await run.finish()).toEqual({ outcome: 'failed' });
      expect(run.of('undeleteGuest')).toEqual([]);
      expect(run.of('softDeleteGuest')).toEqual([]);
      expect(endingOf(run).code).toBe('step-exhausted');
    },
  );

  it('a "not now" is served by one durable timer of exactly that length', async () => {
    const run = await startRun({ purgeGuest: (_input, nth) => (nth === 1 ? notNow(137) : done({})) });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(timerLengths(run.history())).toEqual([137_000]);
    expect(gaps(run.of('purgeGuest'))).toEqual([137]);
  });

  it('a wait of more than a day is cut, so that no timer comes near six days', async () => {
    const run = await startRun({
      inviteGuest: (_input, nth) => (nth === 1 ? notNow(10 * 86_400) : broken('invitation-refused')),
    });
    await run.finish();
    expect(timerLengths(run.history())).toEqual([86_400_000]);
  });
});
