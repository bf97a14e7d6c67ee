import {
  closeRuns,
  DAY_MS,
  done,
  endingOf,
  notNow,
  startRun,
  timerLengths,
  type ScriptedRun,
} from '../support/scriptedRun';

afterEach(closeRuns);

const pending = done({ state: 'pending', verdict: null } as const);
const accepted = done({ state: 'accepted', verdict: 'personal' } as const);

/** Seconds, since the first read, at which the run read the guest. */
function readTimes(run: ScriptedRun): number[] {
  const reads = run.of('readRedemption');
  return reads.map((read) => (read.atMs - (reads[0]?.atMs ?? 0)) / 1000);
}

/** A guest that is pending until the test says otherwise. */
function guest(): { read: () => typeof pending | typeof accepted; accept: () => void } {
  let answer: typeof pending | typeof accepted = pending;
  return {
    read: () => answer,
    accept: () => {
      answer = accepted;
    },
  };
}

describe('hints', () => {
  it('a hint wakes the run at once, and what it then reads counts', async () => {
    const { read, accept } = guest();
    const run = await startRun({ readRedemption: read });
    await run.advance(5 * 60_000);
    accept();
    run.hint();
    await run.host.engine.settle();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(readTimes(run)).toEqual([0, 300, 300]);
  });

  it('a hint that came before the wait is not lost', async () => {
    const { read, accept } = guest();
    const run = await startRun({
      readRedemption: read,
      ensureSubscription: (_input, nth) => (nth === 1 ? notNow(60) : done({ active: true })),
    });
    run.hint();
    await run.advance(59_000);
    expect(run.of('readRedemption')).toEqual([]);
    await run.advance(2_000);
    // The first read is the run's own, the second the hint's.
    expect(readTimes(run)).toEqual([0, 0]);
    accept();
    await run.advance(5_000);
    expect(run.hasEnded()).toBe(true);
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
  });

  it('a hint whose read is stale is followed by reads within seconds', async () => {
    const { read, accept } = guest();
    const run = await startRun({ readRedemption: read });
    await run.advance(60_000);
    run.hint();
    await run.advance(1_000);
    accept();
    await run.advance(2_000);
    expect(run.hasEnded()).toBe(true);
    expect(readTimes(run)).toEqual([0, 60, 63, 63]);
  });

  it('after a hint without effect the run goes back to one read a day', async () => {
    const run = await startRun({ readRedemption: () => pending });
    run.hint();
    await run.advance(3 * DAY_MS);
    expect(readTimes(run)).toEqual([0, 0, 3, 13, 43, 133, 133 + 86_400, 133 + 2 * 86_400]);
  });

  it('duplicates cost a read each at most, and the switch happens once', async () => {
    const { read, accept } = guest();
    const run = await startRun({ readRedemption: read });
    for (let times = 0; times < 6; times += 1) run.hint();
    await run.advance(1_000);
    expect(run.of('readRedemption')).toHaveLength(7);
    accept();
    for (let times = 0; times < 6; times += 1) run.hint();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(endingOf(run).times).toBe(1);
    expect(run.of('restoreGrants')).toHaveLength(4);
  });

  it('an answer on day 4.5 with a duplicate on day 5, during the restoring, completes once', async () => {
    const { read, accept } = guest();
    const run = await startRun({
      readRedemption: read,
      restoreGrants: (_input, nth) => (nth === 1 ? notNow(DAY_MS / 1000 - 1) : done({ retry: [], afterSeconds: 0 })),
    });
    await run.advance(4.5 * DAY_MS);
    accept();
    run.hint();
    await run.advance(DAY_MS / 2);
    expect(run.story().at(-1)).toBe('restoreGrants');
    const reads = run.of('readRedemption').length;
    run.hint();
    await run.advance(60_000);
    expect(run.of('readRedemption')).toHaveLength(reads);
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
    expect(run.of('inviteGuest')).toHaveLength(1);
  });
});

describe('without hints', () => {
  it('the guest is read once a day', async () => {
    const { read, accept } = guest();
    const run = await startRun({ readRedemption: read });
    await run.advance(3.5 * DAY_MS);
    expect(readTimes(run)).toEqual([0, 1, 2, 3].map((day) => day * 86_400));
    accept();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(readTimes(run).at(-1)).toBe(4 * 86_400);
  });

  it('no timer is longer than a day', async () => {
    const run = await startRun({ readRedemption: () => pending }, { acceptWithinDays: 90 });
    expect(await run.finish()).toEqual({ outcome: 'expired' });
    expect(Math.max(...timerLengths(run.history()))).toBe(DAY_MS);
  });

  it('30 days without an answer end as expired, with nothing restored and a small history', async () => {
    const run = await startRun({ readRedemption: () => pending });
    await run.advance(5 * DAY_MS);
    const rowsOnDay5 = run.history().length;
    await run.advance(20 * DAY_MS);
    const rowsPerDay = (run.history().length - rowsOnDay5) / 20;
    process.stdout.write(`history rows per waited day: ${rowsPerDay}\n`);
    expect(rowsPerDay).toBeLessThanOrEqual(12);
    await run.advance(5 * DAY_MS - 1);
    expect(run.hasEnded()).toBe(false);
    await run.advance(1);
    expect(await run.finish()).toEqual({ outcome: 'expired' });
    expect(endingOf(run)).toEqual({ outcome: 'expired', code: 'not-redeemed-in-time', times: 1 });
    expect(run.of('restoreGrants')).toEqual([]);
    expect(run.of('undeleteGuest')).toEqual([]);
  });

  it('a guest that accepted at the last moment is read at the deadline and gets everything', async () => {
    const { read, accept } = guest();
    const run = await startRun({ readRedemption: read }, { acceptWithinDays: 1 });
    await run.advance(DAY_MS - 1);
    accept();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
  });

  it('a guest that was deleted before accepting ends the run', async () => {
    const run = await startRun({ readRedemption: () => done({ state: 'gone', verdict: null }) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run).code).toBe('guest-vanished');
  });
});

describe('the identity (invariant 2)', () => {
  it.each(['work', 'emailCode', 'google', 'federated'] as const)('%s: nothing is restored', async (verdict) => {
    const run = await startRun({ readRedemption: () => done({ state: 'accepted', verdict }) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run).code).toBe('wrong-identity');
    expect(run.of('restoreGrants')).toEqual([]);
    expect(run.of('readRedemption')).toHaveLength(2);
  });

  it.each([
    ['unknown', done({ state: 'accepted', verdict: 'unknown' } as const)],
    ['pending again, on a replica that lags', pending],
  ])('%s is read again a few times before it is final, and nothing is restored', async (_name, unclear) => {
    const run = await startRun({ readRedemption: (_input, nth) => (nth === 1 ? accepted : unclear) });
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(readTimes(run)).toEqual([0, 0, 2, 7, 22, 52, 112]);
    expect(endingOf(run).code).toBe('wrong-identity');
    expect(run.of('restoreGrants')).toEqual([]);
  });

  it('unknown that becomes personal is restored', async () => {
    const unclear = done({ state: 'accepted', verdict: 'unknown' } as const);
    const run = await startRun({ readRedemption: (_input, nth) => (nth <= 3 ? unclear : accepted) });
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(readTimes(run)).toEqual([0, 0, 2, 7]);
  });
});
