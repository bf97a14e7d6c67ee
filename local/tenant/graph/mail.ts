import { randomUUID } from 'node:crypto';
import { addressesOf } from '../directory/groups';
import { domainOf } from '../directory/invitationPolicy';
import { isExternal } from '../directory/newGuest';
import type { Reply } from '../http/message';
import { sameText, text, type Entity } from '../store/snapshot';
import { verifiedDomains } from '../tenant';
import { objectBody } from './bodies';
import { GraphError } from './errors';
import { readMail } from './mailRequest';
import { param, type Call, type Route } from './route';
import { findUser } from './targets';

/** Whose mailbox it is. Microsoft's answers here come from Exchange, in words of its own. */
function mailboxOf(call: Call): Entity {
  const key = param(call, 'user-id');
  const user = findUser(call.replica, key);
  if (user === undefined) throw new GraphError(404, 'ErrorInvalidUser', `The requested user '${key}' is invalid.`);
  const domain = domainOf(text(user, 'mail') ?? '');
  // Guests have an address, but no mailbox here.
  if (isExternal(user) || !verifiedDomains(call.replica).some(({ name }) => name === domain)) {
    throw new GraphError(
      404,
      'MailboxNotEnabledForRESTAPI',
      'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
    );
  }
  const { mailboxAccess } = call.tenant.settings.get();
  if (mailboxAccess !== 'all' && !mailboxAccess.some((one) => one === user.id || sameText(one, text(user, 'mail')))) {
    throw new GraphError(
      403,
      'ErrorAccessDenied',
      'Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.',
    );
  }
  return user;
}

/** Accepts a mail: a second one, after an answer that was lost, is sent as well. */
function sendMail(call: Call): Reply {
  const mail = readMail(objectBody(call));
  const mailbox = mailboxOf(call);
  if (mail.from !== undefined && !addressesOf(mailbox).has(mail.from.toLowerCase())) {
    throw new GraphError(
      403,
      'ErrorSendAsDenied',
      'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account., Cannot submit message.',
    );
  }
  const { store, clock } = call.tenant;
  store.transaction((tx) => {
    for (const to of mail.recipients) {
      tx.put('mails', {
        id: randomUUID(),
        at: clock.stamp(),
        from: text(mailbox, 'mail'),
        to,
        subject: mail.subject,
        contentType: mail.contentType,
        text: mail.content,
        ...(mail.replyTo.length === 0 ? {} : { replyTo: mail.replyTo }),
      });
    }
  });
  return { status: 202 };
}

/** Outlook: mail is only sent here, never read. */
export const mailRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/users/{user-id}/sendMail',
    // Source: the page user-sendmail.
    allOf: [['Mail.Send']],
    handle: sendMail,
  },
];
