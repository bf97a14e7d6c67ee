import type { OrchestrationHandler } from 'durable-functions';
import type { Decision } from '../../domain/approval';
import type { StepOutcome, StepOutput } from '../../domain/steps';
import { EventType, replayHistory } from '../../local/host';
import { switchGuest } from '../../orchestrators/switchGuest';
import {
  broken,
  closeRuns,
  DAY_MS,
  done,
  endingOf,
  MINUTE_MS,
  notNow,
  OLD_ID,
  startRun,
  timerLengths,
  type Script,
  type ScriptedRun,
} from '../support/scriptedRun';

afterEach(closeRuns);

const HOUR_MS = 60 * MINUTE_MS;
const waits = { approvalHours: 72 };

/** The row as far as the wait goes: the first answer stays, and closing answers for everybody else. */
function row() {
  let decision: Decision | null = null;
  let cancelRequested = false;
  return {
    decide: (answer: Decision) => {
      decision ??= answer;
    },
    cancel: () => {
      cancelRequested = true;
    },
    read: ({ close }: { close: boolean }): StepOutcome<StepOutput<'readApproval'>> => {
      if (close && !cancelRequested) decision ??= 'timedOut';
      return done({ decision, cancelRequested });
    },
  };
}

/** Hours since the wait began at which the run read the answer. */
function readHours(run: ScriptedRun): number[] {
  const [first, ...reads] = run.of('readApproval').map(({ atMs }) => atMs);
  return [0, ...reads.map((at) => (at - (first ?? 0)) / HOUR_MS)];
}

function expectUntouched(run: ScriptedRun): void {
  const destructive = ['softDeleteGuest', 'claimPurge', 'purgeGuest', 'undeleteGuest', 'inviteGuest'];
  expect(run.story().filter((name) => destructive.includes(name))).toEqual([]);
}

describe('no deletion before the approval:', () => {
  it('the run waits after the capture, and goes on with the approval at once', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(30 * HOUR_MS + 5 * MINUTE_MS);
    expectUntouched(run);
    expect(run.story().slice(3)).toEqual(['captureAccess', 'phase:awaitingApproval', 'readApproval', 'readApproval']);
    decide('approved');
    run.signal();
    await run.host.engine.settle();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.story().slice(5, 12)).toEqual([
      'readApproval',
      'readApproval',
      'readApproval',
      'preflight',
      'confirmAccess',
      'phase:deleting',
      'softDeleteGuest',
    ]);
    expect(readHours(run)).toEqual([0, 24, 30 + 5 / 60]);
    expect(run.of('softDeleteGuest')[0]?.atMs).toBe(30 * HOUR_MS + 5 * MINUTE_MS);
  });

  it('an approval that came while the run still captured is kept', async () => {
    const { read, decide } = row();
    const captureAccess: Script['captureAccess'] = (_input, nth) =>
      nth === 1 ? notNow(60) : done({ snapshotHash: 'ab'.repeat(32), grants: 0, chunks: [] });
    const run = await startRun({ readApproval: read, captureAccess }, waits);
    decide('approved');
    // Nobody waits for it yet: it is buffered, or lost.
    run.signal();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(run.of('readApproval')).toHaveLength(1);
  });

  it('an approval whose signal is lost is noticed within a day', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(HOUR_MS);
    decide('approved');
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(readHours(run)).toEqual([0, 24]);
  });

  it('a signal without an answer changes nothing, however often it comes', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(HOUR_MS);
    for (let n = 0; n < 20; n += 1) run.signal();
    await run.host.engine.settle();
    expect(run.hasEnded()).toBe(false);
    decide('rejected');
    run.signal();
    run.signal();
    expect(await run.finish()).toEqual({ outcome: 'rejected' });
    expectUntouched(run);
  });

  it('duplicates of the signal after the approval do not disturb the rest of the story', async () => {
    const { read, decide } = row();
    const run = await startRun(
      {
        readApproval: read,
        readRedemption: (_input, nth) => done(nth < 3 ? { state: 'pending', verdict: null } : accepted),
      },
      waits,
    );
    decide('approved');
    for (let n = 0; n < 5; n += 1) run.signal();
    await run.advance(DAY_MS);
    run.signal();
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
    expect(run.of('softDeleteGuest')).toHaveLength(1);
  });

  it.each([1, 2])('an answer that comes while the run reads, on day %i, is not lost', async (day) => {
    const { read, decide } = row();
    const late: { signal?: () => void } = {};
    const readApproval: Script['readApproval'] = (input, nth) => {
      const before = read(input);
      if (nth === day + 1) {
        decide('approved');
        late.signal?.();
      }
      return before;
    };
    const run = await startRun({ readApproval }, waits);
    late.signal = () => run.signal();
    await run.advance(day * DAY_MS + MINUTE_MS);
    expect(run.hasEnded()).toBe(true);
    expect(run.of('readApproval')).toHaveLength(day + 2);
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
  });
});

const accepted = { state: 'accepted', verdict: 'personal' } as const;

