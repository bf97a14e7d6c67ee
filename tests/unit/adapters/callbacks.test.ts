import { createCallbackSender, signatureOf, type CallbackOptions, type Resolved } from '../../../adapters/callbacks';
import { isPublicAddress } from '../../../adapters/publicAddress';
import { cloudEvent } from '../../../domain/callbacks';
import { noAccess } from '../../../domain/grants';
import { CALLBACK_SECRET, startReceiver, type Receiver } from '../../support/callbackReceiver';

const clock = { now: () => new Date('2026-03-01T08:00:00.900Z') };
const event = {
  id: 'm-1_capturing',
  body: cloudEvent(
    {
      migrationId: 'm-1',
      phase: 'capturing',
      at: '2026-03-01T07:59:00.000Z',
      data: { status: 'Running', outcome: null, access: noAccess, error: null },
    },
    'https://switch.example/api/migrations',
  ),
};

describe('which addresses are taken', () => {
  const sender = createCallbackSender({ hosts: ['hooks.example', '*.contoso.example'], secret: '', clock });

  test.each([
    'https://hooks.example/a',
    'https://HOOKS.example:443/a?key=1',
    'https://a.contoso.example/',
    'https://a.b.contoso.example/',
  ])('taken: %s', (url) => {
    expect(sender.refusalOf(url)).toBeUndefined();
  });

  test.each([
    ['http://hooks.example/a', 'https'],
    ['ftp://hooks.example/a', 'https'],
    ['hooks.example/a', 'https'],
    ['https://me@hooks.example/', 'user name'],
    ['https://me:pass@hooks.example/', 'user name'],
    ['https://hooks.example/#part', 'fragment'],
    ['https://hooks.example:8443/', 'port'],
    ['https://hooks.example:22/', 'port'],
    ['https://127.0.0.1/', 'IP address'],
    ['https://2130706433/', 'IP address'],
    ['https://0x7f.1/', 'IP address'],
    ['https://0177.0.0.1/', 'IP address'],
    ['https://127.0.0.1./', 'IP address'],
    ['https://[::1]/', 'IP address'],
    ['https://[::ffff:10.0.0.1]/', 'IP address'],
    ['https://contoso.example/', 'host'],
    ['https://evilcontoso.example/', 'host'],
    ['https://hooks.example.evil.example/', 'host'],
    ['https://a.hooks.example/', 'host'],
    ['https://hooks.example./', 'host'],
    ['https://evil.example\\@hooks.example/', 'host'],
    ['https://evil.example/hooks.example', 'host'],
    ['https://localhost/', 'host'],
  ])('refused: %s', (url, why) => {
    expect(sender.refusalOf(url)).toMatch(new RegExp(why));
  });

  test('without a list none is taken', () => {
    expect(createCallbackSender({ hosts: [], secret: '', clock }).refusalOf('https://hooks.example/')).toMatch(/host/);
  });
});

test('the signature is that of Standard Webhooks, for its published example', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const signature = signatureOf(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}');
  expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  const key = 'a key that is not base64, as it stands';
  const encoded = `whsec_${Buffer.from(key).toString('base64')}`;
  expect(signatureOf(key, 'a', '1', 'ü')).toBe(signatureOf(encoded, 'a', '1', 'ü'));
});

