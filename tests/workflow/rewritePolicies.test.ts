import { broken, closeRuns, done, NEW_ID, notNow, SNAPSHOT_HASH, startRun, type Script } from '../support/scriptedRun';

afterEach(closeRuns);

const switchedOn = { rewriteConditionalAccess: true };
const notYet = done({ retry: true, afterSeconds: 0 });
const settled = done({ retry: false, afterSeconds: 0 });

/** A run where the rewrite is switched on, to its end. */
async function finished(rewriteConditionalAccess: Script['rewriteConditionalAccess']) {
  const run = await startRun({ rewriteConditionalAccess }, switchedOn);
  expect(await run.finish()).toEqual({ outcome: 'completed' });
  return run;
}

it('policies are rewritten after the invitation and before anybody waits for the guest', async () => {
  const run = await finished(() => settled);
  const story = run.story();
  const place = story.indexOf('rewriteConditionalAccess');
  expect(story.slice(place - 1, place + 2)).toEqual([
    'inviteGuest',
    'rewriteConditionalAccess',
    'phase:awaitingRedemption',
  ]);
  expect(run.of('rewriteConditionalAccess').map(({ input }) => input)).toEqual([
    { migrationId: run.calls[0]?.input.migrationId, newId: NEW_ID, snapshotHash: SNAPSHOT_HASH },
  ]);
});

it.each([{ rewriteConditionalAccess: false }, {}])('a run that says %j asks for no rewrite', async (input) => {
  const run = await startRun({}, input);
  expect(await run.finish()).toEqual({ outcome: 'completed' });
  expect(run.of('rewriteConditionalAccess')).toEqual([]);
});

it('what is not done yet is tried again, at growing distances, for two minutes; then the run goes on', async () => {
  const run = await finished(() => notYet);
  const tries = run.of('rewriteConditionalAccess').map(({ atMs }) => atMs / 1000);
  const gaps = tries.slice(1).map((at, place) => at - (tries[place] ?? 0));
  expect(gaps).toEqual([2, 4, 8, 16, 30, 60]);
  expect(run.of('restoreGrants').length).toBeGreaterThan(0);
});

it('a try that succeeds is the last, and a wait that was asked for is kept', async () => {
  const run = await finished((_input, nth) => (nth < 3 ? done({ retry: true, afterSeconds: 20 }) : settled));
  const tries = run.of('rewriteConditionalAccess').map(({ atMs }) => atMs / 1000);
  expect(tries.map((at) => at - (tries[0] ?? 0))).toEqual([0, 20, 40]);
});

it.each<[string, Script['rewriteConditionalAccess']]>([
  ['fails for good', () => broken('snapshot-unverified')],
  ['asks for hours', () => notNow(7200)],
  [
    'keeps on throwing',
    () => {
      throw new Error('storage answered 503');
    },
  ],
])('a rewrite that %s keeps nobody from the invitation: the run goes on within minutes', async (_what, rewrite) => {
  const run = await finished(rewrite);
  const [first] = run.of('rewriteConditionalAccess');
  const [next] = run.of('readRedemption');
  expect((next?.atMs ?? Infinity) - (first?.atMs ?? 0)).toBeLessThan(3 * 60_000);
});
