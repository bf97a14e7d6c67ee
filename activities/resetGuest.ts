import { addressToInvite, isGoingBack, wantedIdentity } from '../domain/direction';
import { saysInvitationsAreBlocked } from '../domain/inviteBreaker';
import type { Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { auditor, recordOf, secondsUntilConsistent, verifiedSnapshot } from './common';
import { afterHold, holdBack, reportBlock, wasHeldBack } from './heldBack';
import { invitationIn, languageOf, renewLink, repeatedInvitation } from './invitation';
import { takeTry } from './inviteBreaker';
import { holds, standingOf, type Standing } from './standing';
import { isWait, tellGuest } from './tellGuest';

type Reset = StepOutcome<StepOutput<'resetGuest'>>;

/** For how long the directory may not know yet of an address that was added, or of a role that was taken away. */
const LAG_MS = 15 * 60_000;
const LAG_SECONDS = 15;
const SECOND_MS = 1000;

/** One run of the step, as far as it has looked around. */
interface Try {
  record: MigrationRecord;
  snapshot: Snapshot;
  address: string;
  deadline: string;
  standing: Standing;
}

/**
 * Resets the redemption of the guest, who keeps object id and access, and invites the wanted address: it looks first,
 * then acts. The address is put among the guest's own first, because Graph resets to no other.
 *
 * Refuses without a verified snapshot and for another strategy. Safe to run twice: the try is written down before the
 * call. After one whose answer was lost the guest is looked at, when reads had time to show it: who has to accept again
 * was reset (on the way back: since the try). What Graph surely refused is taken back from the row, so that a run that
 * gives up owes nothing.
 */
export function createResetGuest(deps: ActivityDeps): Activity<'resetGuest'> {
  return async (input, log) => {
    const { migrationId, guestId, deadline, revoke } = input;
    const snapshot = await verifiedSnapshot(deps.documents, input);
    if (snapshot === undefined) return failed('snapshot-unverified', 'The snapshot cannot be read: nothing was reset.');
    const record = await recordOf(deps.records, migrationId);
    if (record.strategy !== 'reset') throw new Error('resetGuest: the strategy of this migration is not reset');
    if (record.phase === 'ended' || record.phase === 'undoing') {
      return failed('reset-refused', 'The reset is over for this migration: nothing was reset.');
    }
    if (revoke === true) return takeInvitationBack(deps, record, snapshot, log);
    const address = addressToInvite(record, snapshot);
    if (address === null) return failed('reset-refused', 'There is no address to invite.');
    const reset = isDone(record, guestId)
      ? resetBefore(record, guestId)
      : await resetOnce(
          deps,
          { record, snapshot, address, deadline, standing: await standingOf(guestId, deps.graph) },
          log,
        );
    if (!reset.ok) return reset;
    const kind = isGoingBack(record) ? 'turnedBack' : 'invitation';
    const expiresAt = reset.value.deadline ?? deadline;
    const told = await tellGuest(
      deps,
      { migrationId, snapshot, address, why: 'invitation', number: 1, kind, expiresAt },
      log,
    );
    return isWait(told) ? told : reset;
  };
}

/** True when this direction's reset is made: the invitation is no earlier than its try. */
function isDone({ guest, invitation, resetAttemptedAt }: MigrationRecord, guestId: string): boolean {
  return (
    guest.newId === guestId && invitation !== null && resetAttemptedAt !== null && invitation.sentAt >= resetAttemptedAt
  );
}

function resetBefore(record: MigrationRecord, newId: string): Reset {
  const deadline = wasHeldBack(record) ? record.invitation?.expiresAt : undefined;
  return done({ newId, ...(deadline === undefined ? {} : { deadline }) });
}

async function resetOnce(deps: ActivityDeps, attempt: Try, log: Log): Promise<Reset> {
  const { records, clock, settings } = deps;
  const { record, snapshot, address, standing } = attempt;
  if (record.resetAttemptedAt !== null) {
    if (tookEffect(record, standing, record.resetAttemptedAt)) {
      if (settings.invitationMail !== 'microsoft') {
        await renewLink(deps, { record, newId: snapshot.guest.id, address, round: 1 }, log);
      }
      await auditor(deps, record.id, 'resetRedemption')('after', snapshot.guest.id, 'found reset');
      return remember(deps, attempt);
    }
    const wait = secondsUntilConsistent(record.resetAttemptedAt, clock, settings.consistencySeconds);
    if (wait > 0) return notNow(Math.min(wait, 10));
  }
  if (!(await takeTry(records, clock.now()))) return whileBlocked(deps, record, log);
  return send(deps, attempt, log);
}

/**
 * Whether the guest shows the effect of a try. On the way back that they have to accept, or have the work account, may
 * also be of before: there only the time of the change tells. Where it tells of none the guest is invited once more,
 * because one mail too many is better than a guest who waits for one that was never sent. Another account proves nothing,
 * however new: it may have been accepted with the invitation of before, and is to be reset in any case.
 */
function tookEffect(record: MigrationRecord, { accepted, verdict, changedAt }: Standing, attemptedAt: string): boolean {
  if (!isGoingBack(record)) return !accepted || verdict === wantedIdentity(false);
  if (accepted && verdict !== wantedIdentity(true)) return false;
  return changedAt !== null && Date.parse(changedAt) > Date.parse(attemptedAt) - SECOND_MS;
}

async function send(deps: ActivityDeps, attempt: Try, log: Log): Promise<Reset> {
  const { graph, records, documents, clock } = deps;
  const { record, snapshot, address, standing } = attempt;
  const { id } = snapshot.guest;
  const audit = auditor(deps, record.id, 'resetRedemption');
  const attemptedAt = clock.now().toISOString();
  await audit('before', id);
  try {
    if (!holds(standing, address)) {
      if (record.addressAddedAt === null) await records.updateMigration(record.id, { addressAddedAt: attemptedAt });
      await graph.write('PATCH', `/users/${id}`, { otherMails: [...standing.otherMails, address] });
    }
    await claimTry(deps, record, attemptedAt);
    const { redeemUrl, userId } = invitationIn(await graph.write('POST', '/invitations', bodyOf(deps, attempt)));
    if (userId !== id) return failed('invited-someone-else', 'The reset came back with the id of another account.');
    await documents.writeRedeemUrl(record.id, 1, redeemUrl);
  } catch (error) {
    const isSure = error instanceof ServiceError && (!isTransient(error) || wasNotExecuted(error));
    if (!isSure || error.service !== 'graph') throw error;
    await takeTryBack(deps, record, attemptedAt);
    await audit('refused', id, reasonOf(error));
    return hindered(deps, record, error, log);
  }
  await audit('after', id);
  log.info('redemption-reset', { migrationId: record.id, guestId: id });
  return remember(deps, attempt);
}

function bodyOf({ settings }: ActivityDeps, { address, snapshot }: Try): object {
  return {
    ...repeatedInvitation(address, { settings, mail: true }),
    ...languageOf(snapshot),
    invitedUser: { id: snapshot.guest.id },
    resetRedemption: true,
  };
}

/** Writes the try down, unless another execution of this step did so since the row was read. */
async function claimTry({ records }: ActivityDeps, record: MigrationRecord, attemptedAt: string): Promise<void> {
  const claim = { made: false };
  await records.decideOnMigration(record.id, (current) => {
    claim.made = current.resetAttemptedAt === record.resetAttemptedAt && current.turnedBackAt === record.turnedBackAt;
    return claim.made ? { resetAttemptedAt: attemptedAt } : undefined;
  });
  if (!claim.made) throw new TransientFailure('resetGuest: another execution of this step is at it');
}

/** Back to the try before, whose answer may have been lost; unless another execution has tried since. */
async function takeTryBack({ records }: ActivityDeps, record: MigrationRecord, attemptedAt: string): Promise<void> {
  await records.decideOnMigration(record.id, (current) =>
    current.resetAttemptedAt === attemptedAt ? { resetAttemptedAt: record.resetAttemptedAt } : undefined,
  );
}

/**
 * Microsoft blocks the tenant's invitations. As long as nothing was reset the guest gets back what was taken away, instead of
 * being without roles for as long as the block lasts; afterwards the invitation is put off.
 */
function whileBlocked(deps: ActivityDeps, record: MigrationRecord, log: Log): Promise<Reset> | Reset {
  const isFirst = record.resetAttemptedAt === null && !isGoingBack(record) && record.resumes === null;
  if (!isFirst) return holdBack(deps, record, log);
  return failed('invitations-blocked', 'Microsoft blocks invitations of this tenant: nothing was reset.');
}

/** What becomes of a call that surely had no effect. */
async function hindered(deps: ActivityDeps, record: MigrationRecord, error: ServiceError, log: Log): Promise<Reset> {
  if (wasNotExecuted(error)) return notNow(error.retryAfterSeconds ?? 10);
  if (saysInvitationsAreBlocked(error)) {
    await reportBlock(deps, record.id, log);
    return whileBlocked(deps, record, log);
  }
  // Roles are judged by replicas, and by what they show of a moment ago; so are addresses.
  const { rolesRemovedAt, addressAddedAt } = await recordOf(deps.records, record.id);
  const since = error.status === 403 ? rolesRemovedAt : isAddressLag(error) ? addressAddedAt : null;
  const isYoung = since !== null && deps.clock.now().getTime() - Date.parse(since) < LAG_MS;
  if (isYoung) return notNow(LAG_SECONDS);
  return failed('reset-refused', `${reasonOf(error)}.`);
}

function isAddressLag({ status, serviceMessage }: ServiceError): boolean {
  return status === 404 || (status === 400 && /doesn't match any emails/i.test(serviceMessage));
}

async function remember({ records, clock }: ActivityDeps, { record, snapshot, deadline }: Try): Promise<Reset> {
  const at = clock.now();
  const newId = snapshot.guest.id;
  const held = wasHeldBack(record) ? afterHold(record, at) : undefined;
  await records.updateMigration(record.id, {
    guest: { ...record.guest, newId },
    verdict: null,
    purgedAt: record.purgedAt ?? at.toISOString(),
    invitation: { sentAt: at.toISOString(), remindersSent: 0, expiresAt: held?.deadline ?? deadline, rounds: 1 },
    ...(held && { checks: held.checks }),
  });
  return done({ newId, ...(held && { deadline: held.deadline }) });
}

/**
 * The time to accept is over: resets once more, to the guest's own address and without a word, so that nobody accepts
 * with a link of before. A guest who has accepted by now is left alone. A refusal changes nothing of the ending.
 */
async function takeInvitationBack(
  deps: ActivityDeps,
  record: MigrationRecord,
  { guest }: Snapshot,
  log: Log,
): Promise<Reset> {
  const standing = await standingOf(guest.id, deps.graph);
  if (standing.accepted) return done({ newId: guest.id, accepted: true });
  const audit = auditor(deps, record.id, 'revokeReset');
  await audit('before', guest.id);
  if (guest.mail === null) return done({ newId: guest.id });
  const body = {
    ...repeatedInvitation(guest.mail, { settings: deps.settings, mail: false }),
    invitedUser: { id: guest.id },
    resetRedemption: true,
  };
  try {
    await deps.graph.write('POST', '/invitations', body);
  } catch (error) {
    if (!(error instanceof ServiceError) || isTransient(error)) throw error;
    await audit('refused', guest.id, reasonOf(error));
    log.warn('reset-not-revoked', { migrationId: record.id, reason: reasonOf(error) });
    return done({ newId: guest.id });
  }
  await audit('after', guest.id);
  return done({ newId: guest.id });
}
