import { conditionalAccessPolicies, groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, until, type Answer, type Json } from './support';

const { ines, mara, tomas } = guests;
const { guestsNeedMfa, blockPortal, reportOnly } = conditionalAccessPolicies;
const hour = 3_600_000;
const json = { 'content-type': 'application/json' };
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
  const { grantedPermissions } = await tenant.control('GET', 'settings');
  await tenant.settings({ grantedPermissions: [...grantedPermissions, 'Policy.ReadWrite.ConditionalAccess'] });
});
afterEach(() => tenant.close());

const path = (id = ''): string => `/identity/conditionalAccess/policies${id === '' ? '' : `/${id}`}`;
const read = async (id: string): Promise<Json> => (await tenant.graph('GET', path(id))).body;
const patch = (id: string, body: object): Promise<Answer> => tenant.graph('PATCH', path(id), body);

/** PATCHes the users condition as it is, with some of it changed. */
async function changeUsers(id: string, change: object): Promise<Answer> {
  const { conditions } = await read(id);
  return patch(id, { conditions: { users: { ...conditions.users, ...change } } });
}

test('policies are listed with their conditions and found by id', async () => {
  const { body } = await tenant.graph('GET', `${path()}?$select=id,conditions`);
  expect(body.value.map(({ id }: Json) => id as string)).toEqual(Object.values(conditionalAccessPolicies));
  expect(body.value[0].conditions.users.excludeUsers).toEqual([staff.secondAdministrator, mara]);
  expect((await read(guestsNeedMfa)).displayName).toBe('Guests need a second factor');
  expect((await tenant.graph('GET', path(nobody()))).status).toBe(404);
});

test('a change of the users condition replaces all of it and nothing else', async () => {
  const before = await read(blockPortal);
  expect((await changeUsers(blockPortal, { includeUsers: [ines, tomas] })).status).toBe(204);
  const after = await read(blockPortal);
  expect(after.conditions.users).toEqual({ ...before.conditions.users, includeUsers: [ines, tomas] });
  expect({ ...after, conditions: { ...after.conditions, users: 0 }, modifiedDateTime: 0 }).toEqual({
    ...before,
    conditions: { ...before.conditions, users: 0 },
    modifiedDateTime: 0,
  });
  expect(after.modifiedDateTime).not.toBeNull();
  // What is not sent is gone.
  expect((await patch(blockPortal, { conditions: { users: { includeUsers: [ines] } } })).status).toBe(204);
  expect((await read(blockPortal)).conditions.users.excludeUsers).toEqual([]);
});

test('a user that nobody knows is refused, one that was purged may stay', async () => {
  const unknown = await changeUsers(reportOnly, { includeUsers: [nobody()] });
  expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
  expect(unknown.body.error.message).toContain('Policy contains invalid users');
  const { includeUsers } = (await read(reportOnly)).conditions.users;
  expect((await changeUsers(reportOnly, { includeUsers: [...includeUsers, ines] })).status).toBe(204);
  expect((await changeUsers(reportOnly, { excludeUsers: [groups.finance] })).status).toBe(400);
});

test('a policy for nobody, a value twice, a wrong list and a foreign property are refused', async () => {
  expect((await changeUsers(blockPortal, { includeUsers: [] })).status).toBe(400);
  expect((await changeUsers(blockPortal, { includeUsers: [tomas, tomas] })).status).toBe(400);
  expect((await changeUsers(blockPortal, { includeUsers: tomas })).status).toBe(400);
  expect((await patch(blockPortal, { conditions: { users: [] } })).status).toBe(400);
  expect((await patch(blockPortal, { createdDateTime: '2020-01-01T00:00:00Z' })).status).toBe(400);
  expect((await patch(nobody(), { state: 'disabled' })).status).toBe(404);
  expect((await patch(blockPortal, { state: 'disabled' })).status).toBe(204);
});

test('a new guest cannot be named until replicated', async () => {
  await tenant.settings({ replicationMs: hour });
  const id = (await tenant.invite('new.guest@outlook.example')).body.invitedUser.id as string;
  expect((await changeUsers(blockPortal, { includeUsers: [id, tomas] })).status).toBe(400);
  await tenant.control('POST', 'clock', { advanceMs: hour + 1 });
  expect((await changeUsers(blockPortal, { includeUsers: [id, tomas] })).status).toBe(204);
});

test('deletion, restore and purge leave the policies as they are', async () => {
  const { conditionalAccessPolicies: before } = await tenant.state();
  await tenant.graph('DELETE', `/users/${mara}`);
  await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
  expect((await tenant.state()).conditionalAccessPolicies).toEqual(before);
});

test('a change needs three permissions', async () => {
  const all = ['Policy.Read.All', 'Policy.ReadWrite.ConditionalAccess', 'Application.Read.All'];
  const statuses = [];
  for (const missing of all) {
    await tenant.settings({ grantedPermissions: all.filter((permission) => permission !== missing) });
    tenant.forgetTokens();
    statuses.push((await patch(blockPortal, { state: 'disabled' })).status);
  }
  expect(statuses).toEqual([403, 403, 403]);
  await tenant.settings({ grantedPermissions: all });
  tenant.forgetTokens();
  expect((await patch(blockPortal, { state: 'disabled' })).status).toBe(204);
});

test('Microsoft takes one request a second, reads and writes together, and names no time to wait', async () => {
  await tenant.settings({ throttling: 'microsoft' });
  const requests = [
    ...['1', '2', '3'].map((id) => ({ id, method: 'GET', url: path() })),
    { id: '4', method: 'PATCH', url: path(blockPortal), body: { state: 'disabled' }, headers: json },
    { id: '5', method: 'GET', url: '/organization' },
  ];
  const { body } = await tenant.graph('POST', '/$batch', { requests });
  const responses: Json[] = body.responses;
  const policies = responses.filter(({ id }) => id !== '5');
  const refused = policies.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(3);
  for (const { headers } of refused)
    expect(
      Object.keys(headers ?? {})
        .join()
        .toLowerCase(),
    ).not.toContain('retry-after');
  // Other services are not held up, and the limit passes.
  expect(responses.find(({ id }) => id === '5').status).toBe(200);
  await until('the policies to be readable again', async () => (await tenant.graph('GET', path())).status === 200);
});
