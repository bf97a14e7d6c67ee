import type { StepOutput } from '../../domain/steps';
import {
  broken,
  closeRuns,
  done,
  endingOf,
  notNow,
  startRun,
  SNAPSHOT_HASH,
  type ScriptedRun,
  type Script,
} from '../support/scriptedRun';

afterEach(closeRuns);

/** A capture of `counts[wave]` chunks of one grant in each wave. */
function chunksOf(...counts: number[]): Pick<Script, 'captureAccess'> {
  const waves = counts.flatMap((count, wave) => Array.from({ length: count }, () => wave));
  const chunks = waves.map((wave, from) => ({ wave, from, to: from + 1 }));
  return { captureAccess: () => done({ snapshotHash: SNAPSHOT_HASH, grants: chunks.length, chunks }) };
}
const allDone = done({ retry: [], afterSeconds: 0 });
const again = (retry: number[], afterSeconds = 0): { ok: true; value: StepOutput<'restoreGrants'> } =>
  done({ retry, afterSeconds });

/** Seconds between the tries of the restoring. */
function gaps(run: ScriptedRun): number[] {
  const calls = run.of('restoreGrants');
  return calls.slice(1).map((call, place) => (call.atMs - (calls[place]?.atMs ?? 0)) / 1000);
}

describe('waves', () => {
  it('come one after the other, each when the one before is done, retries included', async () => {
    const run = await startRun({
      ...chunksOf(2, 3, 1),
      // The second chunk of wave 0 is accepted at its third try only.
      restoreGrants: ({ indexes }, nth) => (indexes[0] === 1 && nth <= 3 ? again([1]) : allDone),
    });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.of('restoreGrants').map((call) => call.input.indexes)).toEqual([[0], [1], [1], [1], [2], [3], [4], [5]]);
  });

  it('every captured grant is tried, and none twice, when nothing hinders', async () => {
    const run = await startRun();
    await run.finish();
    const tried = run.of('restoreGrants').flatMap((call) => call.input.indexes);
    expect(tried).toEqual([0, 1, 2, 3, 4]);
  });

  it('a guest without any grant goes straight to the comparison', async () => {
    const run = await startRun(chunksOf());
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.of('restoreGrants')).toEqual([]);
    expect(run.of('verifyAccess')).toHaveLength(1);
  });

  it.each([1, 3, 5])('at most %i chunks are restored side by side', async (parallelRestores) => {
    let running = 0;
    let most = 0;
    const restoreGrants: Script['restoreGrants'] = async () => {
      running += 1;
      most = Math.max(most, running);
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return allDone;
    };
    const run = await startRun({ ...chunksOf(12), restoreGrants }, { parallelRestores });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(most).toBe(parallelRestores);
    expect(run.of('restoreGrants')).toHaveLength(12);
  });
});

describe('grants that are not accepted yet', () => {
  it('are tried again alone, at growing distances, and the last try says that it is the last', async () => {
    const run = await startRun({
      captureAccess: () => done({ snapshotHash: SNAPSHOT_HASH, grants: 3, chunks: [{ wave: 0, from: 0, to: 3 }] }),
      restoreGrants: ({ lastTry }) => (lastTry ? allDone : again([1])),
    });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    const tries = run.of('restoreGrants').map((call) => call.input);
    expect(tries.map((input) => input.indexes)).toEqual([[0, 1, 2], ...Array.from({ length: 13 }, () => [1])]);
    expect(tries.map((input) => input.lastTry)).toEqual([...Array.from({ length: 13 }, () => false), true]);
    expect(gaps(run)).toEqual([2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60]);
  });

  it('are tried again no sooner than the service asks for', async () => {
    const run = await startRun({
      ...chunksOf(2),
      restoreGrants: ({ indexes }, nth) => (nth <= 2 ? again(indexes, nth === 1 ? 300 : 7) : allDone),
    });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(gaps(run)).toEqual([0, 300, 0]);
  });

  it('a whole chunk that is put off is tried again after that time', async () => {
    const run = await startRun({ ...chunksOf(1), restoreGrants: (_input, nth) => (nth === 1 ? notNow(45) : allDone) });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.of('restoreGrants').map((call) => call.input.indexes)).toEqual([[0], [0]]);
    expect(gaps(run)).toEqual([45]);
  });

  it('a last try that is put off is made again, so that no grant is left without a result (invariant 3)', async () => {
    let lastTries = 0;
    const run = await startRun({
      ...chunksOf(2),
      restoreGrants: ({ indexes, lastTry }) => {
        if (!lastTry) return again(indexes);
        lastTries += 1;
        return lastTries <= 3 ? notNow(90) : allDone;
      },
    });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    const answered = run.of('restoreGrants').filter((call) => call.input.lastTry);
    // Both chunks are put off, one of them twice.
    expect(answered.map((call) => call.input.indexes)).toEqual([[0], [1], [0], [1], [0]]);
    expect(gaps(run).slice(-3)).toEqual([90, 0, 90]);
  });
});

describe('failures of restoring', () => {
  it('a permanent one ends the run: nothing more is restored', async () => {
    const run = await startRun({ ...chunksOf(1, 1), restoreGrants: () => broken('wrong-identity') });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'wrong-identity', times: 1 });
    expect(run.of('restoreGrants')).toHaveLength(1);
  });

  it('thrown ones are retried; when the retries are used up the run ends as step-exhausted', async () => {
    const run = await startRun({
      ...chunksOf(1),
      restoreGrants: () => {
        throw new Error('the directory is away');
      },
    });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(run.of('restoreGrants')).toHaveLength(200);
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'step-exhausted', times: 1 });
  });
});

describe('the comparison', () => {
  it('is repeated at growing distances until everything shows', async () => {
    const run = await startRun({ verifyAccess: (_input, nth) => done({ settled: nth === 4, failed: 0, manual: 0 }) });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    const looks = run.of('verifyAccess');
    expect(looks.map((look) => (look.atMs - (looks[0]?.atMs ?? 0)) / 1000)).toEqual([0, 2, 7, 22]);
    expect(looks.map((look) => look.input.lastTry)).toEqual([false, false, false, false]);
  });

  it('its last repetition says that it is the last', async () => {
    const run = await startRun({
      verifyAccess: ({ lastTry }) => done({ settled: false, failed: lastTry ? 1 : 0, manual: 0 }),
    });
    expect(await run.finish()).toEqual({ outcome: 'completedWithGaps' });
    const looks = run.of('verifyAccess').map((look) => look.input.lastTry);
    expect(looks).toEqual([false, false, false, false, false, false, true]);
  });

  it.each([
    [0, 0, 'completed'],
    [1, 0, 'completedWithGaps'],
    [0, 1, 'completedWithGaps'],
  ])('%i failed and %i manual grants end as %s', async (failed, manual, outcome) => {
    const run = await startRun({ verifyAccess: () => done({ settled: true, failed, manual }) });
    expect(await run.finish()).toEqual({ outcome });
    expect(endingOf(run)).toEqual({ outcome, code: null, times: 1 });
  });
});
