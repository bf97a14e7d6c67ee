import { demoGuest, fewKinds } from '../support/demoGuest';
import { LocalStack, until } from '../support/localStack';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

async function wait(stack: LocalStack): Promise<{ id: string; newId: string }> {
  const guest = demoGuest(await stack.state());
  const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
  const waiting = await stack.waiting(id);
  return { id, newId: String(waiting.guest.newId) };
}

async function control(stack: LocalStack): Promise<{ id: string; clientState: string; resource: string }> {
  const [subscription] = (await stack.state())['changeSubscriptions'] as {
    id: string;
    clientState: string;
    resource: string;
  }[];
  if (subscription === undefined) throw new Error('there is no subscription');
  return subscription;
}

describe('notifications are hints, polling is the truth', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    // Polling so rarely that only a notification can be what ends the wait.
    stack = await LocalStack.start({ POLL_MINUTES: '10080' });
  }, 90_000);
  afterAll(() => stack.stop());
  beforeEach(() => stack.freshTenant());

  it('with a polling period of days the notification finishes it', async () => {
    const { id, newId } = await wait(stack);
    await stack.redeem(newId);
    expect((await stack.ended(id)).status).toBe('Succeeded');
  });

  it('a notification that is faster than replication is enough', async () => {
    await stack.freshTenant(undefined, { replicationMs: 1_500 });
    const { id, newId } = await wait(stack);
    await stack.redeem(newId);
    const ended = await stack.follow(id, (one) => one.phase === 'ended', { withinMs: 60_000 });
    expect(ended.status).toBe('Succeeded');
  });

  it('duplicates do nothing twice', async () => {
    await stack.freshTenant(undefined, { duplicateNotifications: true });
    const { id, newId } = await wait(stack);
    await stack.redeem(newId);
    const ended = await stack.ended(id);
    expect(ended.status).toBe('Succeeded');
    const adds = (await stack.requests()).filter((one) => one.method === 'POST' && one.path.endsWith('/members/$ref'));
    expect(new Set(adds.map((one) => one.path)).size).toBe(adds.length);
    const members = (await stack.state()).groups.flatMap((group) => group.members.filter((member) => member === newId));
    const groups = (await stack.state()).groups.filter((group) => group.members.includes(newId));
    expect(members).toHaveLength(groups.length);
  });

  it('one subscription serves every migration', async () => {
    const { id, newId } = await wait(stack);
    expect((await control(stack)).resource).toMatch(/^\/?users$/);
    // While somebody is waited for: afterwards a timer removes it.
    expect((await stack.state())['changeSubscriptions']).toHaveLength(1);
    await stack.redeem(newId);
    await stack.ended(id);
  });

  it.each([
    ['a forged clientState', { clientState: 'guessed-secret-guessed' }],
    ['a foreign subscription', { subscriptionId: '11111111-2222-4333-8444-555555555555' }],
    ['a foreign tenant', { tenantId: '11111111-2222-4333-8444-555555555555' }],
  ])('%s is refused and logged, and nothing happens', async (_name, forged) => {
    const { id, newId } = await wait(stack);
    const subscription = await control(stack);
    const { id: tenantId } = (await stack.state())['organization'] as { id: string };
    const item = {
      id: 'x',
      subscriptionId: subscription.id,
      clientState: subscription.clientState,
      changeType: 'updated',
      resource: `Users/${newId}`,
      tenantId,
      resourceData: { id: newId, '@odata.type': '#Microsoft.Graph.User', '@odata.id': `Users/${newId}` },
    };
    const rowsBefore = (await stack.history(id)).length;
    const genuine = await stack.host('POST', '/api/graph/notifications', { value: [item] });
    expect(genuine.status).toBe(202);
    await until('the genuine one to wake the migration', async () => (await stack.history(id)).length > rowsBefore);
    await until('the wait to be quiet again', async () => (await stack.history(id)).at(-1)?.['EventType'] === 13);

    const quiet = (await stack.history(id)).filter((row) => row['EventType'] === 15).length;
    const refused = await stack.host('POST', '/api/graph/notifications', { value: [{ ...item, ...forged }] });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ code: 'notification-refused' });
    await until('the log line', () => Promise.resolve(stack.log('host').includes('notification-refused')));
    expect((await stack.history(id)).filter((row) => row['EventType'] === 15)).toHaveLength(quiet);
    expect((await stack.migration(id)).phase).toBe('awaitingRedemption');
    await stack.redeem(newId);
    await stack.ended(id);
  });

  it('the handshake echoes the token as plain text', async () => {
    const token = 'Validation: Testing client application <script>';
    const reply = await stack.host('POST', `/api/graph/notifications?validationToken=${encodeURIComponent(token)}`);
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toContain('text/plain');
    expect(reply.text).toBe(token);
  });
});

describe('without any notification polling finishes it', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    stack = await LocalStack.start({ POLL_MINUTES: '15' });
  }, 90_000);
  afterAll(() => stack.stop());
  beforeEach(() => stack.freshTenant(undefined, { dropNotifications: true }));

  it('finishes within the polling period', async () => {
    const { id, newId } = await wait(stack);
    await stack.redeem(newId);
    for (let minute = 0; minute < 16; minute += 1) await stack.advance(MINUTE);
    expect((await stack.ended(id)).status).toBe('Succeeded');
  });

  it('looks every minute at first and then more rarely, never twice in a minute', async () => {
    const { id, newId } = await wait(stack);
    const looksAfter = async (minutes: number) => {
      await stack.tenant('DELETE', '/_tenant/requests');
      for (let minute = 0; minute < minutes; minute += 1) await stack.advance(MINUTE);
      return (await stack.requests()).filter((one) => one.path.endsWith(`/users/${newId}`)).length;
    };
    // A minute of real time may pass meanwhile, and the run itself looks once in a while.
    const [first, second] = [await looksAfter(25), await looksAfter(35)];
    expect(first).toBeGreaterThanOrEqual(23);
    expect(first).toBeLessThanOrEqual(28);
    expect(second).toBeGreaterThanOrEqual(6);
    expect(second).toBeLessThanOrEqual(14);
    await stack.redeem(newId);
    await stack.advance(DAY);
    await stack.ended(id);
  });
});
