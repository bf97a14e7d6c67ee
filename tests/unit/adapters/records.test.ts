import { createRecords } from '../../../adapters/storage/records';
import type { StorageClients } from '../../../adapters/storage/clients';
import type { Records } from '../../../domain/ports';
import { startAzurite, type Azurite } from '../../support/azurite';
import { clientsOf, guestId, recordAt, startSilentServer } from './storageSupport';

const at = '2026-01-02T03:04:05.678Z';
const clock = { now: () => new Date('2026-02-03T04:05:06.789Z') };

let azurite: Azurite;
let clients: StorageClients;
let records: Records;

beforeAll(async () => {
  azurite = await startAzurite();
  clients = clientsOf(azurite.connectionString);
  records = createRecords(clients, clock);
}, 90_000);
afterAll(() => azurite.stop());

test('a fresh account gets its tables with the first call, also when many come at once', async () => {
  const others = [1, 2, 3].map(() => createRecords(clientsOf(azurite.connectionString), clock));
  await expect(Promise.all(others.map((each) => each.readControl('nothing')))).resolves.toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

describe('migrations', () => {
  test('a record comes back as it was, nulls included', async () => {
    const record = recordAt('2026-01-01T00:00:00.000Z');
    await expect(records.createMigration(record)).resolves.toBe(true);
    await expect(records.readMigration(record.id)).resolves.toEqual(record);
    await expect(records.createMigration({ ...record, startedBy: 'another' })).resolves.toBe(false);
    await expect(records.readMigration(record.id)).resolves.toEqual(record);
  });

  test('an update merges, sets the time, and can set a field back to null', async () => {
    const record = recordAt('2026-01-01T00:00:01.000Z');
    await records.createMigration(record);
    const comparison = { equal: 1, missing: [{ kind: 'profile' as const, key: 'a', name: 'ä' }], extra: [] };
    const approval = { decision: 'approved' as const, by: 'Ölga', comment: '', at: '2026-01-01T01:00:00.000Z' };
    const change = { verdict: 'work' as const, comparison, approval, approvalHours: 72 };
    await records.updateMigration(record.id, change);
    const changed = { ...record, ...change, updatedAt: clock.now().toISOString() };
    await expect(records.readMigration(record.id)).resolves.toEqual(changed);
    await records.updateMigration(record.id, { verdict: null, comparison: null });
    await expect(records.readMigration(record.id)).resolves.toEqual({ ...changed, verdict: null, comparison: null });
  });

  test('a long comparison is kept whole, and a shorter one after it leaves nothing of it', async () => {
    const record = recordAt('2026-01-01T00:00:02.000Z');
    await records.createMigration(record);
    const long = Array.from({ length: 1500 }, (_, n) => ({
      kind: 'groupMembership' as const,
      key: `${guestId}-${n}`,
      name: `Gruppe 🙂🙂🙂 ${n}`,
    }));
    for (const missing of [long, long.slice(0, 3)]) {
      const comparison = { equal: 0, missing, extra: [] };
      await records.updateMigration(record.id, { comparison });
      expect((await records.readMigration(record.id))?.comparison).toEqual(comparison);
    }
  });

  test('what does not fit is refused with a code that no retry follows', async () => {
    const record = recordAt('2026-01-01T00:00:03.000Z');
    await records.createMigration(record);
    await expect(records.updateMigration(record.id, { startedBy: 'x'.repeat(32_769) })).rejects.toMatchObject({
      service: 'storage',
      status: 413,
      code: 'column-too-large',
    });
  });

  test('a row that is absent or has a column that is not known', async () => {
    await expect(records.readMigration('absent')).resolves.toBeUndefined();
    await expect(records.decideOnMigration('absent', () => ({}))).resolves.toBeUndefined();
    await expect(records.updateMigration('absent', {})).rejects.toMatchObject({ service: 'storage', status: 404 });
    const record = recordAt('2026-01-01T00:00:04.000Z');
    await records.createMigration(record);
    const foreign = { partitionKey: 'migration', rowKey: record.id, surprise: 'x' };
    await clients.tables.migrations.updateEntity(foreign, 'Merge');
    await expect(records.readMigration(record.id)).rejects.toMatchObject({ code: 'unreadable-row' });
    await clients.tables.migrations.deleteEntity('migration', record.id);
  });

  test('of racing deciders each sees what the one before wrote', async () => {
    const record = recordAt('2026-01-01T00:00:05.000Z');
    await records.createMigration(record);
    const winners: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const claimed = `2026-01-02T03:04:05.00${n}Z`;
        const seen = await records.decideOnMigration(record.id, ({ purgeClaimedAt }) =>
          purgeClaimedAt === null ? { purgeClaimedAt: claimed } : undefined,
        );
        if (seen?.purgeClaimedAt === claimed) winners.push(n);
      }),
    );
    expect(winners).toHaveLength(1);
    const counted = await Promise.all(
      Array.from({ length: 5 }, () =>
        records.decideOnMigration(record.id, ({ progress }) => ({
          progress: { ...progress, done: progress.done + 1 },
        })),
      ),
    );
    expect(counted.map((each) => each?.progress.done).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('the list is newest first, in pages, and filtered by status', async () => {
    const own = createRecords(clientsOf(azurite.connectionString), clock);
    const days = ['01', '02', '03', '04', '05'];
    const five = days.map((day) => recordAt(`2027-03-${day}T00:00:00.000Z`, { status: 'Canceled' }));
    const running = recordAt('2027-03-06T00:00:00.000Z', { status: 'Running' });
    for (const record of [...five, running]) await own.createMigration(record);
    const newest = [...five].reverse().map(({ id }) => id);
    const first = await own.listMigrations({ status: 'Canceled', top: 2 });
    expect([first.records.map(({ id }) => id), first.more]).toEqual([newest.slice(0, 2), true]);
    const second = await own.listMigrations({ status: 'Canceled', top: 2, after: newest[1] ?? '' });
    expect([second.records.map(({ id }) => id), second.more]).toEqual([newest.slice(2, 4), true]);
    const last = await own.listMigrations({ status: 'Canceled', top: 2, after: newest[3] ?? '' });
    expect([last.records.map(({ id }) => id), last.more]).toEqual([newest.slice(4), false]);
    expect((await own.listMigrations({ top: 1 })).records[0]?.id).toBe(running.id);
    await expect(own.listMigrations({ status: "x' or '1' eq '1", top: 5 })).resolves.toEqual({
      records: [],
      more: false,
    });
  });
});

describe('locks', () => {
  test('of twenty racing starters one gets the guest, and all learn which', async () => {
    const racers = Array.from({ length: 20 }, (_, n) => `m-${n}`);
    const held = await Promise.all(
      racers.map((migrationId) => records.lockGuest({ guestId, migrationId, lockedAt: at })),
    );
    const [winner] = held;
    expect(new Set(held.map(({ migrationId }) => migrationId)).size).toBe(1);
    expect(racers).toContain(winner?.migrationId);
    await expect(records.readLock(guestId)).resolves.toEqual(winner);
    await expect(records.listLocks()).resolves.toEqual([winner]);
  });

  test('a dead lock is replaced once, and only by who read it', async () => {
    const id = '22222222-2222-4333-8444-555555555555';
    const dead = { guestId: id, migrationId: 'dead', lockedAt: at };
    await records.lockGuest(dead);
    const stranger = { ...dead, lockedAt: '2026-01-02T03:04:05.679Z' };
    await expect(records.replaceLock(stranger, { ...dead, migrationId: 'late' })).resolves.toBe(false);
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, n) => records.replaceLock(dead, { ...dead, migrationId: `new-${n}` })),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect((await records.readLock(id))?.migrationId).toBe(`new-${taken.indexOf(true)}`);
    const absent = { ...dead, guestId: '33333333-2222-4333-8444-555555555555' };
    await expect(records.replaceLock(absent, absent)).resolves.toBe(false);
  });

  test('only the holder releases a guest, and twice is harmless', async () => {
    const id = '44444444-2222-4333-8444-555555555555';
    await records.lockGuest({ guestId: id, migrationId: 'holder', lockedAt: at });
    await records.releaseGuest(id, 'other');
    await expect(records.readLock(id)).resolves.toMatchObject({ migrationId: 'holder' });
    await records.releaseGuest(id, 'holder');
    await records.releaseGuest(id, 'holder');
    await expect(records.readLock(id)).resolves.toBeUndefined();
  });
});

