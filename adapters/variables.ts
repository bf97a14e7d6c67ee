import { z } from 'zod';
import { kindSchema } from '../domain/grants';
import { objectId } from '../domain/ids';

/** One environment variable of ours: how it reads, and what README and local.settings.example.json say about it. */
interface Variable<Shape extends z.ZodType> {
  shape: Shape;
  /** Used when the variable is absent or empty; shown in the table as it stands. */
  fallback?: string;
  required: boolean;
  secret: boolean;
  meaning: string;
}

function required<S extends z.ZodType>(shape: S, meaning: string, secret = false) {
  return { shape, required: true, secret, meaning } satisfies Variable<S>;
}

function optional<S extends z.ZodType>(shape: S, meaning: string, secret = false) {
  return { shape: shape.optional(), required: false, secret, meaning } satisfies Variable<z.ZodType>;
}

function defaulted<S extends z.ZodType>(shape: S, fallback: string, meaning: string) {
  return { shape, fallback, required: false, secret: false, meaning } satisfies Variable<S>;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function plainUrl(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url && url.username === '' && url.password === '' && url.hash === '' ? url : undefined;
}

const httpsUrl = z.string().refine((value) => plainUrl(value)?.protocol === 'https:', 'must be an absolute https URL');

/** An address that paths are appended to. Tokens travel there, so plain http is for this machine only. */
const baseUrl = z.string().refine((value) => {
  const url = plainUrl(value);
  if (url?.search !== '' || value.endsWith('/')) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname));
}, 'must be an absolute https URL (http on localhost only) without query and without a slash at the end');

/** Azure itself hands these addresses out with a slash at the end. */
const storageEndpoint = z
  .string()
  .transform((value) => value.replace(/\/$/, ''))
  .pipe(baseUrl);

/** The SDKs send tokens over TLS only, on localhost too. */
const origin = z
  .string()
  .refine(
    (value) => plainUrl(value)?.protocol === 'https:' && plainUrl(value)?.origin === value.toLowerCase(),
    'must be an https origin such as https://graph.microsoft.com, without path and without a slash at the end',
  );

function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.string().regex(/^\d+$/, message).transform(Number).pipe(z.int(message).min(min, message).max(max, message));
}

const idList = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((id) => id.trim().toLowerCase())
      .filter((id) => id !== ''),
  )
  .refine((ids) => ids.every((id) => objectId.safeParse(id).success), 'must be object ids (GUIDs) separated by commas');

const mailbox = z
  .string()
  .refine(
    (value) => objectId.safeParse(value).success || /^[^\s@/?#%\\]+@[A-Za-z0-9.-]+$/.test(value),
    'must be an object id or a user principal name',
  );

const hostPattern = /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;

/** Names as URLs spell them, so that they can be compared. A name's last part has a letter first: no IP address is one. */
const hostList = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  )
  .refine(
    (hosts) => hosts.every((host) => hostPattern.test(host)),
    'must be host names separated by commas, such as hooks.example.com or *.example.com',
  );

function isSigningSecret(value: string): boolean {
  if (value.length < 32 || value.length > 128) return false;
  if (!value.startsWith('whsec_')) return true;
  const base64 = value.slice('whsec_'.length);
  const key = Buffer.from(base64, 'base64');
  return key.toString('base64') === base64 && key.length >= 24 && key.length <= 64;
}

const kindList = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((kind) => kind.trim())
      .filter((kind) => kind !== ''),
  )
  .pipe(z.array(kindSchema, `must be kinds of grant separated by commas: ${kindSchema.options.join(', ')}`));

const connectionString = z
  .string()
  .refine(
    (value) => value === 'UseDevelopmentStorage=true' || /(^|;)AccountName=[^;]+/.test(value),
    'must be the connection string of a storage account',
  );

