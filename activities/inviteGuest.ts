import { z } from 'zod';
import { addressToInvite } from '../domain/direction';
import { objectId } from '../domain/ids';
import { saysInvitationsAreBlocked } from '../domain/inviteBreaker';
import type { Graph, Log, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome, StepOutput } from '../domain/steps';
import { done, failed, notNow, reasonOf, TransientFailure, type Activity, type ActivityDeps } from './activity';
import { afterHold, holdBack, reportBlock, wasHeldBack } from './heldBack';
import { takeTry } from './inviteBreaker';
import { takeLock } from './locks';
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

const invitationShape = z.object({ inviteRedeemUrl: z.string(), invitedUser: z.object({ id: objectId }) });
const CLOCKS_DIFFER_MS = 60_000;
type Invited = StepOutcome<StepOutput<'inviteGuest'>>;

/**
 * Invites the guest's address, once: it looks for an invited guest first, then acts.
 *
 * Safe to run twice: the try is written down before the call. After a try whose answer was lost, the invited guest is
 * looked for until reads had time to show it, and only then is the invitation sent again. Graph can neither list nor
 * read invitations, so the account that an invitation makes is the only trace of it. When Graph says that the whole
 * tenant may not invite, the breaker opens and the invitation is put off until it gets through.
 */
export function createInviteGuest(deps: ActivityDeps): Activity<'inviteGuest'> {
  const { graph, records, documents, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: nobody was invited.');
    const record = await recordOf(records, migrationId);
    if (record.guest.newId !== null) return invitedBefore(record, record.guest.newId);
    if (record.phase === 'ended') return failed('invitation-refused', 'The migration has ended: nobody was invited.');
    const address = addressToInvite(record, snapshot);
    if (address === null) return failed('invitation-refused', 'There is no address to invite.');

    const holders = (await usersWithAddress(graph, address)).filter((user) => user.id.toLowerCase() !== guestId);
    const [found, ...others] = holders;
    if (found !== undefined) {
      if (others.length > 0 || !wasInvitedAs(found, address)) return someoneElse();
      const earlier = adopt(found, record.inviteAttemptedAt);
      if (!earlier.ok) return earlier;
      log.info('invited-earlier', { migrationId, newId: earlier.value.newId });
      return remember(deps, record, earlier.value.newId, input.deadline);
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
  const { invitedUser, inviteRedeemUrl } = invitationShape.parse(sent);
  if (invitedUser.id === snapshot.guest.id) {
    return failed('invited-someone-else', 'The invitation came back with the id of the purged guest.');
  }
  if (!(await isOurs(graph, invitedUser.id, record.purgeClaimedAt ?? record.inviteAttemptedAt ?? attemptedAt))) {
    return someoneElse();
  }
  await documents.writeRedeemUrl(record.id, 1, inviteRedeemUrl);
  const invited = await remember(deps, record, invitedUser.id, deadline);
  await audit('after', invitedUser.id);
  return invited;
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
 * Graph answers the invitation of somebody who is a guest already with that guest. One who accepted before the purge is
 * somebody else, whom the look before did not find; one who does not show yet is new.
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
  const ours =
    attemptedAt !== null &&
    found.userType === 'Guest' &&
    Date.parse(found.createdDateTime ?? '') >= Date.parse(attemptedAt) - CLOCKS_DIFFER_MS;
  if (waiting || ours) return done({ newId: objectId.parse(found.id) });
  return someoneElse();
}

function bareInvitation({ guest }: Snapshot, address: string, settings: ActivityDeps['settings']): object {
  return {
    invitedUserEmailAddress: address,
    invitedUserDisplayName: guest.displayName,
    invitedUserType: 'Guest',
    inviteRedirectUrl: settings.inviteRedirectUrl,
    sendInvitationMessage: settings.sendInvitationMail,
  };
}

/** What makes the invitation nicer, and what the guest can do without: language and sponsors. */
function courtesiesOf({ guest, sponsorIds }: Snapshot): object {
  const { preferredLanguage } = guest;
  return {
    ...(preferredLanguage === null ? {} : { invitedUserMessageInfo: { messageLanguage: preferredLanguage } }),
    // Named explicitly: without them the inviter becomes the sponsor, and the inviter is an app.
    ...(sponsorIds.length === 0
      ? {}
      : {
          invitedUserSponsors: sponsorIds.slice(0, 5).map((id) => ({ '@odata.type': '#microsoft.graph.user', id })),
        }),
  };
}
