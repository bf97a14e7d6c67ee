import type { HistoryEvent } from '../../local/host';
import type { SwitchInput } from '../../domain/steps';
import { broken, DAY_MS, done, MINUTE_MS, OLD_ID, startRun, type Script } from './scriptedRun';

const HOUR_MS = DAY_MS / 24;
const attended: Partial<SwitchInput> = { attended: { rounds: 2, remindAfterDays: [3] } };

type Reading = Extract<Awaited<ReturnType<Script['readRedemption']>>, { ok: true }>['value'];
const reads = (...readings: Reading[]): Pick<Script, 'readRedemption'> => ({
  readRedemption: (_input, nth) => done(readings[Math.min(nth, readings.length) - 1] ?? pending),
});
const pending: Reading = { state: 'pending', verdict: null, wish: null };
const accepted = (verdict: Reading['verdict']): Reading => ({ state: 'accepted', verdict, wish: null });
const wish = (kind: Reading['wish']): Reading => ({ ...pending, wish: kind });
const wrongTwice = [accepted('work'), accepted('work'), accepted('work'), accepted('work')];
const reset: Pick<Script, 'preflight'> = {
  preflight: () => done({ guestId: OLD_ID, failedChecks: [], strategy: 'reset' }),
};

/** Brings a run with a wait that is attended to a point; `days` go by first. */
async function at(script: Partial<Script>, days = 0, change: Partial<SwitchInput> = {}): Promise<HistoryEvent[]> {
  const run = await startRun(script, { ...attended, ...change });
  if (days > 0) await run.advance(days * DAY_MS + HOUR_MS);
  return run.history();
}

async function ended(script: Partial<Script>, change: Partial<SwitchInput> = {}): Promise<HistoryEvent[]> {
  const run = await startRun(script, { ...attended, ...change });
  await run.finish();
  return run.history();
}

/** The points of runs that ask for an approval, or whose wait is attended. */
export const attendedRecordings: Record<string, () => Promise<HistoryEvent[]>> = {
  awaitingApprovalDay2: () =>
    at({ readApproval: () => done({ decision: null, cancelRequested: false }) }, 2, { approvalHours: 240 }),
  attendedDay0: () => at(reads(pending)),
  attendedDay4AfterReminder: () => at(reads(pending), 4),
  attendedAfterResend: () => at(reads(pending, wish('resend'), pending), 1),
  attendedSecondRound: () => at(reads(accepted('work'), accepted('work'), pending)),
  needsOperator: async () => {
    const run = await startRun(reads(...wrongTwice), attended);
    await run.advance(MINUTE_MS);
    return run.history();
  },
  needsOperatorDay2: () => at(reads(...wrongTwice), 2),
  revoking: () => at({ ...reads(pending), removeInvited: () => ({ ok: false, afterSeconds: 7200 }) }, 30),
  turningBack: () => at({ ...reads(wish('revert')), turnBack: () => ({ ok: false, afterSeconds: 7200 }) }),
  turnedBackWaiting: () => at(reads(wish('revert'), pending), 1),
  resetRemovingRoles: () => at({ ...reset, removeRoles: () => done({ retry: true, afterSeconds: 0 }) }),
  resetWaitingDay4: () => at({ ...reset, ...reads(pending) }, 4),
  resetUndoing: () =>
    at({
      ...reset,
      resetGuest: () => broken('reset-refused'),
      giveBackRoles: () => done({ retry: true, afterSeconds: 0 }),
    }),
  keptWaitingDay4: () => at(reads(pending), 4, { purgeAfterRedemption: true }),
  keptPurging: () => at({ purgeGuest: () => ({ ok: false, afterSeconds: 60 }) }, 0, { purgeAfterRedemption: true }),
  resumedWaitingDay4: () => at(reads(pending), 4, { resumes: true }),
  endedAttendedCompleted: () => ended(reads(accepted('work'), accepted('work'), accepted('personal'))),
  endedAttendedExpired: () => ended(reads(pending)),
  endedStoppedByOperator: () => ended(reads(...wrongTwice, wish('stop'))),
  endedTurnedBack: () => ended(reads(wish('revert'), accepted('work'))),
  endedReset: () => ended(reset),
  endedResetUndone: () => ended({ ...reset, claimPurge: () => done({ claimed: false }) }),
  endedKeptCompleted: () => ended({}, { purgeAfterRedemption: true }),
  endedKeptCancelled: () => ended(reads(wish('cancel')), { purgeAfterRedemption: true }),
  endedResumed: () => ended({}, { resumes: true }),
};
