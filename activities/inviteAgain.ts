import { addressToInvite, isGoingBack, wantedIdentity } from '../domain/direction';
import type { MailKind } from '../domain/guideTexts';
import type { Log } from '../domain/ports';
import { failed, notNow, type Activity, type ActivityDeps } from './activity';
import {
  answerBefore,
  expiryOf,
  finishTry,
  isOpen,
  latestTry,
  leaveTry,
  refuseTry,
  type Again,
  type Try,
} from './againTry';
import { recordOf, requireInvited, secondsUntilConsistent, verifiedSnapshot } from './common';
import { renewLink } from './invitation';
import { sendAgain } from './sendAgain';
import { holds, standingOf } from './standing';
import { isMailBegun, isWait, tellGuest } from './tellGuest';

/**
 * Invites the guest again, who is looked at first: one who has accepted with the right account is left alone; one who still
 * waits gets the invitation once more; and where somebody accepted with the wrong account the redemption is reset.
 *
 * Safe to run twice: each try is written down before its call. A reminder whose answer was lost counts and is not sent
 * again: one mail too few is better than a flood of them. A reset whose answer was lost is looked for: a guest who waits
 * again was reset. What the service surely did not do is given back and tried again. A reminder never holds the run up:
 * what the directory refuses is left out.
 */
export function createInviteAgain(deps: ActivityDeps): Activity<'inviteAgain'> {
  const { graph, records, documents } = deps;
  return async (input, log) => {
    const { migrationId, newId, why, number } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined) return failed('snapshot-unverified', 'The snapshot cannot be read: nobody is invited.');
    const record = await recordOf(records, migrationId);
    requireInvited('inviteAgain', newId, snapshot, record);
    const before = latestTry(record, input);
    if (before?.done === true) return answerBefore(record, why);
    const address = addressToInvite(record, snapshot);
    const guest = await standingOf(newId, graph);
    const { accepted, otherMails } = guest;
    const isRight = guest.verdict === wantedIdentity(isGoingBack(record));
    const holdsAddress = address !== null && holds(guest, address);
    const again = { newId, why, number, record, snapshot, address: address ?? '', otherMails, holdsAddress, before };
    const turned = why === 'turnedBack' && isRight ? record.turnedBackAt : null;
    // What shows may be of before a reset that was made right before turning back.
    const wait = turned === null ? 0 : secondsUntilConsistent(turned, deps.clock, deps.settings.consistencySeconds);
    if (accepted && wait > 0) return notNow(Math.min(wait, 10));
    if (accepted && (isRight || why === 'reminder')) {
      log.info('accepted-meanwhile', { migrationId, why, number });
      return leaveTry(deps, again, 'accepted');
    }
    if (address === null) return refuseTry(deps, again, 'There is no address to invite.', log);
    return accepted ? resetWrong(deps, again, log) : inviteWaiting(deps, again, log);
  };
}

/** The guest accepted with a wrong account. A reset that does not show may have been made a moment ago. */
async function resetWrong(deps: ActivityDeps, again: Try, log: Log): Promise<Again> {
  const { clock, settings } = deps;
  const { before } = again;
  const wait = isOpen(before) ? secondsUntilConsistent(before.at, clock, settings.consistencySeconds) : 0;
  if (wait > 0) return notNow(Math.min(wait, 10));
  return (await sendAgain(deps, again, true, log)) ?? tell(deps, again, true, log);
}

/** The guest has not accepted yet, or waits again because an earlier execution reset the redemption. */
async function inviteWaiting(deps: ActivityDeps, again: Try, log: Log): Promise<Again> {
  const { record, before, holdsAddress, newId, address } = again;
  const open = isOpen(before);
  if (isMailBegun(record, again)) return tell(deps, again, before?.reset === true, log);
  if (open && before.reset === true) {
    const round = (record.invitation?.rounds ?? 0) + 1;
    // An address that does not show on the guest could make a guest of its own.
    if (holdsAddress) await renewLink(deps, { record, newId, address, round }, log);
    return tell(deps, again, true, log);
  }
  if (!holdsAddress) return (await sendAgain(deps, again, true, log)) ?? tell(deps, again, true, log);
  const needed = deps.settings.invitationMail === 'microsoft' ? !open : await needsLink(deps, again);
  const stopped = needed ? await sendAgain(deps, again, false, log) : undefined;
  return stopped ?? tell(deps, again, false, log);
}

/**
 * Where the guest hears of it from others, inviting again only gives a new link: without a mail it may be done twice, and
 * a reminder can do without where there is a link.
 */
async function needsLink({ documents }: ActivityDeps, { why, record }: Try): Promise<boolean> {
  if (why !== 'reminder') return true;
  return (await documents.readRedeemUrl(record.id, record.invitation?.rounds ?? 1)) === undefined;
}

/** Tells the guest, where Microsoft does not, and ends the try. */
async function tell(deps: ActivityDeps, again: Try, reset: boolean, log: Log): Promise<Again> {
  const { record, snapshot, address, why, number, newId } = again;
  const kind: MailKind = why !== 'resend' ? why : reset ? 'wrongAccount' : 'reminder';
  const message = { migrationId: record.id, snapshot, address, why, number, kind, expiresAt: expiryOf(deps, again) };
  const told = await tellGuest(deps, message, log);
  if (isWait(told)) return told;
  log.info('invited-again', { migrationId: record.id, newId, why, number, reset });
  return finishTry(deps, again, { counts: told === 'told', reset });
}
