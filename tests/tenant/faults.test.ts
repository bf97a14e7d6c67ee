import { groups, guests } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

const { ines, tomas } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const remove = () => tenant.graph('DELETE', `/users/${ines}`);
const isThere = async (): Promise<boolean> => (await tenant.state()).users.some((user: Json) => user.id === ines);

test('status: the planned answer, as often as planned, without effect', async () => {
  await tenant.faults({
    method: 'DELETE',
    path: '^/v1.0/users/',
    times: 2,
    kind: 'status',
    status: 503,
    headers: { 'Retry-After': '7' },
    body: { error: { code: 'ServiceUnavailable', message: 'planned' } },
  });
  for (const left of [1, 0]) {
    const answer = await remove();
    expect(answer).toMatchObject({ status: 503, body: { error: { message: 'planned' } } });
    expect(answer.headers['retry-after']).toBe('7');
    const planned = await tenant.control('GET', 'faults');
    expect(planned.map((fault: Json) => fault.times)).toEqual(left === 0 ? [] : [left]);
  }
  expect(await isThere()).toBe(true);
  expect((await remove()).status).toBe(204);
});

test('lostAck: the effect happens, the answer is lost', async () => {
  await tenant.faults({ method: 'DELETE', path: '/users/', kind: 'lostAck' });
  await expect(remove()).rejects.toThrow();
  expect(await isThere()).toBe(false);
  const [entry] = await tenant.control('GET', 'requests');
  expect(entry).toMatchObject({ method: 'DELETE', status: 204, fault: 'lostAck' });
});

test('reset: no effect, no answer', async () => {
  await tenant.faults({ path: '/users/', kind: 'reset' });
  await expect(remove()).rejects.toThrow();
  expect(await isThere()).toBe(true);
  expect(await tenant.control('GET', 'requests')).toMatchObject([{ status: 0, fault: 'reset' }]);
});

test('hang: no effect and no answer until the caller gives up', async () => {
  await tenant.faults({ method: '*', path: '/users/', kind: 'hang' });
  const outcome = await Promise.race([
    remove().catch(() => 'broken'),
    new Promise((resolve) => setTimeout(() => resolve('still waiting'), 300)),
  ]);
  expect(outcome).toBe('still waiting');
  expect(await isThere()).toBe(true);
});

test('skip lets requests pass first; the path is matched with and without the query', async () => {
  await tenant.faults({ method: 'GET', path: 'select=city', skip: 1, kind: 'status', status: 500 });
  const get = (query: string) => tenant.graph('GET', `/users/${ines}${query}`);
  expect((await get('')).status).toBe(200);
  expect((await get('?$select=city')).status).toBe(200);
  expect((await get('?$select=city')).status).toBe(500);
  expect((await get('?$select=city')).status).toBe(200);
});

test('Resource Manager has faults too', async () => {
  await tenant.faults({ path: '^/subscriptions$', kind: 'status', status: 500 });
  expect((await tenant.arm('GET', '/subscriptions')).status).toBe(500);
  expect((await tenant.arm('GET', '/subscriptions')).status).toBe(200);
});

describe('in a batch', () => {
  const batch = () =>
    tenant.graph('POST', '/$batch', {
      requests: [
        {
          id: 'member',
          method: 'POST',
          url: `/groups/${groups.finance}/members/$ref`,
          headers: { 'Content-Type': 'application/json' },
          body: { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${tomas}` },
        },
        { id: 'user', method: 'GET', url: `/users/${tomas}?$select=id` },
      ],
    });
  const isMember = async (): Promise<boolean> =>
    (await tenant.state()).groups.find((group: Json) => group.id === groups.finance).members.includes(tomas);

  test('a status fault hits one request only', async () => {
    await tenant.faults({ method: 'POST', path: '/members/', kind: 'status', status: 503 });
    const { body } = await batch();
    const byId = Object.fromEntries(body.responses.map((one: Json) => [one.id, one.status]));
    expect(byId).toEqual({ member: 503, user: 200 });
    expect(await isMember()).toBe(false);
  });

  test('a lost answer breaks the whole connection after the effect', async () => {
    await tenant.faults({ method: 'POST', path: '/members/', kind: 'lostAck' });
    await expect(batch()).rejects.toThrow();
    expect(await isMember()).toBe(true);
    const log = await tenant.control('GET', 'requests');
    expect(log.filter((entry: Json) => entry.inBatch)).toHaveLength(2);
  });

  test('a reset breaks it without the effect of that request', async () => {
    await tenant.faults({ method: 'POST', path: '/members/', kind: 'reset' });
    await expect(batch()).rejects.toThrow();
    expect(await isMember()).toBe(false);
  });
});

test('a wrong plan is refused and names the mistake', async () => {
  const put = (fault: object) => tenant.send('PUT', '/_tenant/faults', [fault]);
  expect((await put({ path: '(', kind: 'reset' })).text).toContain('not a regular expression');
  expect((await put({ path: 'x', kind: 'explode' })).status).toBe(400);
  expect((await put({ path: 'x', kind: 'reset', colour: 1 })).status).toBe(400);
});
