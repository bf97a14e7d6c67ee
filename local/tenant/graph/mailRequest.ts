import { isRecord } from '../store/snapshot';
import { GraphError } from './errors';

/** The body of `POST /users/{id}/sendMail`, checked. */
export interface MailRequest {
  readonly subject: string;
  /** Microsoft's words, in lower case. */
  readonly contentType: 'text' | 'html';
  readonly content: string;
  /** Everybody who gets it: `to`, `cc` and `bcc`, at least one. */
  readonly recipients: readonly string[];
  readonly replyTo: readonly string[];
  /** The `from` of the message, if it has one. */
  readonly from: string | undefined;
}

/** Properties of a message that can be given when it is sent. */
const properties = new Set(
  `subject body toRecipients ccRecipients bccRecipients replyTo from sender importance attachments categories flag
  internetMessageHeaders isReadReceiptRequested isDeliveryReceiptRequested inferenceClassification hasAttachments
  singleValueExtendedProperties multiValueExtendedProperties`.split(/\s+/),
);

const unreadable = (what: string): GraphError => new GraphError(400, 'RequestBodyRead', what);

const invalidRecipients = (why: string): GraphError =>
  new GraphError(400, 'ErrorInvalidRecipients', `At least one recipient is not valid., ${why}`);

/** Reads a mail; throws Graph's 400 for what it does not know, cannot read or cannot deliver. */
export function readMail(body: Readonly<Record<string, unknown>>): MailRequest {
  onlyKnown(body, new Set(['message', 'saveToSentItems']), 'microsoft.graph.sendMail');
  const save = body['saveToSentItems'];
  // Microsoft's own examples send the flag as a text.
  if (save !== undefined && ![true, false, 'true', 'false'].includes(save as string)) {
    throw unreadable("Cannot convert the value of property 'saveToSentItems' to the expected type 'Edm.Boolean'.");
  }
  const { message } = body;
  if (!isRecord(message)) {
    throw new GraphError(400, 'ErrorInvalidParameter', "The value of the parameter 'Message' is empty.");
  }
  onlyKnown(message, properties, 'microsoft.graph.message');
  checkHeaders(message['internetMessageHeaders']);
  const lists = ['toRecipients', 'ccRecipients', 'bccRecipients'].map((name) => addresses(message, name));
  const recipients = [...new Set(lists.flat())];
  if (recipients.length === 0) throw invalidRecipients("A message can't be sent because it contains no recipients.");
  const from = message['from'];
  return {
    subject: textOf(message, 'subject'),
    ...content(message['body'] ?? {}),
    recipients,
    replyTo: addresses(message, 'replyTo'),
    from: from === undefined || from === null ? undefined : addressOf(from, 'from'),
  };
}

function onlyKnown(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>, type: string): void {
  const unknown = Object.keys(object).find((name) => !known.has(name) && !name.includes('@odata.'));
  if (unknown === undefined) return;
  throw unreadable(
    `The property '${unknown}' does not exist on type '${type}'. Make sure to only use property names that are defined by the type.`,
  );
}

function textOf(object: Readonly<Record<string, unknown>>, name: string): string {
  const value = object[name] ?? '';
  if (typeof value !== 'string') throw unreadable(`The property '${name}' must be a text.`);
  return value;
}

function content(body: unknown): Pick<MailRequest, 'contentType' | 'content'> {
  if (!isRecord(body)) throw unreadable("The property 'body' must be an object.");
  onlyKnown(body, new Set(['contentType', 'content']), 'microsoft.graph.itemBody');
  const contentType = textOf(body, 'contentType').toLowerCase() || 'text';
  if (contentType !== 'text' && contentType !== 'html') {
    throw unreadable(`Requested value '${contentType}' was not found in the enumeration 'microsoft.graph.bodyType'.`);
  }
  return { contentType, content: textOf(body, 'content') };
}

function addresses(message: Readonly<Record<string, unknown>>, name: string): string[] {
  const list = message[name] ?? [];
  if (!Array.isArray(list)) throw unreadable(`The property '${name}' must be a collection.`);
  return list.map((recipient: unknown) => addressOf(recipient, name));
}

function addressOf(recipient: unknown, name: string): string {
  const emailAddress = isRecord(recipient) ? recipient['emailAddress'] : undefined;
  if (!isRecord(recipient) || !isRecord(emailAddress)) {
    throw unreadable(`Every entry of '${name}' must be an object with an emailAddress.`);
  }
  onlyKnown(recipient, new Set(['emailAddress']), 'microsoft.graph.recipient');
  onlyKnown(emailAddress, new Set(['name', 'address']), 'microsoft.graph.emailAddress');
  const address = textOf(emailAddress, 'address');
  if (/^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:"]+$/.test(address)) return address;
  throw invalidRecipients(
    `Recipient "${address}" isn't resolved. All recipients must be resolved before a message can be submitted.`,
  );
}

/** Applications may add headers of their own only. */
function checkHeaders(headers: unknown): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers)) throw unreadable("The property 'internetMessageHeaders' must be a collection.");
  for (const header of headers) {
    const name = isRecord(header) ? header['name'] : undefined;
    if (typeof name === 'string' && /^x-/i.test(name)) continue;
    throw new GraphError(
      400,
      'InvalidInternetMessageHeader',
      `The internet message header name '${String(name)}' should start with 'x-' or 'X-'.`,
    );
  }
}
