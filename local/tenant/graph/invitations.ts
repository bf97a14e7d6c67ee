import { randomBytes, randomUUID } from 'node:crypto';
import { domainOf, invitesAllowedFrom, isCrossTenantBlocked, isDomainBlocked } from '../directory/invitationPolicy';
import { deletedOwnerOfAddress, ownersOfAddress } from '../directory/lifecycle';
import { newGuest, isExternal } from '../directory/newGuest';
import { holdsRole, roleTemplates } from '../directory/roles';
import { addressesOf } from '../directory/groups';
import { created, type Reply } from '../http/message';
import { text, type Entity } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { organizationName, tenantId, verifiedDomains } from '../tenant';
import { objectBody } from './bodies';
import { GraphError, notFound } from './errors';
import { readInvitation, type InvitationRequest } from './invitationRequest';
import { addressTaken, notAllowed, resetRedemption } from './redemptionReset';
import type { Call, Route } from './route';

const bad = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

function invite(call: Call): Reply {
  const request = readInvitation(objectBody(call));
  checkPolicies(call, request);
  checkSponsors(call, request);
  const user = request.resetRedemption ? resetRedemption(call, request) : inviteAddress(call, request);
  const invitation = record(call, request, user);
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#invitations/$entity`,
    id: invitation.id,
    inviteRedeemUrl: invitation['inviteRedeemUrl'],
    invitedUserDisplayName: request.displayName ?? null,
    invitedUserType: request.userType,
    invitedUserEmailAddress: request.address,
    sendInvitationMessage: request.sendMessage,
    resetRedemption: request.resetRedemption,
    inviteRedirectUrl: request.redirectUrl,
    status: text(user, 'externalUserState') === 'Accepted' ? 'Completed' : 'PendingAcceptance',
    invitedUserMessageInfo: request.messageInfo ?? {
      messageLanguage: null,
      customizedMessageBody: null,
      ccRecipients: [{ emailAddress: { name: null, address: null } }],
    },
    invitedUser: { id: user.id, userPrincipalName: user['userPrincipalName'] },
  });
}

/** What the tenant's policies say about the invitation; the newest state decides. */
function checkPolicies(call: Call, request: InvitationRequest): void {
  if (call.tenant.settings.get().invitationsBlocked) {
    // The words that people quote in Microsoft's questions and answers; on no page of the documents.
    throw new GraphError(
      403,
      'Forbidden',
      'Invitations are blocked for this directory due to suspicious activity. Please contact Microsoft support for help.',
    );
  }
  const view = call.tenant.store.primary();
  const { objectId } = call.caller;
  const { globalAdministrator, userAdministrator, guestInviter } = roleTemplates;
  const from = invitesAllowedFrom(view);
  if (from === 'none') throw notAllowed();
  if (
    from === 'adminsAndGuestInviters' &&
    !holdsRole(view, objectId, globalAdministrator, userAdministrator, guestInviter)
  ) {
    throw notAllowed();
  }
  if (request.userType === 'Member' && !holdsRole(view, objectId, globalAdministrator, userAdministrator)) {
    throw notAllowed();
  }
  if (isDomainBlocked(view, request.address)) {
    throw bad('The domain of the user is currently blocked by your invitation policy.');
  }
  if (isCrossTenantBlocked(view, request.address)) {
    throw bad(
      'This invitation is blocked by cross-tenant access settings. Admins in both your organization and the ' +
        "invited user's organization must configure cross-tenant access settings to allow the invitation.",
    );
  }
  if (verifiedDomains(view).some(({ name }) => name === domainOf(request.address))) {
    throw bad("The invited user's email address is a verified domain of this directory.");
  }
}

function checkSponsors(call: Call, { sponsors }: InvitationRequest): void {
  for (const id of sponsors) {
    if (!call.replica.has('users', id) && !call.replica.has('groups', id)) throw notFound(id);
  }
}

/** A first invitation, or a repeated one of an address that is a guest already: then the same user is answered. */
function inviteAddress(call: Call, request: InvitationRequest): Entity {
  const { store, clock, settings } = call.tenant;
  return store.transaction((tx) => {
    const [holder] = ownersOfAddress(tx, request.address);
    if (holder !== undefined) return existing(tx, holder);
    if (settings.get().deletedGuestsHoldAddress && deletedOwnerOfAddress(tx, request.address)) throw addressTaken();
    const contact = tx.list('contacts').some((one) => addressesOf(one).has(request.address.toLowerCase()));
    const user = newGuest(tx, request, clock.now(), !contact);
    tx.put('users', user);
    return user;
  });
}

function existing(tx: Transaction, holder: Entity): Entity {
  if (!tx.has('users', holder.id)) {
    throw addressTaken();
  }
  const already = `The invited user already exists in the directory as object ID: ${holder.id}`;
  if (holder['accountEnabled'] === false) {
    throw new GraphError(412, 'BadRequest', `${already}, but the account is blocked from signing in.`);
  }
  if (!isExternal(holder)) {
    throw bad(`${already}. They can use that account to sign in to shared apps and resources.`);
  }
  return holder;
}

/** Remembers the invitation and puts the mail, if one is asked for, into the mailbox. */
function record(call: Call, request: InvitationRequest, user: Entity): Entity {
  const { store, clock, origin } = call.tenant;
  const view = store.primary();
  const id = randomUUID();
  const ticket = randomBytes(32).toString('base64');
  const query = new URLSearchParams({ tenant: tenantId(view), user: id, ticket, ver: '2.0' });
  const inviteRedeemUrl = `${origin()}/redeem/?${query.toString()}`;
  const invitation: Entity = {
    id,
    ticket,
    userId: user.id,
    inviteRedeemUrl,
    invitedUserEmailAddress: request.address,
    inviteRedirectUrl: request.redirectUrl,
    createdDateTime: clock.stamp(),
  };
  const recipients = request.sendMessage ? [request.address, ...request.copyTo] : [];
  store.transaction((tx) => {
    tx.put('invitations', invitation);
    for (const to of recipients) {
      tx.put('mails', {
        id: randomUUID(),
        at: clock.stamp(),
        to,
        subject: `${organizationName(view)} invited you to access applications within their organization`,
        inviteRedeemUrl,
        userId: user.id,
      });
    }
  });
  return invitation;
}

/** Invitations: created only; Graph has no way to read them. */
export const invitationRoutes: readonly Route[] = [{ method: 'POST', path: '/invitations', handle: invite }];
