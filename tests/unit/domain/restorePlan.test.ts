import fc from 'fast-check';
import { kindSchema, type Grant } from '../../../domain/grants';
import { inRestoreOrder, planChunks, restoreWave } from '../../../domain/restorePlan';

const grant = fc
  .record({ kind: fc.constantFrom(...kindSchema.options), key: fc.string({ minLength: 1 }) })
  .map(({ kind, key }): Grant => ({ kind, key, name: key, data: {} }));
const grants = fc.array(grant, { maxLength: 120 });
const size = fc.integer({ min: 1, max: 30 });

function indexesOf(chunks: readonly { from: number; to: number }[]): number[] {
  return chunks.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, place) => from + place));
}

describe('for any grants and any size of chunk', () => {
  it('every grant is in exactly one chunk, in order', () => {
    fc.assert(
      fc.property(grants, size, (all, limit) => {
        expect(indexesOf(planChunks(all, limit))).toEqual([...all.keys()]);
      }),
    );
  });

  it('a chunk holds one kind only, at least one grant and at most the size, and the wave of its kind', () => {
    fc.assert(
      fc.property(grants, size, (all, limit) => {
        for (const { from, to, wave } of planChunks(all, limit)) {
          const kinds = new Set(all.slice(from, to).map((one) => one.kind));
          expect(kinds.size).toBe(1);
          expect(to - from).toBeGreaterThan(0);
          expect(to - from).toBeLessThanOrEqual(limit);
          expect([...kinds].map((kind) => restoreWave[kind])).toEqual([wave]);
        }
      }),
    );
  });

  it('in restore order the waves never go back', () => {
    fc.assert(
      fc.property(grants, size, (all, limit) => {
        const waves = planChunks(inRestoreOrder(all), limit).map((chunk) => chunk.wave);
        expect(waves).toEqual([...waves].sort((a, b) => a - b));
      }),
    );
  });

  it('in restore order there are no more chunks than the sizes of the kinds ask for', () => {
    fc.assert(
      fc.property(grants, size, (all, limit) => {
        const needed = kindSchema.options.map((kind) =>
          Math.ceil(all.filter((one) => one.kind === kind).length / limit),
        );
        expect(planChunks(inRestoreOrder(all), limit)).toHaveLength(needed.reduce((sum, count) => sum + count, 0));
      }),
    );
  });

  it('restore order keeps every grant and does not depend on the order they came in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(grant, { selector: (one) => `${one.kind}|${one.key}`, maxLength: 60 }), (all) => {
        const ordered = inRestoreOrder(all);
        expect(new Set(ordered)).toEqual(new Set(all));
        const names = (list: readonly Grant[]) => list.map((one) => `${one.kind}|${one.key}`);
        expect(names(inRestoreOrder([...all].reverse()))).toEqual(names(ordered));
      }),
    );
  });
});

it.each([
  ['profile', 'license', 'a licence needs the usage location'],
  ['profile', 'groupMembership', 'rules of dynamic groups read attributes'],
  ['accessPackage', 'groupMembership', 'a package brings its groups itself'],
  ['accessPackage', 'appRole', 'a package brings its app roles itself'],
  ['groupMembership', 'teamsChannel', 'members of a channel must be members of the team'],
  ['teamsChannel', 'directoryRole', 'roles make the guest privileged'],
  ['teamsChannel', 'pimDirectoryRole', 'roles make the guest privileged'],
  ['profile', 'administrativeUnit', 'a restricted unit guards the guest'],
] as const)('%s before %s: %s', (first, second, _why) => {
  expect(restoreWave[first]).toBeLessThan(restoreWave[second]);
});
