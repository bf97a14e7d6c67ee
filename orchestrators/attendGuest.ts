import { wantedIdentity } from '../domain/direction';
import type { IdentityVerdict } from '../domain/identityVerdict';
import type { StepOutput, SwitchInput } from '../domain/steps';
import { askOperator } from './askOperator';
import { inviteAgain } from './inviteAgain';
import type { Invited } from './invite';
import { oldGuestOf, type Plan } from './plan';
import { nowMs, type Durable, type Run } from './run';
import { hintsOf, type Listener } from './signals';
import { enter, step } from './steps';
import { failure, Stop, TurnBack, type Turning } from './stop';
import { identityOf, isReallyGone, LOOK_AGAIN_SECONDS } from './waitForRedemption';

const DAY_MS = 24 * 60 * 60 * 1000;

export type Attended = NonNullable<SwitchInput['attended']>;
export type Reading = StepOutput<'readRedemption'>;

/** A guest who is waited for, and what was done about it so far. */
export interface Waiting {
  run: Run;
  plan: Plan;
  newId: string;
  hints: Listener;
  expiresMs: number;
  /** When reminders are due, in milliseconds since 1970; the first `reminded` of them were served. */
  remindAtMs: readonly number[];
  reminded: number;
  resent: number;
  round: number;
  mostRounds: number;
}

/**
 * Waits until the guest has accepted with the wanted identity; serves what people wish meanwhile, reminds the guest, and
 * has them invited again after a wrong account. Signals only wake it: what counts is what it then reads. Without them
 * it looks once a day, so that the history grows by a few rows a day however long the wait.
 */
export function* attendGuest(run: Run, plan: Plan, guest: Invited, attended: Attended): Durable<void> {
  const { newId, expiresMs, resent = 0 } = guest;
  const waiting: Waiting = {
    run,
    plan,
    newId,
    hints: hintsOf(run),
    expiresMs,
    remindAtMs: attended.remindAfterDays.map((days) => nowMs(run) + days * DAY_MS),
    reminded: 0,
    resent,
    round: 1,
    mostRounds: attended.rounds,
  };
  yield* enter(run, 'awaitingRedemption');
  let looks: readonly number[] = [];
  for (;;) {
    const reading = yield* read(waiting);
    leaveIfWished(waiting, reading);
    if (reading.state === 'accepted') {
      if (yield* hasRightIdentity(waiting)) return;
      looks = LOOK_AGAIN_SECONDS;
    } else if (reading.state === 'gone' && (yield* isReallyGone(run, newId))) {
      throw failure({ code: 'guest-vanished', detail: 'The invited guest was deleted before accepting.' });
    } else if (nowMs(run) >= waiting.expiresMs) {
      yield* expire(waiting);
    } else {
      yield* servePending(waiting, reading);
    }
    if (waiting.hints.heardMeanwhile()) continue;
    const [next, ...later] = looks;
    const soon = next === undefined ? Infinity : nowMs(run) + next * 1000;
    const reminder = waiting.remindAtMs[waiting.reminded] ?? Infinity;
    const heard = yield* waiting.hints.heardUntil(Math.min(soon, reminder, waiting.expiresMs));
    looks = heard ? LOOK_AGAIN_SECONDS : later;
  }
}

/** What the directory says about the guest, and what people wish. */
export function* read({ run, newId }: Waiting): Durable<Reading> {
  return yield* step(run, 'readRedemption', { migrationId: run.migrationId, newId, listen: true });
}

/** Ends the wait where somebody does not want it to go on. */
export function leaveIfWished(waiting: Waiting, { wish }: Reading): void {
  const { run, newId, plan } = waiting;
  // As long as the old guest is kept, that one is given back.
  if (wish === 'revert' && !plan.back && run.purgeAfterRedemption !== true) throw new TurnBack(plan, newId);
  if (wish === 'revert' && !plan.back) throw new Stop('cancelled', null);
  if (wish === 'cancel' || wish === 'stop') throw new Stop('cancelled', null, turningOf(waiting));
}

/** What the run can turn back with at the end of the wait; on the way back, and while the old guest is kept, nothing. */
export function turningOf({ run, plan, newId }: Waiting): Turning | undefined {
  return plan.back || run.purgeAfterRedemption === true ? undefined : { plan, newId };
}

/** Invites a guest who has not accepted yet once more, when somebody wishes it or a reminder is due. */
function* servePending(waiting: Waiting, { wish }: Reading): Durable<void> {
  if (wish === 'resend') yield* inviteAgain(waiting, 'resend');
  else if (nowMs(waiting.run) >= (waiting.remindAtMs[waiting.reminded] ?? Infinity)) {
    yield* inviteAgain(waiting, 'reminder');
  }
}

/** The time is up: the invitation is revoked, unless the guest was faster. */
function* expire(waiting: Waiting): Durable<void> {
  const { run, plan, newId } = waiting;
  const why = { code: 'not-redeemed-in-time', detail: 'The guest did not accept in time.' } as const;
  const expired = new Stop('expired', why, turningOf(waiting));
  // As long as the old guest is kept, giving it back comes first.
  if (run.purgeAfterRedemption === true && !plan.back) throw expired;
  const { migrationId } = run;
  if (plan.strategy === 'reset') {
    const deadline = new Date(nowMs(run)).toISOString();
    const revoked = yield* step(run, 'resetGuest', { migrationId, ...oldGuestOf(plan), deadline, revoke: true });
    if (revoked.accepted === true) return;
  } else {
    const { invited } = yield* step(run, 'removeInvited', { migrationId, newId, evenAccepted: false });
    if (invited === 'accepted') return;
  }
  throw expired;
}

/**
 * Verifies with which identity the guest accepted. A wrong one is invited again as long as there are rounds left; after
 * that, and when it is unclear which one it is, an operator decides.
 */
function* hasRightIdentity(waiting: Waiting): Durable<boolean> {
  const { run, plan, newId } = waiting;
  yield* enter(run, 'verifyingIdentity');
  const verdict: IdentityVerdict | null = yield* identityOf(run, newId);
  if (verdict === wantedIdentity(plan.back)) return true;
  // The guest accepted, and no longer has: somebody reset it by hand.
  const clear = verdict !== null && verdict !== 'unknown';
  const again = clear && waiting.round < waiting.mostRounds && (yield* inviteAgain(waiting, 'wrongAccount'));
  if (!again) yield* askOperator(waiting, verdict);
  else yield* enter(run, 'awaitingRedemption');
  return false;
}
