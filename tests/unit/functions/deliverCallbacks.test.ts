import { signatureOf } from '../../../adapters/callbacks';
import { type ToldPhase } from '../../../domain/callbacks';
import { noAccess } from '../../../domain/grants';
import { deliverCallbacks } from '../../../functions/deliverCallbacks';
import { CALLBACK_SECRET, startReceiver, type Receiver } from '../../support/callbackReceiver';
import { createTestApp, recordWith, type TestApp } from '../../support/testApp';

const MINUTE = 60_000;

let receiver: Receiver;
let app: TestApp;
beforeEach(async () => {
  receiver = await startReceiver();
  app = createTestApp();
  app.services.callbacks = receiver.sender(app.services.clock, { timeoutMs: 2000 });
});
afterEach(() => receiver.stop());

const tick = () => deliverCallbacks(app.services);
const delivered = () => receiver.deliveries.map(({ event }) => event.id);
const stateOf = (id: string, phase: ToldPhase) => app.records.callbacks.get(`${id}/${phase}`);
const lines = (event: string) => app.logLines.filter((line) => line.includes(`"${event}"`));

/** Stores a migration whose caller wants to be told, and events of it. */
async function migrationWith(id: string, phases: readonly ToldPhase[]): Promise<void> {
  const { request } = recordWith({ id });
  await app.records.createMigration(recordWith({ id, request: { ...request, callbackUrl: receiver.url } }));
  for (const phase of phases) await happen(id, phase);
}

async function happen(id: string, phase: ToldPhase): Promise<void> {
  const data = { status: 'Running', outcome: null, access: noAccess, error: null } as const;
  await app.records.putCallback({ migrationId: id, phase, at: app.services.clock.now().toISOString(), data });
}

/** Ticks every minute for a while. */
async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute += 1) {
    app.advance(MINUTE);
    await tick();
  }
}

it('delivers what is due, in order, once, and then there is nothing left to look at', async () => {
  await migrationWith('a', ['capturing', 'deleting', 'ended']);
  await tick();
  await tick();
  expect(delivered()).toEqual(['a_capturing', 'a_deleting', 'a_ended']);
  expect(receiver.deliveries[0]?.event).toMatchObject({
    source: 'https://switch.example/api/migrations',
    subject: 'a',
  });
  expect(app.records.callbackQueue.size).toBe(0);
  expect(lines('callback-delivered')).toHaveLength(3);
});

it('an answer that was lost: sent again with the same id and body, and a signature of its own time', async () => {
  await migrationWith('a', ['capturing']);
  receiver.replies.push('hangUp');
  await tick();
  await tick();
  expect(delivered()).toEqual(['a_capturing']);
  await minutes(1);
  const [first, second] = receiver.deliveries;
  expect(second?.body).toBe(first?.body);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  const times = receiver.deliveries.map(({ headers }) => String(headers['webhook-timestamp']));
  expect(Number(times[1]) - Number(times[0])).toBe(60);
  for (const [n, { headers, body }] of receiver.deliveries.entries()) {
    expect(headers['webhook-signature']).toBe(signatureOf(CALLBACK_SECRET, 'a_capturing', times[n] ?? '', body));
  }
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'delivered', attempts: 2, problem: '' });
});

it('an event waits for the one before it, and other migrations do not wait with it', async () => {
  await migrationWith('a', ['capturing', 'deleting']);
  await migrationWith('b', ['capturing']);
  receiver.replies.push((response) => response.writeHead(500).end());
  app.services.callbacks = receiver.sender(app.services.clock);
  await tick();
  const [failing = '', ...others] = [...new Set(delivered().map((id) => id.slice(0, 1)))];
  expect(delivered().filter((id) => id.startsWith(failing))).toHaveLength(1);
  expect(others).toHaveLength(1);
  await minutes(1);
  const ofA = delivered().filter((id, place) => id.startsWith('a') && delivered().lastIndexOf(id) === place);
  expect(ofA).toEqual(['a_capturing', 'a_deleting']);
});

it('a receiver that is slow, redirects or fails is tried again a minute later', async () => {
  await migrationWith('a', ['capturing']);
  app.services.callbacks = receiver.sender(app.services.clock, { timeoutMs: 200 });
  receiver.replies.push('silence', 302, 503);
  await tick();
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'pending', attempts: 1, problem: 'timeout' });
  await minutes(1);
  expect(stateOf('a', 'capturing')).toMatchObject({ attempts: 2, problem: 'status-302' });
  await minutes(1);
  expect(stateOf('a', 'capturing')).toMatchObject({ attempts: 2 });
  await minutes(1);
  expect(stateOf('a', 'capturing')).toMatchObject({ attempts: 3, problem: 'status-503' });
  await minutes(4);
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'delivered', attempts: 4 });
});

