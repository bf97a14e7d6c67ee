import { deliverCallbacks } from '../../functions/deliverCallbacks';
import { guests } from '../../local/tenant/seed/ids';
import type { Log } from '../../domain/ports';
import { startReceiver, type Receiver } from '../support/callbackReceiver';
import { switchInProcess, type Switched } from '../support/switchInProcess';

const SOURCE = 'https://switch.example';
let receiver: Receiver;
let run: Switched;
const logLines: string[] = [];

beforeAll(async () => {
  receiver = await startReceiver();
  run = await switchInProcess({ guestId: guests.mara, callbackUrl: receiver.url });
  const write: Log['info'] = (event, fields) => void logLines.push(JSON.stringify({ event, ...fields }));
  const { records, clock } = run.deps;
  const services = {
    records,
    clock,
    callbacks: receiver.sender(clock),
    log: { info: write, warn: write },
    settings: { baseUrl: SOURCE, notificationSecret: 'a secret of more than sixteen characters' },
  };
  // The first event fails once: what follows has to wait for it.
  receiver.replies.push(500);
  await deliverCallbacks(services);
  const later = { now: () => new Date(clock.now().getTime() + 60_000) };
  await deliverCallbacks({ ...services, clock: later });
});
afterAll(async () => {
  await run.close();
  await receiver.stop();
});

it('the events of a whole switch arrive in order, the end last, each once but for the one that failed', () => {
  expect(run.record.phase).toBe('ended');
  expect(receiver.deliveries.map(({ event }) => event.data.phase)).toEqual([
    'capturing',
    'capturing',
    'deleting',
    'purging',
    'inviting',
    'awaitingRedemption',
    'restoring',
    'ended',
  ]);
  const times = receiver.deliveries.map(({ event }) => event.time);
  expect([...times].sort()).toEqual(times);
});

it('the end tells outcome and counts as the row has them', () => {
  const { id, status, outcome, access } = run.record;
  expect(receiver.deliveries.at(-1)?.event).toMatchObject({
    type: 'entra-guest-switch.migration.ended',
    source: `${SOURCE}/api/migrations`,
    subject: id,
    data: { migrationId: id, status, outcome, access, error: null },
  });
  expect(access.captured).toBeGreaterThan(20);
});

it('no event and no log line has a name, an address, an object id or the address of the caller', () => {
  const told = receiver.deliveries.map(({ body }) => body).join('\n');
  const { oldId, newId, displayName } = run.record.guest;
  for (const text of [told, logLines.join('\n')]) {
    for (const secret of [oldId, newId, displayName, 'of-the-caller']) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/@|outlook/);
  }
});

it('the link to the page of the guest goes with the event that says that they are waited for, and with no other', () => {
  const withGuide = receiver.deliveries.filter(({ event }) => event.data.guide !== undefined);
  expect(withGuide.map(({ event }) => event.data.phase)).toEqual(['awaitingRedemption']);
  expect(withGuide[0]?.event.data.guide).toMatch(/^https:\/\/switch\.example\/api\/guide\/m-in-process\/[\w-]{43}$/);
  expect(logLines.join('\n')).not.toContain('guide');
});
