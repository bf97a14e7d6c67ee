import { secondsUntilNextLook } from '../../domain/inviteBreaker';
import { broken, closeRuns, DAY_MS, done, endingOf, NEW_ID, notNow, START, startRun } from '../support/scriptedRun';

afterEach(closeRuns);

const BLOCKED_DAYS = 5;

it('an invitation that is held back for days is tried until it gets through, and the guest has the whole time', async () => {
  const deadline = new Date(Date.parse(START) + (BLOCKED_DAYS + 30) * DAY_MS).toISOString();
  let elapsedMs = () => 0;
  const run = await startRun({
    inviteGuest: () =>
      elapsedMs() < BLOCKED_DAYS * DAY_MS
        ? notNow(secondsUntilNextLook(elapsedMs()))
        : done({ newId: NEW_ID, deadline }),
    readRedemption: () => done({ state: 'pending', verdict: null }),
  });
  elapsedMs = () => run.host.clock.now() - Date.parse(START);
  expect(await run.finish(60)).toEqual({ outcome: 'expired' });
  const ended = run.of('finishMigration')[0]?.atMs ?? 0;
  expect(Math.round(ended / DAY_MS)).toBe(BLOCKED_DAYS + 30);
  expect(run.of('inviteGuest').length).toBeLessThan(200);
});

it.each([
  ['softDeleteGuest', 'budget-used-up'],
  ['softDeleteGuest', 'invitations-blocked'],
  ['claimPurge', 'invitations-blocked'],
  ['purgeGuest', 'invitations-blocked'],
] as const)('a run that %s stops with %s is undone and ends as rejected', async (step, code) => {
  const run = await startRun({ [step]: () => broken(code) });
  expect(await run.finish()).toEqual({ outcome: 'rejected' });
  expect(endingOf(run)).toEqual({ outcome: 'rejected', code, times: 1 });
  expect(run.of('undeleteGuest')).toHaveLength(1);
  expect(run.of('inviteGuest')).toEqual([]);
});

it('a purge that took effect although the breaker stopped its next try goes on', async () => {
  const run = await startRun({
    purgeGuest: () => broken('invitations-blocked'),
    undeleteGuest: () => done({ guest: 'gone' }),
  });
  expect(await run.finish()).toEqual({ outcome: 'completed' });
  expect(run.of('inviteGuest')).toHaveLength(1);
});
