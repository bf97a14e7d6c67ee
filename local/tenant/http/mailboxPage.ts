import { text, type Entity } from '../store/snapshot';
import type { Tenant } from '../tenant';
import { escapeHtml, page, pageHeaders } from './html';
import type { Message, Reply } from './message';

/** True for a browser that opens the mailbox; programs get JSON at the same address. */
export function wantsMailboxPage({ method, path, headers }: Message): boolean {
  return method === 'GET' && path === '/_tenant/mailbox' && (headers['accept'] ?? '').includes('text/html');
}

/** The mails that the tenant sent, newest first, each with the links that its reader would follow. */
export function mailboxPage(tenant: Tenant): Reply {
  const mails = [...tenant.store.primary().list('mails')].reverse();
  const content =
    mails.length === 0
      ? '<p>No mail was sent yet. Load this page again once a guest has been invited.</p>'
      : `<ul>\n${mails.map(item).join('\n')}\n</ul>`;
  return { status: 200, headers: pageHeaders, body: page('Mailbox', `<h1>Mailbox of everybody</h1>\n${content}`) };
}

function item(mail: Entity): string {
  const [to, from, subject, link, body] = ['to', 'from', 'subject', 'inviteRedeemUrl', 'text'].map((name) => {
    const value = text(mail, name);
    return value === undefined ? undefined : escapeHtml(name === 'text' ? readable(mail, value) : value);
  });
  const head = `To <strong>${to ?? ''}</strong>${from === undefined ? '' : ` from ${from}`}: ${subject ?? ''}`;
  const parts = [
    `<p>${head}</p>`,
    ...(link === undefined ? [] : [`<p><a href="${link}">Open the invitation</a></p>`]),
    ...(body === undefined ? [] : [`<p>${linked(body)}</p>`]),
  ];
  return `<li>${parts.join('')}</li>`;
}

/** The words of a mail; of HTML only these and where its links lead, since nothing of a mail may run here. */
function readable(mail: Entity, content: string): string {
  if (text(mail, 'contentType') !== 'html') return content;
  return content
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<a\b[^>]*?\bhref\s*=\s*(["'])(.*?)\1[^>]*>/gi, ' $2 ')
    .replace(/<(br|\/p|\/div|\/li|\/h\d)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
    .trim();
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** Escaped text with its web addresses as links and its lines kept. */
const linked = (escaped: string): string =>
  escaped
    .replace(/https?:\/\/(?:(?!&(?:lt|gt|quot|#39);)[^\s<>"'])+/g, (address) => {
      // A full stop or comma after an address belongs to the sentence.
      const [, url = address, rest = ''] = /^(.*?)([.,)]*)$/.exec(address) ?? [];
      return `<a href="${url}">${url}</a>${rest}`;
    })
    .replaceAll('\n', '<br>');
