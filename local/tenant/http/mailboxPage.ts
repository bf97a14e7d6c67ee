import { text, type Entity } from '../store/snapshot';
import type { Tenant } from '../tenant';
import { escapeHtml, page, pageHeaders } from './html';
import type { Message, Reply } from './message';

/** True for a browser that opens the mailbox; programs get JSON at the same address. */
export function wantsMailboxPage({ method, path, headers }: Message): boolean {
  return method === 'GET' && path === '/_tenant/mailbox' && (headers['accept'] ?? '').includes('text/html');
}

/** The mails that the tenant sent, newest first, each with the link that its reader would follow. */
export function mailboxPage(tenant: Tenant): Reply {
  const mails = [...tenant.store.primary().list('mails')].reverse();
  const content =
    mails.length === 0
      ? '<p>No mail was sent yet. Load this page again once a guest has been invited.</p>'
      : `<ul>\n${mails.map(item).join('\n')}\n</ul>`;
  return { status: 200, headers: pageHeaders, body: page('Mailbox', `<h1>Mailbox of everybody</h1>\n${content}`) };
}

function item(mail: Entity): string {
  const [to, subject, link] = ['to', 'subject', 'inviteRedeemUrl'].map((name) => escapeHtml(text(mail, name) ?? ''));
  return `<li><p>To <strong>${to ?? ''}</strong>: ${subject ?? ''}<br><a href="${link ?? ''}">Open the invitation</a></p></li>`;
}
