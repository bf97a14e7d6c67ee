import { APP_SERVICE_PRINCIPAL_ID, groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Json } from './support';

let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

test('a state read and loaded again is the same', async () => {
  await tenant.graph('DELETE', `/users/${guests.ines}`);
  await tenant.invite('new.guest@outlook.example', { sendInvitationMessage: true });
  const before = await tenant.state();
  const other = await TestTenant.start({ seed: {} });
  await other.control('PUT', 'state', before);
  expect(await other.state()).toEqual(before);
  await other.close();
});

test('a partial state gives an empty tenant in which the app can work', async () => {
  const guest = { id: nobody(), displayName: 'Only Guest', userType: 'Guest', mail: 'only@guest.example' };
  await tenant.control('PUT', 'state', { users: [guest] });
  const state = await tenant.state();
  expect(state.users).toEqual([guest]);
  expect(state.groups).toEqual([]);
  expect(state.servicePrincipals.map((one: Json) => one.id)).toContain(APP_SERVICE_PRINCIPAL_ID);
  expect((await tenant.invite('a@outlook.example')).status).toBe(201);
  expect((await tenant.graph('GET', '/organization')).body.value).toHaveLength(1);
});

test('a document that does not mention the app keeps its access, also in subscriptions that only grants name', async () => {
  const guest = { id: nobody(), displayName: 'Only Guest', userType: 'Guest', mail: 'only@guest.example' };
  const [role] = (await tenant.state()).roleDefinitions as Json[];
  const scope = `/subscriptions/${nobody()}/resourceGroups/rg`;
  const name = nobody();
  await tenant.control('PUT', 'state', {
    users: [guest],
    roleAssignments: [{ id: 'r', principalId: guest.id, roleDefinitionId: role?.['id'], directoryScopeId: '/' }],
    azureRoleAssignments: [
      {
        id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
        name,
        properties: {
          scope,
          principalId: guest.id,
          roleDefinitionId: '/providers/x/acdd72a7-3385-48ef-bd42-f606fba81ae7',
        },
      },
    ],
  });
  const holders = (await tenant.state()).roleAssignments.map((one: Json) => one['principalId']);
  expect(holders).toEqual([guest.id, APP_SERVICE_PRINCIPAL_ID]);
  const found = await tenant.arm(
    'GET',
    `${scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01`,
  );
  expect(found.status).toBe(200);
  expect(found.body.value.map((one: Json) => one['name'])).toContain(name);
  expect((await tenant.arm('GET', '/subscriptions?api-version=2022-12-01')).body.value).toHaveLength(1);
});

test('a seed is loaded instead of the built-in tenant', async () => {
  const seeded = await TestTenant.start({ seed: { users: [{ id: nobody(), displayName: 'Seeded' }] } });
  expect((await seeded.state()).users).toHaveLength(1);
  await seeded.close();
});

test.each<[string, object | string, string]>([
  ['an unknown collection', { people: [] }, 'people'],
  ['a collection that is no list', { users: {} }, 'users'],
  ['an object without id', { users: [{}] }, 'users[0].id'],
  ['an id twice', { users: [{ id: 'a' }, { id: 'a' }] }, 'users[1].id'],
  ['a member that does not exist', { groups: [{ id: 'g', members: ['x'] }] }, 'groups[0].members'],
  ['a role for nobody', { roleAssignments: [{ id: 'r', principalId: 'x' }] }, 'roleAssignments[0].principalId'],
  [
    'a rule nobody understands',
    { groups: [{ id: 'g', membershipRule: 'user.x -match "y"' }] },
    'groups[0].membershipRule',
  ],
  ['a list', [], 'must be a JSON object'],
  ['broken JSON', '{', 'not JSON'],
])('%s is refused, naming the place', async (_what, document, place) => {
  const before = await tenant.state();
  const refused = await tenant.send('PUT', '/_tenant/state', document);
  expect(refused.status).toBe(400);
  expect(refused.body.error).toContain(place);
  expect(await tenant.state()).toEqual(before);
});

