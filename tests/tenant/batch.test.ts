import { groups, guests } from '../../local/tenant/seed/ids';
import { TestTenant, link, type Json } from './support';

let tenant: TestTenant;

beforeAll(async () => {
  tenant = await TestTenant.start();
});
afterAll(() => tenant.close());

const batch = (...requests: object[]) => tenant.graph('POST', '/$batch', { requests });
const get = (id: string, url = '/organization', more: object = {}) => ({ id, method: 'GET', url, ...more });

test('answers carry ids, statuses and bodies; order is not kept', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `r${index}`);
  const orders = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { status, body } = await batch(...ids.map((id) => get(id)));
    expect(status).toBe(200);
    const answered: string[] = body.responses.map((one: Json) => one.id);
    expect([...answered].sort()).toEqual([...ids].sort());
    orders.add(answered.join());
  }
  expect(orders.size).toBeGreaterThan(1);
});

test('an answer without content has no body', async () => {
  const { body } = await batch({
    id: '1',
    method: 'POST',
    url: `/groups/${groups.finance}/members/$ref`,
    headers: { 'Content-Type': 'application/json' },
    body: { '@odata.id': link(guests.ines) },
  });
  expect(body.responses).toEqual([{ id: '1', status: 204, headers: { 'Cache-Control': 'no-cache' } }]);
});

test.each([
  ['no requests', []],
  ['more than twenty', Array.from({ length: 21 }, (_, index) => get(String(index)))],
  ['the same id twice', [get('a'), get('A')]],
  ['a body without its type', [{ ...get('1'), method: 'POST', url: '/invitations', body: {} }]],
  ['a dependency on nothing', [get('1', '/organization', { dependsOn: ['2'] })]],
  ['a circle', [get('1', '/organization', { dependsOn: ['2'] }), get('2', '/organization', { dependsOn: ['1'] })]],
  ['a request without id', [{ method: 'GET', url: '/organization' }]],
])('%s is refused as a whole', async (_what, requests) => {
  expect((await batch(...requests)).status).toBe(400);
});

test('a failed dependency fails its dependants with 424', async () => {
  const { body } = await batch(
    get('third', '/organization', { dependsOn: ['second'] }),
    get('second', '/organization', { dependsOn: ['first'] }),
    get('first', '/users/nobody'),
  );
  const byId = Object.fromEntries(body.responses.map((one: Json) => [one.id, one.status]));
  expect(byId).toEqual({ first: 404, second: 424, third: 424 });
});

test('a version in the inner URL is not understood', async () => {
  const { body } = await batch(get('1', '/v1.0/users'));
  expect(body.responses[0]).toMatchObject({
    status: 400,
    body: { error: { message: "Resource not found for the segment 'v1.0'." } },
  });
});

test('each request is checked for its own permission', async () => {
  await tenant.settings({ grantedPermissions: ['User.Read.All'] });
  tenant.forgetTokens();
  const { status, body } = await batch(get('allowed', '/users'), get('denied', '/policies/authorizationPolicy'));
  expect(status).toBe(200);
  const byId = Object.fromEntries(body.responses.map((one: Json) => [one.id, one.status]));
  expect(byId).toEqual({ allowed: 200, denied: 403 });
});

test('a batch needs a token itself', async () => {
  expect((await tenant.send('POST', '/v1.0/$batch', { requests: [get('1')] })).status).toBe(401);
});