describe('the wait ends without a deletion', () => {
  it('when somebody rejects', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(HOUR_MS);
    decide('rejected');
    run.signal();
    await run.host.engine.settle();
    expect(run.hasEnded()).toBe(true);
    expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'approval-rejected', times: 1 });
    expectUntouched(run);
  });

  it.each([1, 24, 25, 72, 720])('when nobody answers, after exactly %i hours', async (approvalHours) => {
    const { read } = row();
    const run = await startRun({ readApproval: read }, { approvalHours });
    await run.advance(approvalHours * HOUR_MS - 1);
    expect(run.hasEnded()).toBe(false);
    await run.advance(1);
    expect(run.hasEnded()).toBe(true);
    expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'approval-timed-out', times: 1 });
    const closing = run.of('readApproval').filter(({ input }) => input.close);
    expect(closing.map(({ atMs }) => atMs)).toEqual([approvalHours * HOUR_MS]);
    expectUntouched(run);
  });

  it('but not when somebody approved in the last moment: the row decides, not the timer', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, { approvalHours: 2 });
    await run.advance(2 * HOUR_MS - 1);
    decide('approved');
    expect(await run.finish()).toEqual({ outcome: 'completed' });
  });

  it('when somebody cancels: at once, not with the timer of the day', async () => {
    const { read, cancel } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(25 * HOUR_MS);
    cancel();
    run.signal();
    await run.host.engine.settle();
    expect(run.hasEnded()).toBe(true);
    expect(endingOf(run)).toEqual({ outcome: 'cancelled', code: null, times: 1 });
    expect(readHours(run)).toEqual([0, 24, 25]);
    expectUntouched(run);
  });

  it('when somebody cancelled before it began', async () => {
    const run = await startRun(
      { recordPhase: ({ phase }) => done({ cancelRequested: phase === 'awaitingApproval' }) },
      waits,
    );
    expect(await run.finish()).toEqual({ outcome: 'cancelled' });
    expect(run.of('readApproval')).toEqual([]);
    expectUntouched(run);
  });

  it('when an approval and a cancel are both there: the cancel wins', async () => {
    const { read, decide, cancel } = row();
    decide('approved');
    cancel();
    const run = await startRun({ readApproval: read }, waits);
    expect(await run.finish()).toEqual({ outcome: 'cancelled' });
    expectUntouched(run);
  });
});

describe('what was approved is what is deleted:', () => {
  it.each([
    ['a grant came', { added: 1, gone: 0, changed: 0, account: 'same' }],
    ['a grant went', { added: 0, gone: 1, changed: 0, account: 'same' }],
    ['a grant changed', { added: 0, gone: 0, changed: 1, account: 'same' }],
    ['the account changed', { added: 0, gone: 0, changed: 0, account: 'changed' }],
  ] as const)('%s during the wait: nothing is deleted', async (_what, found) => {
    const run = await startRun({ confirmAccess: () => done(found) }, waits);
    expect(await run.finish()).toEqual({ outcome: 'rejected' });
    expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'access-changed', times: 1 });
    expectUntouched(run);
  });

  it.each([
    ['a check fails by then', { guestId: OLD_ID, failedChecks: ['address-free'] }],
    ['the guest is gone by then', { guestId: null, failedChecks: ['guest-exists'] }],
  ])('%s: nothing is deleted', async (_what, found) => {
    const preflight: Script['preflight'] = ({ again }) =>
      done(again === true ? found : { guestId: OLD_ID, failedChecks: [] });
    const run = await startRun({ preflight }, waits);
    expect(await run.finish()).toEqual({ outcome: 'rejected' });
    expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'preflight-failed', times: 1 });
    expectUntouched(run);
  });

  it('the comparison fails: nothing is deleted', async () => {
    const run = await startRun({ confirmAccess: () => broken('snapshot-unverified') }, waits);
    expect(await run.finish()).toEqual({ outcome: 'failed' });
    expect(endingOf(run).code).toBe('snapshot-unverified');
    expectUntouched(run);
  });
});

describe('the history of a wait', () => {
  it('grows by a read and a timer a day, and no timer is longer than a day', async () => {
    const { read } = row();
    const run = await startRun({ readApproval: read }, { approvalHours: 720 });
    const begin = run.history().length;
    await run.advance(29 * DAY_MS + HOUR_MS);
    expect(run.history().length - begin).toBeLessThanOrEqual(29 * 8);
    await run.advance(DAY_MS);
    expect(run.hasEnded()).toBe(true);
    expect(Math.max(...timerLengths(run.history()))).toBe(DAY_MS);
  });

  it('replays, at every point of it', async () => {
    const { read, decide } = row();
    const run = await startRun({ readApproval: read }, waits);
    await run.advance(30 * HOUR_MS);
    run.signal();
    await run.advance(HOUR_MS);
    const waiting = run.history();
    decide('approved');
    run.signal();
    await run.finish();
    for (const history of [waiting, run.history()]) {
      const replay = await replayHistory(switchGuest as OrchestrationHandler, history);
      expect(replay.error).toBeUndefined();
    }
    expect(JSON.stringify(run.history())).not.toMatch(/@|https?:/);
  });

  it('is what it was where no approval is needed', async () => {
    const run = await startRun();
    await run.finish();
    const names = run
      .history()
      .flatMap(({ EventType: type, Name }) => (type === EventType.TaskScheduled ? [Name] : []));
    expect(names).not.toContain('readApproval');
    expect(names).not.toContain('confirmAccess');
    expect(names.filter((name) => name === 'preflight')).toHaveLength(1);
  });

  it('a dry run ends as planned and waits for nobody', async () => {
    const run = await startRun({}, { ...waits, dryRun: true });
    expect(await run.finish()).toEqual({ outcome: 'planned' });
    expect(run.of('readApproval')).toEqual([]);
  });
});