/** The variables of the app, in the order of the documentation. */
export const variables = {
  AZURE_TENANT_ID: required(objectId, 'Directory (tenant) id of the tenant whose guests are switched.'),
  AZURE_CLIENT_ID: optional(
    objectId,
    'Client id of the user-assigned managed identity; absent = the system-assigned one.',
  ),
  APP_BASE_URL: required(baseUrl, 'Public address of this app; change notifications are sent there, and guests are guided there.'),
  GRAPH_ENDPOINT: defaulted(origin, 'https://graph.microsoft.com', 'Origin of Microsoft Graph.'),
  ARM_ENDPOINT: defaulted(origin, 'https://management.azure.com', 'Origin of Azure Resource Manager.'),
  INVITE_REDIRECT_URL: defaulted(
    httpsUrl,
    'https://myapplications.microsoft.com/?tenantid=<AZURE_TENANT_ID>',
    'Where a guest lands after accepting the invitation. Keep it specific to the tenant.',
  ),
  INVITATION_MAIL: defaulted(
    z.enum(['microsoft', 'mailbox', 'caller'], 'must be microsoft, mailbox or caller'),
    'microsoft',
    'Who writes to the guest: Microsoft, this app through MAILBOX, or the caller with the link it is given (microsoft, mailbox or caller).',
  ),
  MAILBOX: optional(
    mailbox,
    'Object id or user principal name of the mailbox that mails to guests are sent from; required with INVITATION_MAIL=mailbox.',
  ),
  ORGANIZATION_NAME: optional(
    z.string().max(100, 'must have at most 100 characters'),
    'Name of the organization in mails to guests and on their page; absent = its name in the directory.',
  ),
  NOTIFICATION_SECRET: required(
    z.string().min(16, 'must have 16 to 128 characters').max(128, 'must have 16 to 128 characters'),
    'clientState of the change notifications subscription, 16 to 128 characters; the links of guests are signed with a key made of it.',
    true,
  ),
  RECORDS_CONNECTION_STRING: optional(
    connectionString,
    'Connection string of the storage account of the records (local emulator). Either this or the two endpoints.',
    true,
  ),
  RECORDS_BLOB_ENDPOINT: optional(
    storageEndpoint,
    'Blob endpoint of the storage account of the records, reached with the managed identity.',
  ),
  RECORDS_TABLE_ENDPOINT: optional(
    storageEndpoint,
    'Table endpoint of the storage account of the records, reached with the managed identity.',
  ),
  POLL_MINUTES: defaulted(
    wholeNumber(1, 43_200),
    '120',
    'Longest time between two looks at a guest who is being waited for, in minutes; soon after the invitation it is shorter.',
  ),
  CONSISTENCY_SECONDS: defaulted(
    wholeNumber(1, 3600),
    '120',
    'Seconds that reads of the directory may lag behind a write.',
  ),
  PARALLEL_RESTORES: defaulted(wholeNumber(1, 50), '4', 'How many restore steps of one migration run at a time.'),
  HTTP_TIMEOUT_SECONDS: defaulted(
    wholeNumber(1, 230),
    '30',
    'Seconds until a request to Graph, Azure or storage is given up.',
  ),
  PROTECTED_GUESTS: optional(idList, 'Object ids of guests that are never switched, separated by commas.'),
  DOMAIN_POLICY_CHECK: defaulted(
    z.enum(['beta', 'off'], 'must be beta or off'),
    'beta',
    'Whether preflight reads the domain allow and deny list, which only the beta of Graph has (beta or off).',
  ),
  SKIP_ACCESS: optional(
    kindList,
    'Kinds of grant that no migration handles, separated by commas; see docs/access.md for the names.',
  ),
  CONDITIONAL_ACCESS_REWRITE: defaulted(
    z.enum(['on', 'off'], 'must be on or off').transform((value) => value === 'on'),
    'off',
    'Whether Conditional Access policies that name the guest are rewritten for the new guest, or only reported (on or off).',
  ),
  APPROVAL: defaulted(
    z.enum(['optional', 'required'], 'must be optional or required').transform((value) => value === 'required'),
    'optional',
    'Whether every migration waits for an approval before anything is deleted, or only those that ask for it (optional or required).',
  ),
  APPROVAL_TIMEOUT_HOURS: defaulted(
    wholeNumber(1, 720),
    '72',
    'Hours that an approval is waited for; then the migration ends as rejected.',
  ),
  APPROVAL_FOUR_EYES: defaulted(
    z.enum(['on', 'off'], 'must be on or off').transform((value) => value === 'on'),
    'off',
    'Whether the approver must have another name than the one who started the migration (on or off).',
  ),
  WRONG_ACCOUNT_ROUNDS: defaulted(
    wholeNumber(1, 10),
    '3',
    'Invitations that a guest gets in all when they accept with a wrong account; after the last an operator is asked.',
  ),
  PURGE: defaulted(
    z
      .enum(['beforeInvitation', 'afterRedemption'], 'must be beforeInvitation or afterRedemption')
      .transform((value) => value === 'afterRedemption'),
    'beforeInvitation',
    'When the old guest is purged: before the invitation, or once the new identity is proven (afterRedemption; unproven).',
  ),
  DAILY_BUDGET: defaulted(
    wholeNumber(1, 10_000),
    '50',
    'How many migrations may begin to delete a guest on one day (UTC).',
  ),
  CALLBACK_HOSTS: optional(
    hostList,
    'Hosts that callbacks may be sent to, separated by commas: names, or *.example.com for every name below; absent = no callbacks.',
  ),
  CALLBACK_SECRET: optional(
    z
      .string()
      .refine(isSigningSecret, 'must have 32 to 128 characters; after whsec_ they are the base64 of 24 to 64 bytes'),
    'Secret that callbacks are signed with, 32 to 128 characters; required with CALLBACK_HOSTS.',
    true,
  ),
} as const;