describe('the small tables', () => {
  test('grant results: more than one transaction, the last result counts, in order', async () => {
    const first = Array.from({ length: 230 }, (_, index) => ({ index, result: 'failed' as const, detail: 'x' }));
    await records.saveGrantResults('m-results', [...first, { index: 7, result: 'manual', detail: 'y' }]);
    await records.saveGrantResults('m-results', [{ index: 229, result: 'restored', detail: '' }]);
    await records.saveGrantResults('m-results-2', []);
    const read = await records.readGrantResults('m-results');
    expect(read.map(({ index }) => index)).toEqual(first.map(({ index }) => index));
    expect(read[7]).toEqual({ index: 7, result: 'manual', detail: 'y' });
    expect(read[229]).toEqual({ index: 229, result: 'restored', detail: '' });
    await expect(records.readGrantResults('m-results-2')).resolves.toEqual([]);
  });

  test('an idempotency key stays with its first migration', async () => {
    const binding = { keyHash: 'ab'.repeat(32), migrationId: 'first', bodyHash: '12'.repeat(32) };
    await expect(records.bindKey(binding)).resolves.toEqual(binding);
    await expect(records.bindKey({ ...binding, migrationId: 'second' })).resolves.toEqual(binding);
  });

  test('controls are written over', async () => {
    await records.writeControl('breaker', 'open');
    await records.writeControl('breaker', 'closed');
    await expect(records.readControl('breaker')).resolves.toBe('closed');
  });

  test('audit entries of one moment are all kept, in the order of time', async () => {
    const entry = { migrationId: 'm-audit', by: 'app', action: 'purge', targetId: guestId, detail: '' };
    const later = '2026-01-02T03:04:06.000Z';
    await records.audit({ ...entry, at: later, stage: 'after' });
    await records.audit({ ...entry, at, stage: 'before' });
    await records.audit({ ...entry, at, stage: 'before' });
    const stages: unknown[] = [];
    const filter = "PartitionKey eq 'm-audit'";
    for await (const row of clients.tables.auditLog.listEntities({ queryOptions: { filter } }))
      stages.push(row['stage']);
    expect(stages).toEqual(['before', 'before', 'after']);
  });
});

test('a silent store and a refused connection are ServiceErrors with status 0', async () => {
  const silent = await startSilentServer();
  const fails = createRecords(clientsOf(silent.connectionString, 0.2), clock);
  await expect(fails.readMigration('any')).rejects.toMatchObject({ service: 'storage', status: 0, code: 'timeout' });
  await silent.stop();
  await expect(fails.readMigration('any')).rejects.toMatchObject({ service: 'storage', status: 0 });
});
