import { demoGuest, fewKinds } from '../support/demoGuest';
import { LocalStack, type RequestLogEntry } from '../support/localStack';
import { isWrite } from '../support/requestLog';
import { tenantView } from '../support/tenantView';

let stack: LocalStack;
let undisturbed: Record<string, unknown>;
let writes: { method: string; path: string; skip: number; name: string }[];

beforeAll(async () => {
  stack = await LocalStack.start({ CONSISTENCY_SECONDS: '1' });
  const { newId, log } = await run([]);
  undisturbed = tenantView(await stack.state(), newId);
  writes = oneOfEachService(faultPlaces(log, newId));
}, 120_000);
afterAll(() => stack.stop());

/** A whole switch on a fresh tenant, with faults; the app starts it without a subscription. */
async function run(faults: Record<string, unknown>[]): Promise<{ newId: string; log: RequestLogEntry[] }> {
  expect((await stack.host('POST', '/_host/timers/tendSubscription')).status).toBe(200);
  await stack.freshTenant();
  const guest = demoGuest(await stack.state());
  await stack.faults(faults);
  const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
  expect(ended).toMatchObject({ status: 'Succeeded', error: null, access: { failed: 0 } });
  expect((await stack.tenant('GET', '/_tenant/faults')).json).toEqual([]);
  return { newId: String(ended.guest.newId), log: await stack.requests() };
}

/** Where each write of a run can be hit in another run, in which the new guest has another id. */
function faultPlaces(log: readonly RequestLogEntry[], newId: string): typeof writes {
  const seen = new Map<string, number>();
  return (
    log
      .filter(isWrite)
      // The subscription outlives a run, and a timer tends it: whether a write of it falls into a run is chance.
      // tests/switch/subscription.test.ts loses the answers of these.
      .filter((one) => !/^\/v1\.0\/subscriptions/.test(one.path))
      .map(({ method, path }) => {
        const anyNewId = path
          .replaceAll(/[.$()]/g, String.raw`\$&`)
          .replaceAll(newId, '[0-9a-f-]{36}')
          .replace(/((?:roleAssignments|ScheduleRequests)\/)[0-9a-f-]{36}$/, '$1[0-9a-f-]{36}');
        const key = `${method} ${anyNewId}`;
        const skip = seen.get(key) ?? 0;
        seen.set(key, skip + 1);
        return { method, path: `^${anyNewId}$`, skip, name: `${method} ${path}` };
      })
  );
}

/**
 * The writes of the switch itself, and one for each service that gives something back. tests/switch/lostAnswers.test.ts
 * goes through all of them; here the answer is lost on a real connection between two processes.
 */
function oneOfEachService(all: typeof writes): typeof writes {
  const services = [
    /^DELETE /,
    /^POST .*\/invitations$/,
    /^PATCH .*\/users\//,
    /^POST .*\/members\/\$ref$/,
    /^POST .*\/appRoleAssignedTo$/,
    /^POST .*\/assignmentRequests$/,
    /^POST .*\/roleAssignments$/,
    /^PUT .*\/roleAssignments\//,
  ];
  const first = services.flatMap((service) => all.filter(({ name }) => service.test(name)).slice(0, 3));
  const deletions = first.filter(({ method }) => method === 'DELETE');
  const others = services.slice(1).flatMap((service) => first.find(({ name }) => service.test(name)) ?? []);
  return [...deletions, ...others];
}

describe('every write may be executed and its answer lost: nothing happens twice (invariant 6)', () => {
  it('the answer of each write in turn is lost', async () => {
    expect(writes.length).toBeGreaterThanOrEqual(10);
    for (const { method, path, skip, name } of writes) {
      const { newId, log } = await run([{ method, path, skip, kind: 'lostAck' }]);
      try {
        expect(tenantView(await stack.state(), newId)).toEqual(undisturbed);
        expect(log.filter((one) => one.method === 'POST' && one.path.endsWith('/invitations'))).toHaveLength(1);
        expect((await stack.state())['changeSubscriptions'] as unknown[]).toHaveLength(1);
      } catch (error) {
        throw new Error(`after a lost answer of ${name}`, { cause: error });
      }
    }
    process.stdout.write(`answers lost in turn: ${writes.length}\n`);
  }, 280_000);

  it.each(['POST /v1.0/invitations', 'DELETE /v1.0/users/', 'DELETE /v1.0/directory/deletedItems/'])(
    'a %s that never arrived is sent again',
    async (start) => {
      const write = writes.find((one) => one.name.startsWith(start));
      if (write === undefined) throw new Error('the run has no such write');
      const { newId } = await run([{ method: write.method, path: write.path, kind: 'reset' }]);
      expect(tenantView(await stack.state(), newId)).toEqual(undisturbed);
    },
    60_000,
  );

  it('a throttled invitation waits as long as asked, and is sent once', async () => {
    const error = { code: 'TooManyRequests', message: 'Please retry again later.' };
    const headers = { 'Retry-After': '37.5' };
    const { newId, log } = await run([
      { method: 'POST', path: '/invitations$', kind: 'status', status: 429, headers, body: { error } },
    ]);
    const sent = log.filter((one) => one.path.endsWith('/invitations'));
    expect(sent.map((one) => one.status)).toEqual([429, 201]);
    expect(tenantView(await stack.state(), newId)).toEqual(undisturbed);
  }, 60_000);
});
