import { createWorld, MIGRATION_ID, type ActivityWorld } from '../../support/activityWorld';

function claim(world: ActivityWorld) {
  return world.run('claimPurge', { migrationId: MIGRATION_ID });
}

/** What POST /cancel does with the row: it asks, unless the purge is claimed. True when the cancel was accepted. */
async function cancel({ records, deps }: ActivityWorld): Promise<boolean> {
  const row = await records.decideOnMigration(MIGRATION_ID, (record) =>
    record.purgeClaimedAt === null ? { cancelRequestedAt: deps.clock.now().toISOString() } : undefined,
  );
  return row?.cancelRequestedAt !== null && row?.purgeClaimedAt === null;
}

/** Lets the others run `turns` times. */
async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

it('a claimed purge stays claimed, at its first time', async () => {
  const world = await createWorld();
  expect(await claim(world)).toEqual({ ok: true, value: { claimed: true } });
  const at = world.row().purgeClaimedAt;
  world.advanceSeconds(60);
  expect(await claim(world)).toEqual({ ok: true, value: { claimed: true } });
  expect(world.row().purgeClaimedAt).toBe(at);
});

it('a cancel that came first wins, and the purge is never claimed', async () => {
  const world = await createWorld();
  expect(await cancel(world)).toBe(true);
  expect(await claim(world)).toEqual({ ok: true, value: { claimed: false } });
  expect(world.row().purgeClaimedAt).toBeNull();
});

it('of a cancel and a claim at the same time exactly one wins: 100 interleavings', async () => {
  const winners = new Set<string>();
  for (let round = 0; round < 100; round += 1) {
    const world = await createWorld();
    // Delays of 0 to 9 turns on either side make every overlap of the two reads and writes.
    const [claimed, cancelled] = await Promise.all([
      wait(round % 10).then(() => claim(world)),
      wait(Math.floor(round / 10)).then(() => cancel(world)),
    ]);
    const { purgeClaimedAt, cancelRequestedAt } = world.row();
    expect(claimed).toEqual({ ok: true, value: { claimed: !cancelled } });
    expect(purgeClaimedAt === null).toBe(cancelled);
    expect(cancelRequestedAt === null).toBe(!cancelled);
    winners.add(cancelled ? 'cancel' : 'claim');
  }
  expect(winners.size).toBe(2);
});
