import type { HttpCode } from '../../domain/failures';

/**
 * Requests that must be refused, whatever else is going on. `{id}` in a path stands for the id of a migration that
 * exists and runs before its purge. Used against the handlers, and over HTTP against a running host.
 */
export interface MalformedRequest {
  name: string;
  method: string;
  /** Path and query, below the address of the app. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer | string;
  expectStatus: number;
  expectCode: HttpCode;
  expectField?: string;
}

/** Status, code, and the field at fault if there is one. */
type Expected = readonly [number, HttpCode, (string | undefined)?];

const JSON_TYPE = { 'Content-Type': 'application/json' };
const GUEST = 'd0d0d0d0-0000-4000-8000-0000000000ff';
const valid = JSON.stringify({ guest: GUEST });

function start(
  name: string,
  body: Buffer | string,
  [expectStatus, expectCode, expectField]: Expected,
  headers: Record<string, string> = JSON_TYPE,
): MalformedRequest {
  const request = { name, method: 'POST', path: '/api/migrations', headers, body, expectStatus, expectCode };
  return expectField === undefined ? request : { ...request, expectField };
}

/** A start whose body is the valid one with some fields set; the first of them is at fault. */
function field(name: string, fields: Record<string, unknown>, expectField = Object.keys(fields)[0]): MalformedRequest {
  const expected = [400, 'invalid-body', expectField ?? ''] as const;
  return start(name, JSON.stringify({ guest: GUEST, ...fields }), expected);
}

function get(
  name: string,
  path: string,
  [expectStatus, expectCode, expectField]: Expected,
  method = 'GET',
): MalformedRequest {
  const request = { name, method, path, headers: {}, expectStatus, expectCode };
  return expectField === undefined ? request : { ...request, expectField };
}

const emptyBody = [415, 'content-type-not-json'] as const;
const notJson = [400, 'body-not-json'] as const;
const notUtf8 = [400, 'body-not-utf8'] as const;
const tooLarge = [413, 'body-too-large'] as const;
const notAnObject = [400, 'invalid-body'] as const;
const badKey = [400, 'invalid-header', 'Idempotency-Key'] as const;

const encodings: MalformedRequest[] = [
  start('no content type and no body', '', emptyBody, {}),
  start('a body without a content type', valid, emptyBody, { 'Content-Type': '' }),
  start('a form', 'guest=x', emptyBody, { 'Content-Type': 'application/x-www-form-urlencoded' }),
  start('plain text', valid, emptyBody, { 'Content-Type': 'text/plain' }),
  start('XML', '<guest/>', emptyBody, { 'Content-Type': 'application/xml' }),
  start('merge-patch', valid, emptyBody, { 'Content-Type': 'application/merge-patch+json' }),
  start('JSON in another charset', valid, emptyBody, { 'Content-Type': 'application/json; charset=utf-16' }),
  start('JSON in Latin-1', valid, emptyBody, { 'Content-Type': 'application/json; charset="iso-8859-1"' }),
  start('two content types', valid, emptyBody, { 'Content-Type': 'application/json, text/plain' }),
  start('a content type that is none', valid, emptyBody, { 'Content-Type': 'json' }),
  start('an empty JSON body', '', notJson),
  start('blanks', '   ', notJson),
  start('an open brace', '{', notJson),
  start('a trailing comma', `{"guest":"${GUEST}",}`, notJson),
  start('single quotes', `{'guest':'${GUEST}'}`, notJson),
  start('a comment', `{"guest":"${GUEST}"} // mine`, notJson),
  start('two documents', `${valid}${valid}`, notJson),
  start('NaN', `{"guest":"${GUEST}","acceptWithinDays":NaN}`, notJson),
  start('a raw control character', `{"guest":"${GUEST}","reason":"a\u0001b"}`, notJson),
  start('a half escape', '{"guest":"\\u12"}', notJson),
  start('a byte that UTF-8 never has', Buffer.from([0x7b, 0xff, 0x7d]), notUtf8),
  start('an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), notUtf8),
  start('half a character', Buffer.from([0x22, 0xe2, 0x82, 0x22]), notUtf8),
  start('a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), notUtf8),
  start('UTF-16 bytes', Buffer.from(`\ufeff${valid}`, 'utf16le'), notUtf8),
  start('one byte too much', valid.padEnd(64 * 1024 + 1, ' '), tooLarge),
  start('a megabyte', JSON.stringify({ guest: 'x'.repeat(1024 * 1024) }), tooLarge),
  start('a large body that is not JSON', '['.repeat(70_000), tooLarge),
  start('deep nesting', '['.repeat(30_000) + ']'.repeat(30_000), notAnObject),
];

const shapes: MalformedRequest[] = [
  start('null', 'null', notAnObject),
  start('a number', '42', notAnObject),
  start('a text', '"guest"', notAnObject),
  start('a list', `[${valid}]`, notAnObject),
  start('true', 'true', notAnObject),
  start('no guest', '{}', [400, 'invalid-body', 'guest']),
  start('an unknown field', `{"guest":"${GUEST}","dryrun":true}`, [400, 'unknown-field', 'dryrun']),
  start('a misspelled guest', `{"gest":"${GUEST}"}`, [400, 'unknown-field', 'gest']),
  start('a prototype', `{"guest":"${GUEST}","__proto__":{"dryRun":true}}`, [400, 'unknown-field', '__proto__']),
  start('a constructor', `{"guest":"${GUEST}","constructor":{}}`, [400, 'unknown-field', 'constructor']),
  start('a field with an empty name', `{"guest":"${GUEST}","":1}`, [400, 'unknown-field']),
  start('a migration id from outside', `{"guest":"${GUEST}","id":"mine"}`, [400, 'unknown-field', 'id']),
];

const fields: MalformedRequest[] = [
  field('guest null', { guest: null }),
  field('guest a number', { guest: 5 }),
  field('guest empty', { guest: '' }),
  field('guest a word', { guest: 'somebody' }),
  field('guest a short id', { guest: 'd0d0d0d0-0000-4000-8000' }),
  field('guest a list', { guest: [GUEST] }),
  field('guest with quotes', { guest: '"me"@contoso.com' }),
  field('guest too long', { guest: `${'a'.repeat(320)}@contoso.com` }),
  field('guest with half a surrogate pair', { guest: '\ud800@contoso.com' }),
  field('guest with a NUL', { guest: 'a\u0000b@contoso.com' }),
  field('guest with a line break', { guest: 'a\r\nb@contoso.com' }),
  field('inviteEmail without a domain', { inviteEmail: 'me@' }),
  field('inviteEmail with a plus', { inviteEmail: 'me+work@outlook.com' }),
  field('inviteEmail with a display name', { inviteEmail: 'Me <me@outlook.com>' }),
  field('inviteEmail null', { inviteEmail: null }),
  field('strategy unknown', { strategy: 'delete' }),
  field('strategy in capitals', { strategy: 'RECREATE' }),
  field('dryRun a text', { dryRun: 'true' }),
  field('dryRun a number', { dryRun: 1 }),
  field('reason too long', { reason: 'x'.repeat(1001) }),
  field('reason with a control character', { reason: 'a\u0007b' }),
  field('approval null', { approval: null }),
  field('by too long', { by: 'x'.repeat(201) }),
  field('acceptWithinDays 0', { acceptWithinDays: 0 }),
  field('acceptWithinDays 91', { acceptWithinDays: 91 }),
  field('acceptWithinDays a fraction', { acceptWithinDays: 1.5 }),
  field('acceptWithinDays a text', { acceptWithinDays: '30' }),
  field('acceptWithinDays huge', { acceptWithinDays: 1e308 }),
  field('remindAfterDays a number', { remindAfterDays: 3 }),
  field('a reminder on day 0', { remindAfterDays: [3, 0] }, 'remindAfterDays[1]'),
  field('a reminder when the time is up', { remindAfterDays: [3, 7], acceptWithinDays: 7 }, 'remindAfterDays'),
  field('a reminder after the usual time', { remindAfterDays: [30] }, 'remindAfterDays'),
  field('too many reminders', { remindAfterDays: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }),
  field('a kind that is not known', { skipAccess: ['profile', 'mailbox'] }, 'skipAccess[1]'),
  field('skipAccess a text', { skipAccess: 'profile' }),
  field('callbackUrl plain http', { callbackUrl: 'http://hooks.example/a' }),
  field('callbackUrl a script', { callbackUrl: 'javascript:alert(1)' }),
];

const features: MalformedRequest[] = [
  start(
    'a callback to a host that nobody allowed',
    JSON.stringify({ guest: GUEST, callbackUrl: 'https://hooks.example/a' }),
    [422, 'callback-not-allowed', 'callbackUrl'],
  ),
];

const headers: MalformedRequest[] = [
  start('an empty Idempotency-Key', valid, badKey, { ...JSON_TYPE, 'Idempotency-Key': '' }),
  start('an Idempotency-Key of 256', valid, badKey, { ...JSON_TYPE, 'Idempotency-Key': 'k'.repeat(256) }),
  start('an Idempotency-Key with a blank', valid, badKey, { ...JSON_TYPE, 'Idempotency-Key': 'a b' }),
  start('an Idempotency-Key beyond ASCII', valid, badKey, { ...JSON_TYPE, 'Idempotency-Key': 'caf\u00e9' }),
];

const badId = [400, 'invalid-id', 'id'] as const;
const addresses: MalformedRequest[] = [
  get('an id with a dot', '/api/migrations/a.b', badId),
  get('an id with a blank', '/api/migrations/a%20b', badId),
  get('an id with a slash', '/api/migrations/..%2Fentities', badId),
  get('an id with a hash', '/api/migrations/a%23b/result', badId),
  get('an id with a question mark', '/api/migrations/a%3Fb/report', badId),
  get('an id beyond ASCII', '/api/migrations/caf%C3%A9', badId),
  get('an id with a colon', '/api/migrations/a%3Ab/cancel', badId, 'POST'),
  get('an id of 101 characters', `/api/migrations/${'a'.repeat(101)}`, badId),
  get('an id nobody has', '/api/migrations/unknown', [404, 'migration-not-found']),
  get('a result nobody has', '/api/migrations/unknown/result', [404, 'migration-not-found']),
  get('a report nobody has', '/api/migrations/unknown/report', [404, 'migration-not-found']),
  get('a cancel of nothing', '/api/migrations/unknown/cancel', [404, 'migration-not-found'], 'POST'),
  get('no such address', '/api/nothing', [404, 'route-not-found']),
  get('no such address below a migration', '/api/migrations/{id}/nothing', [404, 'route-not-found']),
  get('an address that is too deep', '/api/migrations/{id}/result/more', [404, 'route-not-found']),
  get('GET where only POST is', '/api/migrations/{id}/cancel', [405, 'method-not-allowed']),
  get('DELETE of a migration', '/api/migrations/{id}', [405, 'method-not-allowed'], 'DELETE'),
  get('PUT of the list', '/api/migrations', [405, 'method-not-allowed'], 'PUT'),
  get('PATCH of a migration', '/api/migrations/{id}', [405, 'method-not-allowed'], 'PATCH'),
  get('POST of a report', '/api/migrations/{id}/report', [405, 'method-not-allowed'], 'POST'),
  get('GET of the webhook', '/api/graph/notifications', [405, 'method-not-allowed']),
  get('GET of the closing of the breaker', '/api/controls/invite-breaker/close', [405, 'method-not-allowed']),
  get('a control nobody has', '/api/controls/other/close', [404, 'route-not-found'], 'POST'),
  get('POST of the health', '/api/health', [405, 'method-not-allowed'], 'POST'),
];

function query(name: string, path: string, expectField: string): MalformedRequest {
  return get(name, path, [400, 'invalid-query', expectField]);
}

const queries: MalformedRequest[] = [
  query('a status that is none', '/api/migrations?status=Done', 'status'),
  query('a status in lower case', '/api/migrations?status=running', 'status'),
  query('an empty status', '/api/migrations?status=', 'status'),
  query('two statuses', '/api/migrations?status=Running&status=Failed', 'status'),
  query('top 0', '/api/migrations?top=0', 'top'),
  query('top 201', '/api/migrations?top=201', 'top'),
  query('top below 0', '/api/migrations?top=-1', 'top'),
  query('top a fraction', '/api/migrations?top=1.5', 'top'),
  query('top a word', '/api/migrations?top=all', 'top'),
  query('top in hexadecimal', '/api/migrations?top=0x10', 'top'),
  query('a continuation that is no id', '/api/migrations?continuation=a%27b', 'continuation'),
  query('a filter', '/api/migrations?filter=x', 'filter'),
  query('a parameter in capitals', '/api/migrations?Top=5', 'Top'),
  query('a query where none is taken', '/api/migrations/{id}?verbose=1', 'verbose'),
  query('a query on the result', '/api/migrations/{id}/result?wait=1', 'wait'),
  query('a format that is none', '/api/migrations/{id}/report?format=xlsx', 'format'),
  query('two formats', '/api/migrations/{id}/report?format=csv&format=json', 'format'),
  query('a query on the document', '/api/openapi.json?version=2', 'version'),
  { ...start('a query on the start', valid, [400, 'invalid-query', 'dryRun']), path: '/api/migrations?dryRun=true' },
];

function cancel(
  name: string,
  body: Buffer | string,
  [expectStatus, expectCode, expectField]: Expected,
  type: Record<string, string> = JSON_TYPE,
): MalformedRequest {
  const path = '/api/migrations/{id}/cancel';
  return { ...start(name, body, [expectStatus, expectCode, expectField], type), path };
}

const cancels: MalformedRequest[] = [
  cancel('a cancel with a mode that is none', '{"mode":"now"}', [400, 'invalid-body', 'mode']),
  cancel('a cancel with a mode in capitals', '{"mode":"Revert"}', [400, 'invalid-body', 'mode']),
  cancel('a cancel with no mode', '{"mode":null}', [400, 'invalid-body', 'mode']),
  cancel('a cancel with an unknown field', '{"reason":"x"}', [400, 'unknown-field', 'reason']),
  cancel('a cancel by a number', '{"by":1}', [400, 'invalid-body', 'by']),
  cancel('a cancel with a long comment', JSON.stringify({ comment: 'x'.repeat(1001) }), [
    400,
    'invalid-body',
    'comment',
  ]),
  cancel('a cancel in plain text', 'please', emptyBody, { 'Content-Type': 'text/plain' }),
  cancel('a cancel that is no object', '[]', notAnObject),
];

function decision(...[name, ...rest]: Parameters<typeof cancel>): MalformedRequest[] {
  return ['approve', 'reject'].map((route) => ({
    ...cancel(`${route}: ${name}`, ...rest),
    path: `/api/migrations/{id}/${route}`,
  }));
}

function wish(...[name, ...rest]: Parameters<typeof cancel>): MalformedRequest[] {
  return ['resend', 'resume'].map((route) => ({
    ...cancel(`${route}: ${name}`, ...rest),
    path: `/api/migrations/{id}/${route}`,
  }));
}

const badAddress = [400, 'invalid-body', 'inviteEmail'] as const;
const wishes: MalformedRequest[] = [
  ...wish('nobody', '{"by":""}', [400, 'invalid-body', 'by']),
  ...wish('a number', '{"by":1}', [400, 'invalid-body', 'by']),
  ...wish('a long name', JSON.stringify({ by: 'x'.repeat(201) }), [400, 'invalid-body', 'by']),
  ...wish('a long comment', JSON.stringify({ comment: 'x'.repeat(1001) }), [400, 'invalid-body', 'comment']),
  ...wish('a bell', '{"comment":"\\u0007"}', [400, 'invalid-body', 'comment']),
  ...wish('an unknown field', '{"mode":"revert"}', [400, 'unknown-field', 'mode']),
  ...wish('half a body', '{"by":', notJson),
  ...wish('plain text', 'please', emptyBody, { 'Content-Type': 'text/plain' }),
  ...wish('no object', '[]', notAnObject),
  ...wish('null', 'null', notAnObject),
].concat(
  ['a+b@outlook.example', 'outlook.example', '', 'a@b', '.a@outlook.example'].map((inviteEmail) => {
    const path = '/api/migrations/{id}/resume';
    return { ...start(`a resume with the address ${inviteEmail}`, JSON.stringify({ inviteEmail }), badAddress), path };
  }),
  {
    ...cancel('a resend to another address', '{"inviteEmail":"a@outlook.example"}', [
      400,
      'unknown-field',
      'inviteEmail',
    ]),
    path: '/api/migrations/{id}/resend',
  },
  {
    ...cancel('a resend that nobody waits for', '', [409, 'nothing-to-resend']),
    path: '/api/migrations/{id}/resend',
  },
  { ...cancel('a resume of what goes on', '', [409, 'nothing-to-resume']), path: '/api/migrations/{id}/resume' },
  get('a resend of nothing', '/api/migrations/unknown/resend', [404, 'migration-not-found'], 'POST'),
  get('a resume of nothing', '/api/migrations/unknown/resume', [404, 'migration-not-found'], 'POST'),
  get('GET of a resend', '/api/migrations/{id}/resend', [405, 'method-not-allowed']),
  get('GET of a resume', '/api/migrations/{id}/resume', [405, 'method-not-allowed']),
  get('a query on a resend', '/api/migrations/{id}/resend?by=ops', [400, 'invalid-query', 'by'], 'POST'),
  get('a query on a resume', '/api/migrations/{id}/resume?by=ops', [400, 'invalid-query', 'by'], 'POST'),
);

const decisions: MalformedRequest[] = [
  ...decision('no body', '', notJson),
  ...decision('nobody', '{}', [400, 'invalid-body', 'by']),
  ...decision('a name of blanks', '{"by":" \\t "}', [400, 'invalid-body', 'by']),
  ...decision('a long name', JSON.stringify({ by: 'x'.repeat(201) }), [400, 'invalid-body', 'by']),
  ...decision('a long comment', `{"by":"ops","comment":"${'x'.repeat(1001)}"}`, [400, 'invalid-body', 'comment']),
  ...decision('a bell', '{"by":"ops","comment":"\\u0007"}', [400, 'invalid-body', 'comment']),
  ...decision('another decision', '{"by":"ops","decision":"approved"}', [400, 'unknown-field', 'decision']),
  ...decision('no object', '[]', notAnObject),
];

const forged = JSON.stringify({
  value: [{ clientState: 'guess', subscriptionId: 's', tenantId: 't', resourceData: { id: GUEST } }],
});

function hook(
  name: string,
  path: string,
  body: Buffer | string,
  [expectStatus, expectCode, expectField]: Expected,
): MalformedRequest {
  return { ...start(name, body, [expectStatus, expectCode, expectField]), path };
}

const webhooks: MalformedRequest[] = [
  hook('a forged notification', '/api/graph/notifications', forged, [403, 'notification-refused']),
  hook('a forged lifecycle event', '/api/graph/lifecycle', forged, [403, 'notification-refused']),
  hook('a notification that is null', '/api/graph/notifications', '{"value":[null]}', [403, 'notification-refused']),
  hook('a delivery without value', '/api/graph/notifications', '{}', [400, 'invalid-body', 'value']),
  hook('a delivery that is a list', '/api/graph/lifecycle', '[]', notAnObject),
  hook('a delivery that is not JSON', '/api/graph/notifications', 'value=1', notJson),
  hook('an empty token', '/api/graph/notifications?validationToken=', '', [400, 'invalid-query', 'validationToken']),
  hook('two tokens', '/api/graph/lifecycle?validationToken=a&validationToken=b', '', [
    400,
    'invalid-query',
    'validationToken',
  ]),
  hook('a very long token', `/api/graph/notifications?validationToken=${'t'.repeat(5000)}`, '', [
    400,
    'invalid-query',
    'validationToken',
  ]),
];

export const malformedRequests: readonly MalformedRequest[] = [
  ...encodings,
  ...shapes,
  ...fields,
  ...features,
  ...headers,
  ...addresses,
  ...queries,
  ...cancels,
  ...decisions,
  ...wishes,
  ...webhooks,
];
