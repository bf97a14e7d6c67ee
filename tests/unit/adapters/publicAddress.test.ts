import fc from 'fast-check';
import { isPublicAddress } from '../../../adapters/publicAddress';

/** Ranges that are not public, written down a second time, as first and last address. */
const ranges4 = [
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private', '10.0.0.0', '10.255.255.255'],
  ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
  ['loopback', '127.0.0.0', '127.255.255.255'],
  ["Azure's platform", '168.63.129.16', '168.63.129.16'],
  ['link-local, the metadata service among them', '169.254.0.0', '169.254.255.255'],
  ['private', '172.16.0.0', '172.31.255.255'],
  ['protocol assignments', '192.0.0.0', '192.0.0.255'],
  ['documentation', '192.0.2.0', '192.0.2.255'],
  ['6to4 relays', '192.88.99.0', '192.88.99.255'],
  ['private', '192.168.0.0', '192.168.255.255'],
  ['benchmarks', '198.18.0.0', '198.19.255.255'],
  ['documentation', '198.51.100.0', '198.51.100.255'],
  ['documentation', '203.0.113.0', '203.0.113.255'],
  ['multicast', '224.0.0.0', '239.255.255.255'],
  ['reserved and broadcast', '240.0.0.0', '255.255.255.255'],
] as const;

const numberOf = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const textOf = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
const bounds = ranges4.map(([, from, to]) => [numberOf(from), numberOf(to)] as const);
const isBlocked4 = (n: number): boolean => bounds.some(([from, to]) => n >= from && n <= to);
const anyIPv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
const spelled = (parts: readonly number[]): string => parts.map((part) => part.toString(16)).join(':');
const halves = (n: number): [number, number] => [Math.floor(n / 65_536), n % 65_536];

test.each(ranges4)('IPv4 %s, %s to %s, is not public, and what is beside it is judged by itself', (_name, from, to) => {
  const [low, high] = [numberOf(from), numberOf(to)];
  fc.assert(fc.property(fc.integer({ min: low, max: high }), (n) => !isPublicAddress(textOf(n))));
  for (const beside of [low - 1, high + 1].filter((n) => n >= 0 && n < 2 ** 32)) {
    expect([textOf(beside), isPublicAddress(textOf(beside))]).toEqual([textOf(beside), !isBlocked4(beside)]);
  }
});

test('any IPv4 address is public exactly when it is in none of the ranges', () => {
  fc.assert(
    fc.property(anyIPv4, (n) => isPublicAddress(textOf(n)) === !isBlocked4(n)),
    { numRuns: 2000 },
  );
});

test('no IPv6 address that embeds an IPv4 address is public, whatever it embeds', () => {
  fc.assert(
    fc.property(anyIPv4, groups, (n, rest) => {
      const [high, low] = halves(n);
      const dotted = textOf(n);
      const forms = [
        `::ffff:${dotted}`,
        `::${dotted}`,
        `64:ff9b::${dotted}`,
        spelled([0, 0, 0, 0, 0, 0xffff, high, low]),
        spelled([0x2002, high, low, ...rest.slice(3)]),
        spelled([0x2001, 0, ...rest.slice(2, 6), high, low]),
      ];
      return forms.every((form) => !isPublicAddress(form));
    }),
  );
});

test('any IPv6 address outside of 2000::/3 is not public: loopback, unique local, link-local, multicast', () => {
  fc.assert(
    fc.property(groups, ([first = 0, ...rest]) => {
      const outside = first >= 0x2000 && first <= 0x3fff ? first + 0x4000 : first;
      return !isPublicAddress(spelled([outside, ...rest]));
    }),
    { numRuns: 1000 },
  );
});

test('an IPv6 address within 2000::/3 is public unless it is in a special range; its spelling does not matter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x2000, max: 0x3fff }), groups, (first, [, second = 0, ...rest]) => {
      const text = spelled([first, second, ...rest]);
      const special =
        (first === 0x2001 && (second < 0x200 || second === 0xdb8)) ||
        first === 0x2002 ||
        (first === 0x3fff && second < 0x1000);
      const short = new URL(`https://[${text}]/`).hostname.slice(1, -1);
      return [text, text.toUpperCase(), short].every((form) => isPublicAddress(form) === !special);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  '127.0.0.1',
  '169.254.169.254',
  '168.63.129.16',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  'ff02::1',
  '2001:db8::1',
  '3fff::1',
  '2001::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  'fe80::1%eth0',
  '2606:4700::1%1',
  '0x7f.0.0.1',
  '127.1',
  '2130706433',
  'localhost',
  '',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['8.8.8.8', '20.50.2.1', '168.63.129.17', '2606:4700:4700::1111', '2a01:111:f400::1'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
