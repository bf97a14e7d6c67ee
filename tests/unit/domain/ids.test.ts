import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { migrationId, newMigrationId, objectId, sha256 } from '../../../domain/ids';

const random = () => randomBytes(10).toString('hex');
const time = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2200, 0) });

describe('migration ids', () => {
  it('sort the newest first, for any two moments and whatever the randomness', () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 10 ** 11 }), (earlier, ms) => {
        expect(newMigrationId(earlier + ms, random()) < newMigrationId(earlier, random())).toBe(true);
      }),
    );
  });

  it('fit the pattern of ids, in any year and with randomness of any length', () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 8, max: 40 }), (at, bytes) => {
        const id = newMigrationId(at, randomBytes(bytes).toString('hex').toUpperCase());
        expect(migrationId.parse(id)).toBe(id);
      }),
    );
  });

  it('differ at the same moment', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => newMigrationId(0, random())));
    expect(ids.size).toBe(1000);
  });

  it.each(['', 'a/b', 'a b', 'a?b', '..', 'a'.repeat(101), 'ä'])('%p is not one', (id) => {
    expect(migrationId.safeParse(id).success).toBe(false);
  });
});

describe('object ids', () => {
  it('are lower-cased, so that one guest has one lock', () => {
    expect(objectId.parse('01D00000-0000-4000-8000-00000000000A')).toBe('01d00000-0000-4000-8000-00000000000a');
  });

  it.each([
    '',
    '01d00000-0000-4000-8000-00000000000',
    ' 01d00000-0000-4000-8000-00000000000a',
    '01d00000-0000-4000-8000-00000000000a\n',
    '{01d00000-0000-4000-8000-00000000000a}',
    '01d0000000004000800000000000000a',
    '../users/me',
  ])('%p is not one', (id) => {
    expect(objectId.safeParse(id).success).toBe(false);
  });
});

it('a hash has 64 lower-case hexadecimal digits', () => {
  expect(sha256.safeParse('0f'.repeat(32)).success).toBe(true);
  for (const bad of ['', '0F'.repeat(32), '0f'.repeat(31), `${'0f'.repeat(32)}0`]) {
    expect(sha256.safeParse(bad).success).toBe(false);
  }
});