describe('one attempt', () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.stop());
  const send = (change: Partial<CallbackOptions> = {}) => receiver.sender(clock, change).send(receiver.url, event);

  test('posts the body as it is, signed with the time of the attempt', async () => {
    await expect(send()).resolves.toEqual({ taken: true });
    const [delivery] = receiver.deliveries;
    expect(delivery?.body).toBe(event.body);
    expect(delivery?.path).toBe('/hook?key=of-the-caller');
    expect(delivery?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': event.id,
      'webhook-timestamp': '1772352000',
      'webhook-signature': signatureOf(CALLBACK_SECRET, event.id, '1772352000', event.body),
    });
  });

  test.each([200, 201, 202, 204, 299])('%d is success', async (status) => {
    receiver.replies.push(status);
    await expect(send()).resolves.toEqual({ taken: true });
  });

  test.each([300, 304, 400, 401, 404, 500, 503])('%d is a failure', async (status) => {
    receiver.replies.push(status);
    await expect(send()).resolves.toEqual({ taken: false, problem: `status-${status}`, gone: false });
  });

  test('410 says that the receiver is gone', async () => {
    receiver.replies.push(410);
    await expect(send()).resolves.toEqual({ taken: false, problem: 'status-410', gone: true });
  });

  test('a redirect is not followed', async () => {
    receiver.replies.push((response) => response.writeHead(307, { Location: `${receiver.url}&again` }).end());
    await expect(send()).resolves.toMatchObject({ taken: false, problem: 'status-307' });
    expect(receiver.deliveries).toHaveLength(1);
  });

  test('a wait that the receiver asks for is passed on', async () => {
    receiver.replies.push((response) => response.writeHead(429, { 'Retry-After': '900' }).end());
    await expect(send()).resolves.toMatchObject({ taken: false, retryAfterSeconds: 900 });
  });

  test('an answer that never ends is not read', async () => {
    let ended = false;
    receiver.replies.push((response) => {
      response.on('close', () => (ended = true));
      const pour = () => {
        while (!ended && response.write('x'.repeat(65_536)));
        if (!ended) response.once('drain', pour);
      };
      response.writeHead(200);
      pour();
    });
    await expect(send()).resolves.toEqual({ taken: true });
  });

  test('a receiver that says nothing, or a name that takes too long, ends the attempt in time', async () => {
    receiver.replies.push('silence');
    const late = { taken: false, problem: 'timeout', gone: false };
    await expect(send({ timeoutMs: 300 })).resolves.toEqual(late);
    await expect(send({ timeoutMs: 50, resolve: () => new Promise(() => undefined) })).resolves.toEqual(late);
  });

  test('a lost answer, a name that is not known and a certificate that nobody trusts are problems, not exceptions', async () => {
    receiver.replies.push('hangUp');
    await expect(send()).resolves.toEqual({ taken: false, problem: 'ECONNRESET', gone: false });
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND secret.example'), { code: 'ENOTFOUND' });
    await expect(send({ resolve: () => Promise.reject(unknown) })).resolves.toMatchObject({ problem: 'ENOTFOUND' });
    const stranger = await startReceiver();
    await expect(send({ ca: stranger.ca })).resolves.toMatchObject({ taken: false, problem: /SELF_SIGNED|SIGNATURE/ });
    await stranger.stop();
    expect(receiver.deliveries).toHaveLength(1);
  });

  test('an address that is no longer on the list is not even looked up', async () => {
    const resolve = jest.fn<Promise<Resolved[]>, [string]>(() => Promise.resolve([]));
    await expect(send({ hosts: ['other.example'], resolve })).resolves.toMatchObject({
      problem: 'address-not-allowed',
    });
    expect(resolve).not.toHaveBeenCalled();
  });

  const loopback = { address: '127.0.0.1', family: 4 };
  test.each([
    ['no address', []],
    ['a private one', [{ address: '10.0.0.5', family: 4 }]],
    ['one private among public ones', [loopback, { address: '192.168.0.1', family: 4 }]],
    ['the metadata service', [{ address: '169.254.169.254', family: 4 }]],
    ['a private one in IPv6 clothes', [{ address: '::ffff:10.0.0.5', family: 6 }]],
  ])('a name that leads to %s is not called', async (_name, addresses) => {
    const answer = await send({ resolve: () => Promise.resolve(addresses) });
    expect(answer).toEqual({ taken: false, problem: 'address-not-public', gone: false });
    expect(receiver.deliveries).toHaveLength(0);
  });

  test('as deployed, loopback is refused', async () => {
    await expect(send({ isAllowed: isPublicAddress })).resolves.toMatchObject({ problem: 'address-not-public' });
    const { port, ca } = receiver;
    const deployed = createCallbackSender({ hosts: ['localhost'], secret: CALLBACK_SECRET, clock, ports: [port], ca });
    await expect(deployed.send(receiver.url, event)).resolves.toMatchObject({ problem: 'address-not-public' });
    expect(receiver.deliveries).toHaveLength(0);
  });

  test('DNS rebinding: the checked address is the one that is called, and the next attempt checks anew', async () => {
    const answers: Resolved[][] = [[loopback], [{ address: '10.0.0.5', family: 4 }]];
    const resolve = jest.fn<Promise<Resolved[]>, [string]>(() => Promise.resolve(answers.shift() ?? []));
    const sender = receiver.sender(clock, { resolve });
    await expect(sender.send(receiver.url, event)).resolves.toEqual({ taken: true });
    expect(resolve).toHaveBeenCalledTimes(1);
    await expect(sender.send(receiver.url, event)).resolves.toMatchObject({ problem: 'address-not-public' });
    expect(resolve).toHaveBeenCalledTimes(2);
    expect(receiver.deliveries).toHaveLength(1);
  });

  test('a name that this machine would resolve otherwise is called at the checked address', async () => {
    // localhost leads to loopback everywhere; here it must lead to the checked address, where nobody listens.
    const elsewhere = { address: '127.0.0.2', family: 4 };
    const answer = await send({ resolve: () => Promise.resolve([elsewhere]), isAllowed: () => true });
    expect(answer).toMatchObject({ taken: false, problem: 'ECONNREFUSED' });
    expect(receiver.deliveries).toHaveLength(0);
  });
});
