import { demoGuest, fewKinds } from '../support/demoGuest';
import { LocalStack, until, type TenantState } from '../support/localStack';
import { tenantView } from '../support/tenantView';

/** The view of an undisturbed run; every disturbed one must end in the same. */
let undisturbed: Record<string, unknown>;
let stack: LocalStack;

beforeAll(async () => {
  stack = await LocalStack.start();
  await stack.freshTenant();
  const guest = demoGuest(await stack.state());
  const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
  expect(ended.status).toBe('Succeeded');
  undisturbed = tenantView(await stack.state(), ended.guest.newId);
}, 120_000);
afterAll(() => stack.stop());

interface Crash {
  point: string;
  name: string;
}

/** Answers only once the host does: it may be dead at any moment. */
async function patiently<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  return until(
    what,
    async () => {
      try {
        return await ask();
      } catch {
        stack.refresh();
        return undefined;
      }
    },
    150_000,
  );
}

async function switchUnderFire(state: TenantState): Promise<string> {
  const guest = demoGuest(state);
  const key = { 'idempotency-key': `crash-${Date.now()}` };
  const body = { guest: guest.id, inviteEmail: guest.personal, ...fewKinds };
  const id = await patiently('the start', async () => {
    const reply = await stack.api('POST', '/migrations', body, key);
    return reply.status === 202 && (reply.json as { id: string }).id;
  });
  let redeemed = false;
  await patiently('the end', async () => {
    const migration = await stack.migration(id);
    if (migration.phase === 'ended') return true;
    if (migration.phase === 'awaitingRedemption' && !redeemed && migration.guest.newId !== null) {
      redeemed = true;
      await stack.redeem(migration.guest.newId);
    }
    await stack.advance(1_000);
    return false;
  });
  return id;
}

describe('killing the host at any moment ends in the same tenant state (invariant 7)', () => {
  it.each([
    // tests/switch/crashEveryCall.test.ts lets a process die at every call; here real processes are killed.
    ['the first eight', 'beforeActivity', 8],
    ['the first sixteen', 'afterActivityEffect', 16],
    ['the first six', 'beforeEpisodeCommit', 6],
    ['the first six', 'afterEpisodeCommit', 6],
  ])(
    'kill -9 at %s %s',
    async (_often, point, times) => {
      await stack.freshTenant();
      const armed = await stack.host('PUT', '/_host/crash', { point, times });
      expect(armed.status).toBeLessThan(300);
      const id = await switchUnderFire(await stack.state());

      const seen = (await patiently('the list of crashes', () => stack.host('GET', '/_host/crash'))).json as {
        fired: Crash[];
      };
      const fired = seen.fired.filter((crash) => crash.point === point);
      await patiently('the crashes to be disarmed', () => stack.host('DELETE', '/_host/crash'));
      process.stdout.write(`killed ${fired.length} times at ${point}\n`);
      expect(fired.length).toBeGreaterThanOrEqual(Math.min(times, 20));
      const migration = await stack.migration(id);
      expect(migration).toMatchObject({ status: 'Succeeded', error: null });
      const { captured, restored, alreadyPresent, manual, failed } = migration.access;
      expect({ captured, failed }).toEqual({ captured: restored + alreadyPresent + manual, failed: 0 });
      expect(tenantView(await stack.state(), migration.guest.newId)).toEqual(undisturbed);
    },
    240_000,
  );

  it('kill -9 of the tenant, of the storage and of the whole stack: the next start goes on', async () => {
    await stack.freshTenant();
    const guest = demoGuest(await stack.state());
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    const waiting = await stack.waiting(id);
    for (const part of ['tenant', 'storage'] as const) {
      process.kill(stack.file.pids[part], 'SIGKILL');
      await patiently(`the ${part} to be back`, async () => {
        stack.refresh();
        return (await stack.api('GET', `/migrations/${id}`)).status === 200 && (await stack.state());
      });
    }
    await stack.redeem(String(waiting.guest.newId));

    await stack.end('SIGKILL');
    for (const pid of Object.values(stack.file.pids))
      await until(`process ${pid} to end`, () => Promise.resolve(isGone(pid)));
    await stack.launch();
    const ended = await stack.ended(id);
    expect(ended.status).toBe('Succeeded');
    expect(tenantView(await stack.state(), ended.guest.newId)).toEqual(undisturbed);
  }, 120_000);
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
