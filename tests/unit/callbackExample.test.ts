import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { callbackOf, cloudEvent } from '../../domain/callbacks';
import { CALLBACK_SECRET, cloudEventSchema, startReceiver, type Receiver } from '../support/callbackReceiver';
import { recordWith } from '../support/testApp';

/*
 * Runs exactly the example of docs/integrations.md against requests that the app really sends.
 */

type ReadCallback = (
  secret: string,
  headers: Record<string, string>,
  body: Buffer,
  seen: Set<string>,
) => { id: string } | undefined;

const document = readFileSync(path.join(__dirname, '../../docs/integrations.md'), 'utf8');
const section = document.split('\n## Callbacks\n')[1]?.split('\n## ')[0] ?? '';
const folder = mkdtempSync(path.join(tmpdir(), 'callback-example-'));
const clock = { now: () => new Date() };

let receiver: Receiver;
let readCallback: ReadCallback;
beforeAll(async () => {
  receiver = await startReceiver();
  const file = path.join(folder, 'example.cjs');
  writeFileSync(file, /```js\n(.*?)```/s.exec(section)?.[1] ?? '');
  ({ readCallback } = jest.requireActual<{ readCallback: ReadCallback }>(file));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await receiver.stop();
});

/** Sends an event as deployed, and answers what the receiver got. */
async function received(secret = CALLBACK_SECRET, at = clock) {
  const { request } = recordWith({ id: 'm-1' });
  const record = recordWith({ id: 'm-1', phase: 'ended', request: { ...request, callbackUrl: receiver.url } });
  const event = callbackOf(record, at.now());
  if (event === undefined) throw new Error('The row makes no event.');
  const body = cloudEvent(event, 'https://switch.example/api/migrations');
  expect(await receiver.sender(at, { secret }).send(receiver.url, { id: 'm-1_ended', body })).toEqual({ taken: true });
  const delivery = receiver.deliveries.at(-1);
  if (delivery === undefined) throw new Error('Nothing arrived.');
  return { headers: delivery.headers as Record<string, string>, body: Buffer.from(delivery.body) };
}

it('takes a genuine event, once', async () => {
  const { headers, body } = await received();
  const seen = new Set<string>();
  const event = readCallback(CALLBACK_SECRET, headers, body, seen);
  expect(cloudEventSchema.parse(event)).toMatchObject({ id: 'm-1_ended', subject: 'm-1' });
  expect(readCallback(CALLBACK_SECRET, headers, body, seen)).toBeUndefined();
});

it('takes a secret in the form of Standard Webhooks', async () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const { headers, body } = await received(secret);
  expect(readCallback(secret, headers, body, new Set())).toMatchObject({ id: 'm-1_ended' });
});

it('takes an event with an older signature beside the new one', async () => {
  const { headers, body } = await received();
  const both = { ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature'] ?? ''}` };
  expect(readCallback(CALLBACK_SECRET, both, body, new Set())).toBeDefined();
});

it('refuses another secret, a changed body, id or time, and a signature that is missing or of another kind', async () => {
  const { headers, body } = await received();
  const signature = headers['webhook-signature'] ?? '';
  const time = Number(headers['webhook-timestamp']);
  const forged: [string, Record<string, string>, Buffer][] = [
    ['another secret of 32 characters or more', headers, body],
    [CALLBACK_SECRET, headers, Buffer.concat([body, Buffer.from(' ')])],
    [CALLBACK_SECRET, { ...headers, 'webhook-id': 'm-2_ended' }, body],
    [CALLBACK_SECRET, { ...headers, 'webhook-timestamp': String(time + 1) }, body],
    [CALLBACK_SECRET, { ...headers, 'webhook-signature': '' }, body],
    [CALLBACK_SECRET, { ...headers, 'webhook-signature': signature.replace('v1,', 'v1a,') }, body],
    [CALLBACK_SECRET, {}, body],
  ];
  const seen = new Set<string>();
  expect(forged.map(([secret, with_, of]) => readCallback(secret, with_, of, seen))).toEqual(
    forged.map(() => undefined),
  );
  // A forged request must not use up the id of the genuine one.
  expect(readCallback(CALLBACK_SECRET, headers, body, seen)).toBeDefined();
});

it('refuses an event that is replayed later', async () => {
  const { headers, body } = await received(CALLBACK_SECRET, { now: () => new Date(Date.now() - 6 * 60_000) });
  expect(readCallback(CALLBACK_SECRET, headers, body, new Set())).toBeUndefined();
});

it('the body in the document is one that the app could send', () => {
  const body: unknown = JSON.parse(/```json\n(.*?)```/s.exec(section)?.[1] ?? '');
  expect(cloudEventSchema.safeParse(body).error).toBeUndefined();
});
