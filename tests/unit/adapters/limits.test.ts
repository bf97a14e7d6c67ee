import { closeBreaker, openBreaker, readBreaker, takeTry } from '../../../activities/inviteBreaker';
import { createRecords } from '../../../adapters/storage/records';
import type { Records } from '../../../domain/ports';
import { startAzurite, type Azurite } from '../../support/azurite';
import { deletionRace } from '../../support/deletionRace';
import { clientsOf, recordAt } from './storageSupport';

const clock = { now: () => new Date('2026-02-03T04:05:06.789Z') };

let azurite: Azurite;
let records: Records;

beforeAll(async () => {
  azurite = await startAzurite();
  records = createRecords(clientsOf(azurite.connectionString), clock);
}, 90_000);
afterAll(() => azurite.stop());

describe('the budget of deletions in the real table', () => {
  test('of ten starters with a budget of three exactly three delete', async () => {
    const race = await deletionRace(10, 3, (now) => createRecords(clientsOf(azurite.connectionString), { now }));
    const outcomes = await Promise.all(race.ids.map((id) => race.run(id)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(3);
    expect(race.deleted()).toBe(3);
    expect(await race.deps.records.deletionsOn('2026-03-01')).toBe(3);
  });

  test('of thirty that ask at once as many get one as there are, counted exactly', async () => {
    const day = '2026-05-01';
    const asked = Array.from({ length: 30 }, (_, n) =>
      records.reserveDeletion({ day, migrationId: `many-${n}`, limit: 7 }),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter(({ granted }) => granted)).toHaveLength(7);
    expect(await records.deletionsOn(day)).toBe(7);
  });

  test('a migration has one, however often and on whatever day it asks', async () => {
    const ask = (day: string) => records.reserveDeletion({ day, migrationId: 'again', limit: 1 });
    const together = await Promise.all([ask('2026-05-02'), ask('2026-05-02'), ask('2026-05-02')]);
    expect(together.every(({ granted }) => granted)).toBe(true);
    expect(await ask('2026-05-03')).toEqual({ granted: true, used: 0 });
    expect([await records.deletionsOn('2026-05-02'), await records.deletionsOn('2026-05-03')]).toEqual([1, 0]);
    const other = await records.reserveDeletion({ day: '2026-05-02', migrationId: 'other', limit: 1 });
    expect(other).toEqual({ granted: false, used: 1 });
  });
});

describe('the breaker in the real table', () => {
  const now = clock.now();
  const later = new Date(now.getTime() + 20 * 60_000);
  const many = <T>(act: (n: number) => Promise<T>) => Promise.all(Array.from({ length: 8 }, (_, n) => act(n)));

  test('of many who open, try and close it at once each counts once', async () => {
    const opened = await many((n) => openBreaker(records, { migrationId: `m-${n}`, now }));
    expect(opened.filter((one) => one.opened)).toHaveLength(1);
    const tries = await many(() => takeTry(records, later));
    expect(tries.filter(Boolean)).toHaveLength(1);
    const closed = await many((n) => closeBreaker(records, { by: `operator ${n}`, now: later }));
    expect(closed.filter((one) => one.closed)).toHaveLength(1);
    expect(await readBreaker(records)).toMatchObject({ openedAt: now.toISOString(), closedAt: later.toISOString() });
  });
});

test('a change that names the time of the last change keeps it', async () => {
  const record = recordAt('2026-01-01T00:00:00.000Z');
  await records.createMigration(record);
  const { updatedAt } = record;
  const mark = { stuckAlertedAt: clock.now().toISOString() };
  const decided = await records.decideOnMigration(record.id, () => ({ ...mark, updatedAt }));
  expect(decided).toEqual({ ...record, ...mark });
  await expect(records.readMigration(record.id)).resolves.toEqual({ ...record, ...mark });
});
