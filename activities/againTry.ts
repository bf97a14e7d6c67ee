import { withRow } from '../domain/checks';
import type { Log, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import type { Snapshot } from '../domain/snapshot';
import type { StepInput, StepOutcome, StepOutput } from '../domain/steps';
import { done, TransientFailure, type ActivityDeps } from './activity';
import { warning } from './checks/check';
import { afterHold } from './heldBack';

/*
 * What the step inviteAgain writes down about its tries. The row has room for the latest one: the run does one thing after
 * the other.
 */

const DAY_MS = 24 * 60 * 60 * 1000;

export type Why = StepInput<'inviteAgain'>['why'];
export type Again = StepOutcome<StepOutput<'inviteAgain'>>;
export type Claim = NonNullable<MigrationRecord['invitedAgain']>;

/** One run of the step, as far as it has looked around. */
export interface Try {
  newId: string;
  why: Why;
  number: number;
  record: MigrationRecord;
  snapshot: Snapshot;
  address: string;
  /** Further addresses of the guest. */
  otherMails: readonly string[];
  /** Whether the address shows on the guest. */
  holdsAddress: boolean;
  /** The same try as it was written down earlier; it is not done. */
  before: Claim | undefined;
}

/** The try of this reason and number, if one was written down. What was before the way back was another one. */
export function latestTry(
  { invitedAgain, turnedBackAt }: MigrationRecord,
  { why, number }: Pick<Try, 'why' | 'number'>,
): Claim | undefined {
  if (invitedAgain?.why !== why || invitedAgain.number !== number) return undefined;
  return turnedBackAt === null || invitedAgain.at >= turnedBackAt ? invitedAgain : undefined;
}

/** True for a try whose call may have taken effect. */
export function isOpen(claim: Claim | undefined): claim is Claim {
  return claim !== undefined && !claim.done && claim.idle !== true;
}

/**
 * Writes a try down before its call.
 *
 * @throws TransientFailure when another execution of this step did so since the row was read
 */
export async function claimTry({ records, clock }: ActivityDeps, again: Try, reset: boolean): Promise<Claim> {
  const { record, why, number, before } = again;
  const at = clock.now().toISOString();
  const since = before?.since ?? at;
  const claim: Claim = { why, number, at, done: false, since, ...(reset ? { reset: true } : {}) };
  const claimed = { made: false };
  await records.decideOnMigration(record.id, (current) => {
    const untouched = JSON.stringify(current.invitedAgain) === JSON.stringify(record.invitedAgain);
    claimed.made = untouched && current.guest.newId === again.newId && current.phase !== 'ended';
    return claimed.made ? { invitedAgain: claim } : undefined;
  });
  if (!claimed.made) throw new TransientFailure('inviteAgain: another execution of this step is at it');
  return claim;
}

/** Says that the call of a try surely had no effect. */
export async function giveBack({ records }: { records: Records }, again: Try, claim: Claim): Promise<void> {
  await records.decideOnMigration(again.record.id, ({ invitedAgain }) =>
    invitedAgain?.at === claim.at && !invitedAgain.done ? { invitedAgain: { ...claim, idle: true } } : undefined,
  );
}

/**
 * Ends a try: counts it, clears the wish that it serves, begins the time to accept anew where it does, all in one write.
 *
 * @param result `counts`: the guest heard of it, or may have. `row`: why not
 */
export async function finishTry(
  { records, clock }: Pick<ActivityDeps, 'records' | 'clock'>,
  again: Try,
  result: { counts: boolean; reset: boolean; row?: string },
): Promise<Again> {
  const { record, why, number, newId } = again;
  const now = clock.now();
  const written = await records.decideOnMigration(record.id, (current) => {
    const late = latestTry(current, again)?.done === true || current.guest.newId !== newId;
    if (late || current.phase === 'ended') return undefined;
    const claim: Claim = { why, number, at: now.toISOString(), done: true, ...(result.reset ? { reset: true } : {}) };
    const held = isHeld(current) && result.counts ? afterHold(current, now) : undefined;
    const checks = held?.checks ?? current.checks;
    return {
      invitedAgain: claim,
      invitation: invitationAfter(current, again, { ...result, now, anew: held !== undefined }),
      checks: result.row === undefined ? checks : withRow(checks, warning('invited-again', result.row, FIX)),
      // With what the guest accepted before the reset.
      ...(result.reset ? { verdict: null } : {}),
      ...served(current, again),
    };
  });
  return answerBefore(written ?? record, why);
}

const FIX = 'See the detail; then invite again (POST …/resend).';

/** The answer of a try that is done. */
export function answerBefore({ invitation, request }: MigrationRecord, why: Why): Again {
  if (why === 'reminder' || invitation === null) return done({ invitation: 'sent' });
  const length = Date.parse(invitation.expiresAt) - Date.parse(invitation.sentAt);
  const anew = length === request.acceptWithinDays * DAY_MS;
  return done({ invitation: 'sent', ...(anew ? { deadline: invitation.expiresAt } : {}) });
}

/** Ends a try that came to nothing because the guest has accepted, or because the directory does not let it be done. */
export async function leaveTry(
  { records }: { records: Records },
  again: Try,
  answer: 'accepted' | 'refused',
  row?: string,
): Promise<Again> {
  await records.decideOnMigration(again.record.id, (current) => {
    if (current.phase === 'ended') return undefined;
    const checks = row === undefined ? undefined : withRow(current.checks, warning('invited-again', row, FIX));
    return { ...served(current, again), ...(checks && { checks }) };
  });
  return done({ invitation: answer });
}

/**
 * What the directory refuses. A reminder is skipped: the guest can still accept what they have. Anything else is for an
 * operator.
 */
export function refuseTry(deps: ActivityDeps, again: Try, reason: string, log: Log): Promise<Again> {
  const { why, number, record } = again;
  log.warn('not-invited-again', { migrationId: record.id, why, number, reason });
  const row = `The guest was not invited again: ${reason}`;
  return why === 'reminder'
    ? finishTry(deps, again, { counts: false, reset: false, row })
    : leaveTry(deps, again, 'refused', row);
}

/** When the time to accept ends for a guest who is invited again now. */
export function expiryOf({ clock }: Pick<ActivityDeps, 'clock'>, { record, why }: Try): string {
  const { invitation, request } = record;
  if (invitation !== null && !beginsAnew(why) && !isHeld(record)) return invitation.expiresAt;
  return new Date(clock.now().getTime() + request.acceptWithinDays * DAY_MS).toISOString();
}

function beginsAnew(why: Why): boolean {
  return why === 'resend' || why === 'turnedBack';
}

function isHeld({ checks }: MigrationRecord): boolean {
  return checks.some(({ id, ok }) => id === 'invitation-held-back' && !ok);
}

function invitationAfter(
  { invitation, request }: MigrationRecord,
  { why }: Try,
  { counts, reset, anew, now }: { counts: boolean; reset: boolean; anew: boolean; now: Date },
): NonNullable<MigrationRecord['invitation']> {
  const at = now.toISOString();
  const later = new Date(now.getTime() + request.acceptWithinDays * DAY_MS).toISOString();
  const before = invitation ?? { sentAt: at, remindersSent: 0, expiresAt: later, rounds: 0 };
  const again = beginsAnew(why) || anew;
  return {
    sentAt: again || reset ? at : before.sentAt,
    remindersSent: before.remindersSent + (why === 'reminder' && counts ? 1 : 0),
    expiresAt: again ? later : before.expiresAt,
    rounds: Math.max(before.rounds + (reset ? 1 : 0), 1),
  };
}

/** The operator's wish that this try serves: the one that was there when it began, and no later one. */
function served({ wish }: MigrationRecord, { record, why }: Try): { wish: null } | undefined {
  const seen = why === 'resend' && record.wish?.kind === 'resend' ? record.wish.at : undefined;
  const ours = wish?.kind === 'resend' && wish.at === seen;
  return ours ? { wish: null } : undefined;
}