test('settings are changed in part; unknown ones and wrong values are refused', async () => {
  const before = await tenant.control('GET', 'settings');
  expect(await tenant.settings({ latencyMs: 5 })).toEqual({ ...before, latencyMs: 5 });
  const refused = async (change: object) => (await tenant.send('PUT', '/_tenant/settings', change)).status;
  expect(await refused({ colour: 'blue' })).toBe(400);
  expect(await refused({ latencyMs: -1 })).toBe(400);
  expect(await refused({ throttling: 'sometimes' })).toBe(400);
  expect(await tenant.control('GET', 'settings')).toEqual({ ...before, latencyMs: 5 });
});

test('latency is felt', async () => {
  await tenant.settings({ latencyMs: 120 });
  const started = performance.now();
  await tenant.graph('GET', '/organization');
  expect(performance.now() - started).toBeGreaterThan(115);
});

test('the request log tells paths and queries apart and keeps tokens out', async () => {
  await tenant.graph('PATCH', `/users/${guests.leo}`, { city: 'Lyon' }, { 'client-request-id': 'mine' });
  await tenant.graph('GET', `/users/${guests.leo}?$select=city`);
  const [first, second] = await tenant.control('GET', 'requests');
  expect(Object.keys(first).sort()).toEqual(['at', 'method', 'ms', 'path', 'query', 'status']);
  expect(second).toMatchObject({ path: `/v1.0/users/${guests.leo}`, query: '$select=city', status: 200 });
  const detailed = await tenant.control('GET', 'requests?bodies=true');
  expect(detailed[0]).toMatchObject({ requestBody: { city: 'Lyon' }, requestHeaders: { 'client-request-id': 'mine' } });
  expect(detailed[1].responseBody).toMatchObject({ city: 'Lyon' });
  expect(JSON.stringify(detailed)).not.toMatch(/bearer|authorization"/i);
  await tenant.control('DELETE', 'requests');
  expect(await tenant.control('GET', 'requests')).toEqual([]);
});

test('the clock moves forward only', async () => {
  const { now } = await tenant.control('GET', 'clock');
  const moved = await tenant.control('POST', 'clock', { advanceMs: 3_600_000 });
  expect(Date.parse(moved.now) - Date.parse(now)).toBeGreaterThanOrEqual(3_600_000);
  expect((await tenant.send('POST', '/_tenant/clock', { advanceMs: -1 })).status).toBe(400);
});

test('the built-in tenant shows every kind of group and guest', async () => {
  const { users, groups: all, roleAssignments, azureRoleAssignments, appRoleAssignments } = await tenant.state();
  const issuers = users
    .filter((user: Json) => user.userType === 'Guest')
    .map((user: Json) => user.identities.find((one: Json) => one.signInType === 'federated')?.issuer ?? 'pending');
  expect([...issuers].sort()).toEqual(
    [
      'ExternalAzureAD',
      'ExternalAzureAD',
      'ExternalAzureAD',
      'MicrosoftAccount',
      'google.com',
      'https://sso.rheinlabor.example/adfs/services/trust',
      'mail',
      'pending',
    ].sort(),
  );
  const { mara } = guests;
  const count = (rows: Json[], held: (row: Json) => boolean): number => rows.filter(held).length;
  const grants =
    count(all, (group) => group.members.includes(mara)) +
    count(all, (group) => group.owners.includes(mara)) +
    count(roleAssignments, (one) => one.principalId === mara) +
    count(appRoleAssignments, (one) => one.principalId === mara) +
    count(azureRoleAssignments, (one) => one.properties.principalId === mara);
  expect(grants).toBeGreaterThanOrEqual(23);
  expect(all.find((group: Json) => group.id === groups.qualityDynamic).members).toEqual(
    expect.arrayContaining([mara, staff.labManager]),
  );
});
