import { retryAfterSeconds } from '../../../adapters/retryAfter';

const now = Date.parse('2026-01-02T03:04:05.000Z');

test.each([
  ['5', 5],
  ['2.128', 2.128],
  ['0', 0],
  ['-3', 0],
  ['Fri, 02 Jan 2026 03:05:05 GMT', 60],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After %s', (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});