it('dead after twelve attempts: logged with ids and host, those after it go on, the migration is as it was', async () => {
  await migrationWith('a', ['capturing', 'ended']);
  const row = structuredClone(app.records.migrations.get('a'));
  receiver.replies.push(...Array.from({ length: 12 }, () => 500));
  await tick();
  await minutes(21 * 60);
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'dead', attempts: 12, problem: 'status-500' });
  expect(delivered().filter((id) => id === 'a_capturing')).toHaveLength(12);
  expect(delivered().at(-1)).toBe('a_ended');
  expect(lines('callback-dead').map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: 'warn',
      event: 'callback-dead',
      migrationId: 'a',
      eventId: 'a_capturing',
      host: 'localhost',
      attempts: 12,
      problem: 'status-500',
    },
  ]);
  expect(app.records.migrations.get('a')).toEqual(row);
  expect(app.records.callbackQueue.size).toBe(0);
});

it('410 Gone: dead at once, and nothing more of the migration is sent, later events included', async () => {
  await migrationWith('a', ['capturing', 'deleting']);
  receiver.replies.push(410);
  await tick();
  await happen('a', 'ended');
  await minutes(2);
  expect(delivered()).toEqual(['a_capturing']);
  for (const phase of ['capturing', 'deleting', 'ended'] as const) expect(stateOf('a', phase)?.state).toBe('dead');
  expect(lines('callback-dead')).toHaveLength(3);
});

it('two timers at once send each event once', async () => {
  for (const id of ['a', 'b', 'c']) await migrationWith(id, ['capturing', 'ended']);
  await Promise.all([tick(), tick(), tick()]);
  expect(delivered().sort()).toEqual(['a_capturing', 'a_ended', 'b_capturing', 'b_ended', 'c_capturing', 'c_ended']);
});

it('an event that happens during a delivery is delivered by the next tick', async () => {
  await migrationWith('a', ['capturing']);
  receiver.replies.push((response) => void happen('a', 'deleting').then(() => response.writeHead(204).end()));
  await tick();
  expect(delivered()).toEqual(['a_capturing']);
  await tick();
  expect(delivered()).toEqual(['a_capturing', 'a_deleting']);
});

it('a run that dies after sending: the event is sent again under its id when the lease has run out', async () => {
  await migrationWith('a', ['capturing']);
  app.records.before = (operation) => {
    if (operation === 'saveCallback') throw new Error('the process dies');
  };
  await expect(tick()).rejects.toThrow('dies');
  app.records.before = () => undefined;
  await minutes(2);
  expect(delivered()).toEqual(['a_capturing']);
  await minutes(1);
  expect(delivered()).toEqual(['a_capturing', 'a_capturing']);
  expect(stateOf('a', 'capturing')?.state).toBe('delivered');
});

it('one migration that cannot be worked on does not stop the others', async () => {
  await migrationWith('a', ['capturing']);
  await migrationWith('b', ['capturing']);
  let first = true;
  app.records.before = (operation) => {
    if (operation !== 'readMigration' || !first) return;
    first = false;
    throw new Error('unreadable');
  };
  await expect(tick()).rejects.toThrow('unreadable');
  expect(delivered()).toHaveLength(1);
});

it('one run takes a bounded number of migrations, the longest due first', async () => {
  const ids = Array.from({ length: 130 }, (_, n) => `m-${String(n).padStart(3, '0')}`);
  for (const id of [...ids].reverse()) {
    await migrationWith(id, ['ended']);
    app.advance(1);
  }
  await tick();
  expect(delivered().sort()).toEqual(ids.slice(30).map((id) => `${id}_ended`));
  await tick();
  expect(delivered()).toHaveLength(130);
});

it('a host that was taken off the list is not called any more', async () => {
  await migrationWith('a', ['capturing']);
  app.services.callbacks = receiver.sender(app.services.clock, { hosts: ['other.example'] });
  await tick();
  expect(delivered()).toEqual([]);
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'pending', problem: 'address-not-allowed' });
});

it('the events of a migration whose row was deleted are dead', async () => {
  await migrationWith('a', ['capturing']);
  app.records.migrations.delete('a');
  await tick();
  expect(stateOf('a', 'capturing')).toMatchObject({ state: 'dead', problem: 'no-receiver' });
});

it('neither address nor secret is ever logged', async () => {
  await migrationWith('a', ['capturing', 'deleting']);
  receiver.replies.push(500, 204, 410);
  await tick();
  await minutes(3);
  const log = app.logLines.join('\n');
  expect(log).toContain('"localhost"');
  expect(log).toContain('a_capturing');
  expect(log).not.toMatch(/of-the-caller|hook\?|https:/);
  expect(log).not.toContain(CALLBACK_SECRET);
});
