import fc from 'fast-check';
import { compareAccess, identityOfGrant } from '../../../domain/comparison';
import { isAdvisory, kindSchema, type Grant } from '../../../domain/grants';

function group(key: string): Grant {
  return { kind: 'groupMembership', key, name: `name of ${key}`, data: {} };
}
function attribute(key: string, value: unknown): Grant {
  return { kind: 'profile', key, name: key, data: { value } };
}

it('says how many are equal, and names what is missing and what is extra', () => {
  expect(compareAccess([group('a'), group('b')], [group('b'), group('c')])).toEqual({
    equal: 1,
    missing: [{ kind: 'groupMembership', key: 'a', name: 'name of a' }],
    extra: [{ kind: 'groupMembership', key: 'c', name: 'name of c' }],
  });
});

it('keys compare without case, kinds do not mix', () => {
  expect(compareAccess([group('ABC')], [group('abc')]).equal).toBe(1);
  expect(compareAccess([group('a')], [{ ...group('a'), kind: 'groupOwnership' }])).toMatchObject({
    equal: 0,
    missing: [{ key: 'a' }],
    extra: [{ kind: 'groupOwnership' }],
  });
});

it('an attribute with another value is missing, not extra', () => {
  const comparison = compareAccess([attribute('city', 'London')], [attribute('city', 'Turin')]);
  expect(comparison).toMatchObject({ equal: 0, missing: [{ key: 'city' }], extra: [] });
  expect(compareAccess([attribute('phones', ['1'])], [attribute('phones', ['1'])]).equal).toBe(1);
});

it('a value compares as JSON, whatever the order of its names', () => {
  const one = attribute('days', { monday: 1, hours: [8, 9] });
  expect(compareAccess([one], [attribute('days', { hours: [8, 9], monday: 1 })]).equal).toBe(1);
  expect(compareAccess([one], [attribute('days', { hours: [9, 8], monday: 1 })]).equal).toBe(0);
});

it('reminders are the same for everybody and are not compared', () => {
  const reminder: Grant = {
    kind: 'outsideGraph',
    key: 'sharePoint',
    name: 'SharePoint',
    instruction: 'look',
    data: {},
  };
  expect(compareAccess([reminder], [])).toEqual({ equal: 0, missing: [], extra: [] });
  expect(compareAccess([], [reminder])).toEqual({ equal: 0, missing: [], extra: [] });
});

const compared = kindSchema.options.filter((kind) => !isAdvisory({ kind }));

describe('for any two sets of grants', () => {
  const anyGrant = fc
    .record({ kind: fc.constantFrom(...compared), key: fc.constantFrom('a', 'A', 'b', 'c', 'd', 'e') })
    .map(({ kind, key }): Grant => ({ kind, key, name: key, data: {} }));
  const set = fc.uniqueArray(anyGrant, { selector: identityOfGrant });

  it('everything before is equal or missing, everything after is equal or extra', () => {
    fc.assert(
      fc.property(set, set, (before, after) => {
        const { equal, missing, extra } = compareAccess(before, after);
        expect(equal + missing.length).toBe(before.length);
        expect(equal + extra.length).toBe(after.length);
      }),
    );
  });

  it('a set equals itself', () => {
    fc.assert(
      fc.property(set, (grants) => {
        expect(compareAccess(grants, [...grants].reverse())).toEqual({ equal: grants.length, missing: [], extra: [] });
      }),
    );
  });
});
