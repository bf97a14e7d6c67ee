import { z } from 'zod';
import { objectId } from '../domain/ids';
import type { MigrationRecord } from '../domain/record';
import { isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome } from '../domain/steps';
import { done, failed, notNow, reasonOf, type Activity, type ActivityDeps } from './activity';
import {
  auditor,
  recordOf,
  secondsUntilConsistent,
  usersWithAddress,
  verifiedSnapshot,
  type FoundUser,
} from './common';

const invitationShape = z.object({ inviteRedeemUrl: z.string(), invitedUser: z.object({ id: objectId }) });
const CLOCKS_DIFFER_MS = 60_000;
type Invited = StepOutcome<{ newId: string }>;

/**
 * Invites the guest's address, once: it looks for an invited guest first, then acts.
 *
 * Safe to run twice: the try is written down before the call. After a try whose answer was lost, the invited guest is
 * looked for until reads had time to show it, and only then is the invitation sent again. Graph can neither list nor
 * read invitations, so the account that an invitation makes is the only trace of it.
 */
export function createInviteGuest(deps: ActivityDeps): Activity<'inviteGuest'> {
  const { graph, records, documents, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: nobody was invited.');
    const record = await recordOf(records, migrationId);
    if (record.guest.newId !== null) return done({ newId: record.guest.newId });
    const address = record.request.inviteEmail ?? snapshot.guest.mail;
    if (address === null) return failed('invitation-refused', 'There is no address to invite.');

    const [found] = (await usersWithAddress(graph, address)).filter((user) => user.id.toLowerCase() !== guestId);
    const earlier = found === undefined ? undefined : adopt(found, record.inviteAttemptedAt);
    if (earlier !== undefined && !earlier.ok) return earlier;
    if (earlier?.ok === true) {
      await remember(deps, record, earlier.value.newId, input.deadline);
      log.info('invited-earlier', { migrationId, newId: earlier.value.newId });
      return earlier;
    }
    if (record.inviteAttemptedAt !== null) {
      const wait = secondsUntilConsistent(record.inviteAttemptedAt, clock, settings.consistencySeconds);
      if (wait > 0) return notNow(Math.min(wait, 10));
    }
    const invited = await send(deps, record, snapshot, address, input.deadline);
    if (invited.ok) log.info('invited', { migrationId, newId: invited.value.newId });
    return invited;
  };
}

async function send(
  deps: ActivityDeps,
  record: MigrationRecord,
  snapshot: Snapshot,
  address: string,
  deadline: string,
): Promise<Invited> {
  const { graph, records, documents, clock, settings } = deps;
  const audit = auditor(deps, record.id, 'invite');
  await records.updateMigration(record.id, { inviteAttemptedAt: clock.now().toISOString() });
  await audit('before', snapshot.guest.id);
  const body = invitationFor(snapshot, address, settings);
  const sent = await graph.write('POST', '/invitations', body).catch((error: unknown) => refusalOf(error));
  if (sent instanceof Refusal) {
    await records.updateMigration(record.id, { inviteAttemptedAt: null });
    await audit('refused', snapshot.guest.id, sent.reason);
    return sent.outcome;
  }
  const { invitedUser, inviteRedeemUrl } = invitationShape.parse(sent);
  if (invitedUser.id === snapshot.guest.id) {
    return failed('invited-someone-else', 'The invitation came back with the id of the purged guest.');
  }
  await documents.writeRedeemUrl(record.id, 1, inviteRedeemUrl);
  await remember(deps, record, invitedUser.id, deadline);
  await audit('after', invitedUser.id);
  return done({ newId: invitedUser.id });
}

/** An answer that says for sure that no invitation was made. */
class Refusal {
  constructor(
    readonly outcome: Invited,
    readonly reason: string,
  ) {}
}

/** Sorts a failed call: a refusal is answered; what may have taken effect is thrown, so that it is looked for first. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ServiceError)) throw error;
  if (wasNotExecuted(error)) return new Refusal(notNow(error.retryAfterSeconds ?? 10), reasonOf(error));
  if (isTransient(error)) throw error;
  const outcome = /already exists in the directory/i.test(error.serviceMessage)
    ? failed('invited-someone-else', 'The directory says that the invited address exists already.')
    : failed('invitation-refused', `${reasonOf(error)}.`);
  return new Refusal(outcome, reasonOf(error));
}

async function remember(
  { records, clock }: ActivityDeps,
  record: MigrationRecord,
  newId: string,
  deadline: string,
): Promise<void> {
  const now = clock.now().toISOString();
  await records.lockGuest({ guestId: newId, migrationId: record.id, lockedAt: now });
  await records.updateMigration(record.id, {
    guest: { ...record.guest, newId },
    invitation: { sentAt: now, remindersSent: 0, expiresAt: deadline, rounds: 1 },
  });
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
  return failed('invited-someone-else', 'Another account of the directory holds the invited address.');
}

function invitationFor(snapshot: Snapshot, address: string, settings: ActivityDeps['settings']): object {
  const { displayName, preferredLanguage } = snapshot.guest;
  return {
    invitedUserEmailAddress: address,
    invitedUserDisplayName: displayName,
    invitedUserType: 'Guest',
    inviteRedirectUrl: settings.inviteRedirectUrl,
    sendInvitationMessage: settings.sendInvitationMail,
    ...(preferredLanguage === null ? {} : { invitedUserMessageInfo: { messageLanguage: preferredLanguage } }),
    // Named explicitly: without them the inviter becomes the sponsor, and the inviter is an app.
    ...(snapshot.sponsorIds.length === 0
      ? {}
      : {
          invitedUserSponsors: snapshot.sponsorIds
            .slice(0, 5)
            .map((id) => ({ '@odata.type': '#microsoft.graph.user', id })),
        }),
  };
}
