import { groups, guests } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const members = () => tenant.graph('GET', `/groups/${groups.finance}/members`);

test('requests beyond the resource units get 429 with Retry-After, and succeed after that time', async () => {
  await tenant.settings({ throttling: { unitsPer10s: 20, writesPer150s: 100 } });
  const answers = [];
  // Three units each: six fit into twenty.
  for (let index = 0; index < 7; index++) answers.push(await members());
  expect(answers.slice(0, 6).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const refused = answers[6];
  expect(refused).toMatchObject({ status: 429, body: { error: { code: 'TooManyRequests' } } });
  expect(refused?.headers['x-ms-throttle-scope']).toContain('Tenant_Application');
  const seconds = Number(refused?.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(1.5);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 20));
  expect((await members()).status).toBe(200);
});

test('$select makes a request cheaper, invitations and subscriptions cost nothing', async () => {
  await tenant.settings({ throttling: { unitsPer10s: 2, writesPer150s: 1 } });
  expect((await tenant.graph('GET', '/users')).status).toBe(200);
  expect((await tenant.graph('GET', '/users?$select=id')).status).toBe(429);
  expect((await tenant.graph('GET', '/subscriptions')).status).toBe(200);
  expect((await tenant.invite('a@outlook.example')).status).toBe(201);
});

test('writes have a limit of their own', async () => {
  await tenant.settings({ throttling: { unitsPer10s: 1000, writesPer150s: 2 } });
  const change = () => tenant.graph('PATCH', `/users/${guests.ines}`, { city: 'Porto' });
  expect((await change()).status).toBe(204);
  expect((await change()).status).toBe(204);
  const refused = await change();
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(60);
  expect((await tenant.graph('GET', '/users')).status).toBe(200);
});

test('each request of a batch is judged alone', async () => {
  await tenant.settings({ throttling: { unitsPer10s: 2, writesPer150s: 10 } });
  const requests = [1, 2, 3].map((id) => ({ id: String(id), method: 'GET', url: '/organization' }));
  const answer = await tenant.graph('POST', '/$batch', { requests });
  expect(answer.status).toBe(200);
  const responses: Json[] = answer.body.responses;
  expect(responses.map(({ status }) => status as number).sort()).toEqual([200, 200, 429]);
  expect(responses.find(({ status }) => status === 429).headers['Retry-After']).toMatch(/^\d+\.\d+$/);
});

test('Microsoft limits leave room for thousands of requests', async () => {
  await tenant.settings({ throttling: 'microsoft' });
  for (let index = 0; index < 30; index++) expect((await members()).status).toBe(200);
});
