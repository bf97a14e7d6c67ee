import { addressToInvite, isGoingBack } from '../domain/direction';
import { objectId } from '../domain/ids';
import { saysInvitationsAreBlocked } from '../domain/inviteBreaker';
import type { Graph, Log, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { cameOfTry } from './earlierInvitation';
import { afterHold, holdBack, reportBlock, wasHeldBack } from './heldBack';
import { invitationIn, languageOf, renewLink } from './invitation';
import { takeTry } from './inviteBreaker';
import { takeLock } from './locks';
import { isWait, tellGuest } from './tellGuest';
import {
  auditor,
  foundUser,
  foundUserSelect,
  recordOf,
  secondsUntilConsistent,
  usersWithAddress,
  verifiedSnapshot,
  wasInvitedAs,
  type FoundUser,
} from './common';

type Invited = StepOutcome<StepOutput<'inviteGuest'>>;

/**
 * Invites the guest's address, once: it looks for an invited guest first, then acts.
 *
 * Safe to run twice: the try is written down before the call. After a try whose answer was lost, the invited guest is
 * looked for until reads had time to show it, and only then is the invitation sent again. Graph can neither list nor
 * read invitations, so the account that an invitation makes is the only trace of it. When Graph says that the whole
 * tenant may not invite, the breaker opens and the invitation is put off until it gets through. Where Microsoft does not
 * write to the guest, the guest is told last, by the way that is set.
 */
export function createInviteGuest(deps: ActivityDeps): Activity<'inviteGuest'> {
  const invite = inviter(deps);
  return async (input, log) => {
    const { migrationId } = input;
    const snapshot = await verifiedSnapshot(deps.documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: nobody was invited.');
    const record = await recordOf(deps.records, migrationId);
    const { newId } = record.guest;
    if (record.phase === 'ended') {
      return newId === null
        ? failed('invitation-refused', 'The migration has ended: nobody was invited.')
        : invitedBefore(record, newId);
    }
    const address = addressToInvite(record, snapshot);
    if (address === null) return failed('invitation-refused', 'There is no address to invite.');
    const invited =
      newId === null ? await invite({ ...input, record, snapshot, address }, log) : invitedBefore(record, newId);
    if (!invited.ok) return invited;
    const told = await tellGuest(
      deps,
      {
        migrationId,
        snapshot,
        address,
        why: 'invitation',
        number: 1,
        kind: isGoingBack(record) ? 'turnedBack' : 'invitation',
        expiresAt: invited.value.deadline ?? input.deadline,
      },
      log,
    );
    return isWait(told) ? told : invited;
  };
}

interface Invitee {
  migrationId: string;
  guestId: string;
  deadline: string;
  record: MigrationRecord;
  snapshot: Snapshot;
  address: string;
}

function inviter(deps: ActivityDeps): (invitee: Invitee, log: Log) => Promise<Invited> {
  const { graph, records, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId, record, snapshot, address } = input;
    const holders = (await usersWithAddress(graph, address)).filter((user) => user.id.toLowerCase() !== guestId);
    const [found, ...others] = holders;
    if (found !== undefined) {
      if (others.length > 0 || !wasInvitedAs(found, address)) return someoneElse();
      const earlier = adopt(found, record.inviteAttemptedAt);
      if (!earlier.ok) return earlier;
      const { newId } = earlier.value;
      log.info('invited-earlier', { migrationId, newId });
      // The link was lost with the answer; where Microsoft does not mail it, nobody else has it.
      if (settings.invitationMail !== 'microsoft') await renewLink(deps, { record, newId, address, round: 1 }, log);
      await auditor(deps, migrationId, 'invite')('after', newId, 'found invited');
      return remember(deps, record, newId, input.deadline);
    }
    if (record.inviteAttemptedAt !== null) {
      const wait = secondsUntilConsistent(record.inviteAttemptedAt, clock, settings.consistencySeconds);
      if (wait > 0) return notNow(Math.min(wait, 10));
    }
    if (!(await takeTry(records, clock.now()))) return holdBack(deps, record, log);
    const invited = await send({ ...deps, log }, record, snapshot, address, input.deadline);
    if (invited.ok) log.info('invited', { migrationId, newId: invited.value.newId });
    return invited;
  };
}

async function send(
  deps: ActivityDeps & { log: Log },
  record: MigrationRecord,
  snapshot: Snapshot,
  address: string,
  deadline: string,
): Promise<Invited> {
  const { graph, records, documents, clock, settings } = deps;
  const audit = auditor(deps, record.id, 'invite');
  const attemptedAt = clock.now().toISOString();
  await claimTry(records, record, attemptedAt);
  await audit('before', snapshot.guest.id);
  const post = (body: object) => graph.write('POST', '/invitations', body).catch((error: unknown) => refusalOf(error));
  let sent = await post({ ...bareInvitation(snapshot, address, settings), ...courtesiesOf(snapshot) });
  if (sent instanceof Refusal && sent.isOfContent) {
    // A sponsor who is gone by now, or a language that is not known, must not cost the guest the invitation.
    await audit('refused', snapshot.guest.id, sent.reason);
    sent = await post(bareInvitation(snapshot, address, settings));
  }
  if (sent instanceof Refusal) {
    // Back to the try before, whose answer may have been lost; unless another execution has tried since.
    await records.decideOnMigration(record.id, (current) =>
      current.inviteAttemptedAt === attemptedAt ? { inviteAttemptedAt: record.inviteAttemptedAt } : undefined,
    );
    await audit('refused', snapshot.guest.id, sent.reason);
    if (!sent.isBlock) return sent.outcome;
    await reportBlock(deps, record.id, deps.log);
    return holdBack(deps, record, deps.log);
  }
  const { userId, redeemUrl } = invitationIn(sent);
  if (userId === snapshot.guest.id) {
    return failed('invited-someone-else', 'The invitation came back with the id of the purged guest.');
  }
  const since = record.turnedBackAt ?? record.purgeClaimedAt ?? record.inviteAttemptedAt ?? attemptedAt;
  if (!(await isOurs(graph, userId, since))) return someoneElse();
  await documents.writeRedeemUrl(record.id, 1, redeemUrl);
  await audit('after', userId);
  return remember(deps, record, userId, deadline);
}

/**
 * Writes the try down, unless another execution of this step did so since the row was read: a process that was thought
 * dead may still be at it, and both would have found nobody.
 */
async function claimTry(records: Records, record: MigrationRecord, attemptedAt: string): Promise<void> {
  const claim = { made: false };
  await records.decideOnMigration(record.id, (current) => {
    claim.made = current.inviteAttemptedAt === record.inviteAttemptedAt && current.guest.newId === record.guest.newId;
    return claim.made ? { inviteAttemptedAt: attemptedAt } : undefined;
  });
  if (!claim.made) throw new TransientFailure('inviteGuest: another execution of this step is at it');
}

/**
 * Graph answers the invitation of somebody who is a guest already with that guest. One who accepted, and is older than the
 * purge or the turn back, is somebody else, whom the look before did not find; one who does not show yet is new.
 */
async function isOurs(graph: Graph, newId: string, since: string): Promise<boolean> {
  try {
    return adopt(await graph.read(`/users/${newId}?$select=${foundUserSelect}`, foundUser), since).ok;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** An answer that says for sure that no invitation was made. */
class Refusal {
  constructor(
    readonly outcome: Invited,
    readonly reason: string,
    /** True when the invitation itself was refused: not the caller, and not because the address is taken. */
    readonly isOfContent: boolean,
    /** True when no invitation of the whole tenant gets through. */
    readonly isBlock: boolean,
  ) {}
}

/** Sorts a failed call: a refusal is answered; what may have taken effect is thrown, so that it is looked for first. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ServiceError)) throw error;
  if (wasNotExecuted(error)) return new Refusal(notNow(error.retryAfterSeconds ?? 10), reasonOf(error), false, false);
  if (isTransient(error)) throw error;
  const taken = /already exists in the directory/i.test(error.serviceMessage);
  const outcome = taken
    ? failed('invited-someone-else', 'The directory says that the invited address exists already.')
    : failed('invitation-refused', `${reasonOf(error)}.`);
  const isOfContent = !taken && [400, 404].includes(error.status);
  return new Refusal(outcome, reasonOf(error), isOfContent, saysInvitationsAreBlocked(error));
}

/** Takes the new guest for this migration. One that another migration is working on is not ours to restore to. */
async function remember(
  { records, clock }: ActivityDeps,
  record: MigrationRecord,
  newId: string,
  deadline: string,
): Promise<Invited> {
  const at = clock.now();
  const now = at.toISOString();
  const holder = await takeLock(records, { guestId: newId, migrationId: record.id, lockedAt: now });
  // A migration *of* the new guest is about to be rejected by its own preflight.
  if (holder?.guest.oldId === newId) return notNow(30);
  if (holder !== undefined) return someoneElse();
  const held = wasHeldBack(record) ? afterHold(record, at) : undefined;
  await records.updateMigration(record.id, {
    guest: { ...record.guest, newId },
    // What an earlier guest of this run accepted with says nothing of this one.
    verdict: null,
    invitation: { sentAt: now, remindersSent: 0, expiresAt: held?.deadline ?? deadline, rounds: 1 },
    ...(held && { checks: held.checks }),
  });
  return done({ newId, ...(held && { deadline: held.deadline }) });
}

/** The same answer as when the guest was invited. */
function invitedBefore(record: MigrationRecord, newId: string): Invited {
  const deadline = wasHeldBack(record) ? record.invitation?.expiresAt : undefined;
  return done({ newId, ...(deadline === undefined ? {} : { deadline }) });
}

function someoneElse(): StepOutcome<never> {
  return failed('invited-someone-else', 'Another account of the directory holds the invited address.');
}

/**
 * What to make of a user that holds the invited address. A guest who waits for redemption, or who came into being
 * after our own try, is the trace of an invitation to this very address: it is adopted instead of sending a second
 * one. Anybody else has a life of their own.
 */
function adopt(found: FoundUser, attemptedAt: string | null): Invited {
  const waiting = found.userType === 'Guest' && found.externalUserState?.toLowerCase() === 'pendingacceptance';
  if (waiting || cameOfTry(found, attemptedAt)) return done({ newId: objectId.parse(found.id) });
  return someoneElse();
}

function bareInvitation({ guest }: Snapshot, address: string, settings: ActivityDeps['settings']): object {
  return {
    invitedUserEmailAddress: address,
    invitedUserDisplayName: guest.displayName,
    invitedUserType: 'Guest',
    inviteRedirectUrl: settings.inviteRedirectUrl,
    sendInvitationMessage: settings.invitationMail === 'microsoft',
  };
}

/** What makes the invitation nicer, and what the guest can do without: language and sponsors. */
function courtesiesOf(snapshot: Snapshot): object {
  const { sponsorIds } = snapshot;
  return {
    ...languageOf(snapshot),
    // Named explicitly: without them the inviter becomes the sponsor, and the inviter is an app.
    ...(sponsorIds.length === 0
      ? {}
      : {
          invitedUserSponsors: sponsorIds.slice(0, 5).map((id) => ({ '@odata.type': '#microsoft.graph.user', id })),
        }),
  };
}
