import { createRecords } from '../../../adapters/storage/records';
import type { NewCallback, ToldPhase } from '../../../domain/callbacks';
import { noAccess } from '../../../domain/grants';
import type { Records } from '../../../domain/ports';
import { startAzurite, type Azurite } from '../../support/azurite';
import { createMemoryRecords } from '../../support/memoryRecords';
import { clientsOf } from './storageSupport';

/*
 * The same guarantees, for the tables (in the emulator) and for the records in memory that other tests rely on.
 */

const NOW = '2026-03-01T08:00:00.000Z';
const LATER = '2026-03-01T08:03:00.000Z';
const now = () => new Date(NOW);

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
}, 90_000);
afterAll(() => azurite.stop());

const happened = (migrationId: string, phase: ToldPhase, at = NOW): NewCallback => ({
  migrationId,
  phase,
  at,
  data: { status: 'Running', outcome: null, access: { ...noAccess, captured: 7 }, error: null },
});

describe.each<[string, () => Records]>([
  ['in tables', () => createRecords(clientsOf(azurite.connectionString), { now })],
  ['in memory', () => createMemoryRecords(now)],
])('the outbox %s', (name, create) => {
  let records: Records;
  let id: string;
  let count = 0;
  beforeEach(() => {
    records = create();
    count += 1;
    id = `m-${name === 'in tables' ? 't' : 'm'}-${count}`;
  });
  const queued = async () => (await records.dueCallbacks(LATER, 1000)).filter(({ migrationId }) => migrationId === id);
  const lease = async (until = LATER) => {
    const [first] = await queued();
    return first && records.leaseCallbacks(first, until);
  };

  test('an event comes back as it happened, and is stored once however often it is put', async () => {
    await records.putCallback(happened(id, 'capturing'));
    await records.putCallback({
      ...happened(id, 'capturing', LATER),
      data: { ...happened(id, 'capturing').data, status: 'Failed' },
    });
    expect(await records.readCallbacks(id)).toEqual([
      { ...happened(id, 'capturing'), sequence: 0, state: 'pending', attempts: 0, firstTriedAt: null, problem: '' },
    ]);
    expect(await queued()).toMatchObject([{ migrationId: id, dueAt: NOW }]);
  });

  test('events of invitations stand beside that of their phase, each under its own reason and number', async () => {
    const data = happened(id, 'awaitingRedemption').data;
    const told = (why: 'reminder' | 'resend', number: number): NewCallback => ({
      ...happened(id, 'awaitingRedemption'),
      data: { ...data, invitation: { why, number, account: 'personal' } },
    });
    const events = [happened(id, 'awaitingRedemption'), told('reminder', 1), told('reminder', 2), told('resend', 1)];
    for (const event of [...events, ...events]) await records.putCallback(event);
    const stored = await records.readCallbacks(id);
    expect(stored.map(({ phase, at, data: tells, migrationId }) => ({ migrationId, phase, at, data: tells }))).toEqual(
      events,
    );
    const [, first] = stored;
    if (first === undefined) throw new Error('There is no event.');
    await records.saveCallback({ ...first, state: 'delivered' });
    expect((await records.readCallbacks(id)).map(({ state }) => state)).toEqual([
      'pending',
      'delivered',
      'pending',
      'pending',
    ]);
  });

  test('events are read in the order in which they happened, not by name', async () => {
    for (const phase of ['deleting', 'purging', 'inviting', 'awaitingRedemption', 'restoring', 'ended'] as const) {
      await records.putCallback(happened(id, phase));
    }
    await records.putCallback(happened(id, 'deleting', LATER));
    const phases = (await records.readCallbacks(id)).map(({ phase }) => phase);
    expect(phases).toEqual(['deleting', 'purging', 'inviting', 'awaitingRedemption', 'restoring', 'ended']);
  });

  test('racing writers of one event store one', async () => {
    await Promise.all(Array.from({ length: 5 }, () => records.putCallback(happened(id, 'ended'))));
    expect(await records.readCallbacks(id)).toHaveLength(1);
    expect(await queued()).toHaveLength(1);
  });

  test('what was delivered or is dead stays so', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const [event] = await records.readCallbacks(id);
    if (event === undefined) throw new Error('There is no event.');
    const failed = { ...event, attempts: 1, firstTriedAt: NOW, problem: 'status-500' };
    await records.saveCallback(failed);
    expect(await records.readCallbacks(id)).toEqual([failed]);
    const delivered = { ...failed, state: 'delivered' as const, attempts: 2, problem: '' };
    await records.saveCallback(delivered);
    await records.saveCallback({ ...failed, attempts: 3 });
    await records.putCallback(happened(id, 'capturing'));
    expect(await records.readCallbacks(id)).toEqual([delivered]);
  });

  test('of racing deliverers one gets the lease', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const [first] = await queued();
    if (first === undefined) throw new Error('Nothing is queued.');
    const leases = await Promise.all(Array.from({ length: 5 }, () => records.leaseCallbacks(first, LATER)));
    expect(leases.filter((each) => each !== undefined)).toHaveLength(1);
    const due = (await records.dueCallbacks(NOW, 1000)).map(({ migrationId }) => migrationId);
    expect(due).not.toContain(id);
  });

  test('a lease that ran out can be taken by another, and its first holder ends nothing any more', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const first = await lease();
    const second = await lease('2026-03-01T08:06:00.000Z');
    if (first === undefined || second === undefined) throw new Error('A lease is missing.');
    await records.returnCallbacks(first, undefined);
    const due = await records.dueCallbacks('2026-03-01T08:06:00.000Z', 1000);
    expect(due.filter(({ migrationId }) => migrationId === id)).toEqual([second]);
  });

  test('a migration leaves the queue when its events are settled', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const held = await lease();
    if (held === undefined) throw new Error('The lease is missing.');
    await records.returnCallbacks(held, undefined);
    expect(await queued()).toEqual([]);
    await records.returnCallbacks(held, LATER);
    expect(await queued()).toEqual([]);
    await records.putCallback(happened(id, 'ended'));
    expect(await queued()).toHaveLength(1);
  });

  test('an event that is added while somebody delivers is not forgotten, and does not break the lease', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const held = await lease();
    if (held === undefined) throw new Error('The lease is missing.');
    await records.putCallback(happened(id, 'ended'));
    const due = (await records.dueCallbacks(NOW, 1000)).map(({ migrationId }) => migrationId);
    expect(due).not.toContain(id);
    await records.returnCallbacks(held, undefined);
    expect(await queued()).toMatchObject([{ dueAt: NOW }]);
  });

  test('an event that is added during a pause waits for its end', async () => {
    await records.putCallback(happened(id, 'capturing'));
    const held = await lease();
    if (held === undefined) throw new Error('The lease is missing.');
    await records.returnCallbacks(held, LATER);
    await records.putCallback(happened(id, 'ended'));
    expect(await queued()).toMatchObject([{ dueAt: LATER }]);
  });

  test('the longest due come first, and no more than asked for', async () => {
    const ids = [`${id}-c`, `${id}-a`, `${id}-b`];
    for (const [n, each] of ids.entries())
      await records.putCallback(happened(each, 'ended', `2020-01-0${n + 1}T00:00:00.000Z`));
    const due = await records.dueCallbacks('2020-01-31T00:00:00.000Z', 1000);
    const mine = due.map(({ migrationId }) => migrationId).filter((each) => ids.includes(each));
    expect(mine).toEqual(ids);
    expect(await records.dueCallbacks(LATER, 2)).toHaveLength(2);
  });
});

test('a stored event with a column that is not known is refused', async () => {
  const clients = clientsOf(azurite.connectionString);
  const records = createRecords(clients, { now });
  await records.putCallback(happened('m-foreign', 'ended'));
  await clients.tables.callbacks.updateEntity({ partitionKey: 'm-foreign', rowKey: 'ended', surprise: 'x' }, 'Merge');
  await expect(records.readCallbacks('m-foreign')).rejects.toMatchObject({ code: 'unreadable-row' });
});
