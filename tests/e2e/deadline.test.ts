import { demoGuest, fewKinds, workGuests } from '../support/demoGuest';
import { LocalStack, until } from '../support/localStack';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start({ POLL_MINUTES: '43200' });
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant(undefined, { dropNotifications: true }));

async function wait(days: number): Promise<{ id: string; newId: string }> {
  const guest = demoGuest(await stack.state());
  const { id } = await stack.begin({
    guest: guest.id,
    inviteEmail: guest.personal,
    ...fewKinds,
    acceptWithinDays: days,
  });
  const waiting = await stack.waiting(id);
  return { id, newId: String(waiting.guest.newId) };
}

/** Advances the clock and waits until the orchestration is at rest again. */
async function pass(id: string, milliseconds: number): Promise<void> {
  await stack.advance(milliseconds);
  await until('the instance to rest', async () => (await stack.history(id)).at(-1)?.['EventType'] === 13);
}

describe('a wait of thirty days', () => {
  it('ends as expired at the deadline, and the history grows by a few rows a day', async () => {
    const { id } = await wait(30);
    const counts: number[] = [(await stack.history(id)).length];
    for (let day = 1; day <= 29; day += 1) {
      await pass(id, DAY);
      expect((await stack.migration(id)).phase).toBe('awaitingRedemption');
      counts.push((await stack.history(id)).length);
    }
    const growth = counts.slice(1).map((count, day) => count - (counts[day] ?? 0));
    process.stdout.write(`history rows per waited day: ${Math.max(...growth)} at most, ${counts.at(-1)} in all\n`);
    expect(Math.max(...growth)).toBeLessThanOrEqual(10);

    await pass(id, DAY + HOUR);
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ status: 'Failed', outcome: 'expired', error: { code: 'not-redeemed-in-time' } });
  }, 90_000);

  it('an answer on day 4.5 and a duplicate on day 5 complete it once', async () => {
    const { id, newId } = await wait(30);
    // Somebody else is waited for all the time, so the subscription stays and the late duplicate is genuine.
    const other = workGuests(await stack.state()).find((user) => user.id !== newId);
    await stack.waiting((await stack.begin({ guest: other?.id, inviteEmail: 'other@outlook.example' })).id);
    for (let day = 0; day < 4; day += 1) await pass(id, DAY);
    await stack.advance(DAY / 2);
    await stack.tenant('PUT', '/_tenant/settings', { dropNotifications: false });
    await stack.redeem(newId);
    const ended = await stack.ended(id);
    expect(ended.status).toBe('Succeeded');
    // The row says so a moment before the instance itself is over.
    await until('the instance to end', async () => (await stack.history(id)).some((row) => row['EventType'] === 1));
    const before = (await stack.history(id)).length;
    await stack.advance(DAY / 2);
    const writes = async (): Promise<number> => (await stack.requests()).filter((one) => one.method !== 'GET').length;
    const written = await writes();
    const { clientState, subscriptionId } = await genuine();
    const { id: tenantId } = (await stack.state())['organization'] as { id: string };
    const duplicate = await stack.host('POST', '/api/graph/notifications', {
      value: [{ clientState, subscriptionId, tenantId, resourceData: { id: newId } }],
    });
    expect(duplicate.status).toBe(202);
    expect((await stack.history(id)).length).toBe(before);
    expect(await writes()).toBe(written);
    expect(await stack.migration(id)).toEqual(ended);
  }, 60_000);

  it('without a single hint it is found within a day', async () => {
    const { id, newId } = await wait(30);
    await stack.redeem(newId);
    await pass(id, DAY);
    expect((await stack.ended(id)).status).toBe('Succeeded');
  }, 60_000);
});

async function genuine(): Promise<{ clientState: string; subscriptionId: string }> {
  const [subscription] = (await stack.state())['changeSubscriptions'] as { id: string; clientState: string }[];
  return { clientState: subscription?.clientState ?? '', subscriptionId: subscription?.id ?? '' };
}
