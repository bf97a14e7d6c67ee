import { playInterleaving, type Played } from '../support/interleaving';

/*
 * Everybody acts at the worst moment: between any two calls of the app to the outside somebody else has a turn. Which
 * one, the seed decides: `INTERLEAVING_SEED=17 jest tests/endings/interleavings.test.ts` plays one again, and says what
 * was done.
 */

const FIRST_SEED = Number(process.env['FIRST_SEED'] ?? 1);
const INTERLEAVINGS = 300;
const only = process.env['INTERLEAVING_SEED']?.split(',');
const seeds =
  only === undefined ? Array.from({ length: INTERLEAVINGS }, (_, index) => FIRST_SEED + index) : only.map(Number);

it('whatever the order of events, every invariant holds', async () => {
  const played: Played[] = [];
  // The first one in a process fills caches, which moves what comes after: a seed alone must play as it does among others.
  await playInterleaving(0);
  for (const seed of seeds) played.push(await playInterleaving(seed));
  const outcomes: Record<string, number> = {};
  for (const outcome of played.flatMap((each) => each.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const failing = played.filter(({ broken }) => broken.length > 0);
  process.stdout.write(
    `${played.length} interleavings from seed ${seeds[0] ?? ''}: ${JSON.stringify(outcomes)}; broken: ` +
      `${failing.map(({ seed }) => seed).join(' ') || 'none'}\n`,
  );
  if (only !== undefined) process.stdout.write(`${played.flatMap(({ moves }) => moves).join('\n')}\n`);
  expect(failing.map(({ seed, broken, moves }) => ({ seed, broken, moves }))).toEqual([]);
}, 600_000);
