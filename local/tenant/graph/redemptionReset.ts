import { ownersOfAddress } from '../directory/lifecycle';
import { isExternal } from '../directory/newGuest';
import { hostIdentities, supersedeInvitations } from '../directory/redemption';
import { keepsFromReset, mayManage } from '../directory/roles';
import { sameText, text, texts, type Entity } from '../store/snapshot';
import { denied, GraphError, notFound } from './errors';
import type { InvitationRequest } from './invitationRequest';
import { isGuid, type Call } from './route';

const bad = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

/** 403 in the words of the invitations service. */
export const notAllowed = (): GraphError =>
  new GraphError(
    403,
    'Forbidden',
    'Guest invitations not allowed for your company. Contact your company administrator for more details.',
  );

/** 400 when somebody else has the address. */
export const addressTaken = (): GraphError =>
  bad('Another object with the same value for property proxyAddresses already exists.');

/**
 * Keeps the user, their name and all their access; they must accept again, with any account the address leads to. What
 * was sent before leads nowhere any more. Every check may meet a replica that does not know yet what was changed just
 * now: an address that was added is missing, a role that was taken away is still there.
 */
export function resetRedemption(call: Call, request: InvitationRequest): Entity {
  if (!call.caller.roles.has('User.ReadWrite.All')) throw notAllowed();
  const id = request.userId;
  if (id === undefined || !isGuid(id)) throw bad('The invitedUser.id is required when resetRedemption is true.');
  const primary = call.tenant.store.primary();
  const seen = call.replica.get('users', id);
  if (seen === undefined || !primary.has('users', id)) throw notFound(id);
  if (!mayManage(primary, call.caller.objectId, id)) throw denied();
  const { resetRefusedFor } = call.tenant.settings.get();
  if ([primary, call.replica].some((view) => keepsFromReset(view, id, resetRefusedFor))) {
    throw new GraphError(403, 'Forbidden', 'Generic authorization exception.');
  }
  if (!isExternal(seen)) throw bad('The redemption status can be reset for external users only.');
  // Documented are mail and otherMails: an address that is left in proxyAddresses alone does not help.
  if (![text(seen, 'mail'), ...texts(seen, 'otherMails')].some((address) => sameText(address, request.address))) {
    throw bad(
      "The email you're using to invite this user doesn't match any emails on the user object. " +
        'Please add this email to the user object and try again.',
    );
  }
  if (ownersOfAddress(primary, request.address).some((owner) => owner.id !== id)) throw addressTaken();
  return call.tenant.store.transaction((tx) => {
    supersedeInvitations(tx, id);
    return tx.patch('users', id, {
      externalUserState: 'PendingAcceptance',
      externalUserStateChangeDateTime: call.tenant.clock.stamp(),
      identities: hostIdentities(tx.get('users', id) ?? seen),
    });
  });
}
