import { createLog, redact, sanitizeError } from '../../../adapters/logging';
import { ServiceError } from '../../../domain/serviceError';

test.each([
  ['mail guest.name@work.example now', 'mail [address] now'],
  ['guest_work.example#EXT#@tenant.onmicrosoft.com', '[address]'],
  ['/users/guest%40work.example/memberOf', '/users/[address]/memberOf'],
  ['Bearer abc.def-ghi and more', '[token] and more'],
  ['token=eyJhbGciOi.eyJvaWQiOi.c2lnbmF0dXJl!', 'token=[token]!'],
  ['see https://login.example/redeem?rd=abc&x=1 there', 'see https://login.example/redeem?[query] there'],
  ['https://app.example/api?code=abc', 'https://app.example/api?[query]'],
  ['AccountName=x;AccountKey=abc==;Blob', 'AccountName=x;AccountKey=[secret];Blob'],
  ['11111111-2222-4333-8444-555555555555 stays', '11111111-2222-4333-8444-555555555555 stays'],
  ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
])('redact %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test('an event is one line of JSON with its level, and goes through the last defence', () => {
  const lines: [string, string][] = [];
  const log = createLog((line, level) => lines.push([line, level]));
  log.info('step-done', { step: 'purgeGuest', grants: 3, dry: false, newId: null });
  log.warn('odd', { detail: 'for a@b.example\nnext' });
  expect(lines).toEqual([
    ['{"level":"info","event":"step-done","step":"purgeGuest","grants":3,"dry":false,"newId":null}', 'info'],
    ['{"level":"warn","event":"odd","detail":"for [address]\\nnext"}', 'warn'],
  ]);
});

test('of an error only words and numbers are logged, never its message', () => {
  const service = new ServiceError({ service: 'graph', status: 404, code: 'NotFound', serviceMessage: 'a@b.example' });
  expect(sanitizeError(service)).toEqual({ code: 'NotFound', service: 'graph', status: 404 });
  expect(sanitizeError(Object.assign(new Error('a@b.example'), { code: 'ECONNRESET' }))).toEqual({
    code: 'ECONNRESET',
  });
  expect(sanitizeError(new TypeError('a@b.example'))).toEqual({ code: 'TypeError' });
  expect(sanitizeError(Object.assign(new Error('x'), { code: 'for a@b.example' }))).toEqual({ code: 'unknown' });
  expect(sanitizeError('a@b.example')).toEqual({ code: 'unknown' });
});
