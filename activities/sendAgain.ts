import { saysInvitationsAreBlocked } from '../domain/inviteBreaker';
import type { Log } from '../domain/ports';
import { isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import { failed, notNow, reasonOf, type ActivityDeps } from './activity';
import { claimTry, finishTry, giveBack, refuseTry, type Again, type Claim, type Try } from './againTry';
import { auditor } from './common';
import { holdBack, reportBlock } from './heldBack';
import { invitationIn, languageOf, repeatedInvitation, type Invitation } from './invitation';
import { takeTry } from './inviteBreaker';

/** How long an address that was just added may take until invitations know it, and a reminder may be put off. */
const LONG_MS = 15 * 60_000;
const LAG_SECONDS = 15;

/**
 * Invites a guest of the directory again, or resets the redemption and invites with that.
 *
 * @returns the step's answer when the guest is not to be told now; undefined when the invitation is made
 */
export async function sendAgain(deps: ActivityDeps, again: Try, reset: boolean, log: Log): Promise<Again | undefined> {
  const { records, documents, clock } = deps;
  const { record, newId } = again;
  if (!(await takeTry(records, clock.now()))) return blocked(deps, again, log);
  const audit = auditor(deps, record.id, reset ? 'resetRedemption' : 'inviteAgain');
  await audit('before', newId, `${again.why} ${again.number}`);
  let claim: Claim | undefined;
  let answer: Invitation;
  try {
    if (reset) await addAddress(deps, again);
    claim = await claimTry(deps, again, reset);
    answer = await post(deps, again, reset);
  } catch (error) {
    const isSure = error instanceof ServiceError && (!isTransient(error) || wasNotExecuted(error));
    if (!isSure || error.service !== 'graph') throw error;
    if (claim !== undefined) await giveBack(deps, again, claim);
    await audit('refused', newId, reasonOf(error));
    return hindered(deps, again, { since: (claim ?? again.before)?.since, error }, log);
  }
  if (answer.userId !== newId) {
    return failed('invited-someone-else', 'The invitation came back with the id of another account.');
  }
  const rounds = record.invitation?.rounds ?? 0;
  await documents.writeRedeemUrl(record.id, Math.max(rounds + (reset ? 1 : 0), 1), answer.redeemUrl);
  await audit('after', newId, `${again.why} ${again.number}`);
  return undefined;
}

/**
 * A redemption is reset to an address of the guest's own. Two runs of it write the same list; nothing is taken out of it.
 */
async function addAddress({ graph }: ActivityDeps, { newId, address, otherMails, holdsAddress }: Try): Promise<void> {
  if (holdsAddress) return;
  await graph.write('PATCH', `/users/${newId}`, { otherMails: [...otherMails, address] });
}

async function post(deps: ActivityDeps, again: Try, reset: boolean): Promise<Invitation> {
  const { graph, settings } = deps;
  const { address, newId, snapshot } = again;
  const bare = {
    ...repeatedInvitation(address, { settings, mail: true }),
    ...(reset ? { invitedUser: { id: newId }, resetRedemption: true } : {}),
  };
  const language = languageOf(snapshot);
  try {
    return invitationIn(await graph.write('POST', '/invitations', { ...bare, ...language }));
  } catch (error) {
    const ofContent = error instanceof ServiceError && error.status === 400 && !isLag(error);
    if (!ofContent || Object.keys(language).length === 0) throw error;
    // A language that Graph does not know must not cost the guest the invitation.
    return invitationIn(await graph.write('POST', '/invitations', bare));
  }
}

/** What becomes of a call that surely had no effect. */
async function hindered(
  deps: ActivityDeps,
  again: Try,
  { since, error }: { since: string | undefined; error: ServiceError },
  log: Log,
): Promise<Again> {
  const isLong = since !== undefined && deps.clock.now().getTime() - Date.parse(since) >= LONG_MS;
  if (wasNotExecuted(error)) {
    const wait = error.retryAfterSeconds ?? 10;
    if (again.why !== 'reminder' || (!isLong && wait * 1000 < LONG_MS)) return notNow(wait);
  }
  if (isLag(error) && !isLong) return notNow(LAG_SECONDS);
  if (!saysInvitationsAreBlocked(error)) return refuseTry(deps, again, `${reasonOf(error)}.`, log);
  await reportBlock(deps, again.record.id, log);
  return blocked(deps, again, log);
}

/** The directory does not show what was written a moment ago: the new address, or the guest. */
function isLag({ status, serviceMessage }: ServiceError): boolean {
  return status === 404 || (status === 400 && /doesn't match any emails/i.test(serviceMessage));
}

/**
 * While Microsoft blocks the tenant's invitations a reminder is left out: the run has to go on waiting for the guest, who
 * can still accept. What the guest cannot do without is put off.
 */
async function blocked(deps: ActivityDeps, again: Try, log: Log): Promise<Again> {
  if (again.why !== 'reminder') return holdBack(deps, again.record, log);
  const row = 'A reminder was left out: Microsoft blocks invitations of this tenant.';
  return finishTry(deps, again, { counts: false, reset: false, row });
}
