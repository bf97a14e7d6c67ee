import { APP_SERVICE_PRINCIPAL_ID, TENANT_ID, azure, azureRoles, guests } from '../../local/tenant/seed/ids';
import { TestTenant, type Answer, type Json } from './support';

const { mara } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const everywhere = { authorizationScopeFilter: 'AtScopeAboveAndBelow' };
const path = '/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01';

const ask = (query: string, options: object = {}, more: object = {}): Promise<Answer> =>
  tenant.arm('POST', path, { query, options, ...more });

const rows = async (query: string, options: object = {}, more: object = {}): Promise<Json[]> => {
  const answer = await ask(query, options, more);
  expect(answer.status).toBe(200);
  return answer.body.data as unknown[];
};

const assignments =
  "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' " +
  `| where tostring(properties.principalId) =~ '${mara.toUpperCase()}'`;

/** The app's roles as given, instead of its own at the root group. */
const appHolds = (...held: [scope: string, role: string][]): Promise<void> =>
  tenant.change((state) => {
    const [sample] = state.azureRoleAssignments;
    state.azureRoleAssignments = [
      ...state.azureRoleAssignments.filter((one: Json) => one.properties.principalId !== APP_SERVICE_PRINCIPAL_ID),
      ...held.map(([scope, role], index) => ({
        ...sample,
        id: `${scope}/providers/Microsoft.Authorization/roleAssignments/app-${index}`,
        name: `app-${index}`,
        properties: {
          ...sample.properties,
          principalId: APP_SERVICE_PRINCIPAL_ID,
          scope,
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        },
      })),
    ];
  });

test('role assignments of a principal across the tenant, spelled as the index spells them', async () => {
  const found = await rows(`${assignments} | order by id asc`, everywhere);
  const scopes = new Set(found.map((row) => row.properties.scope));
  expect(scopes).toEqual(
    new Set([
      azure.plantsManagementGroup,
      azure.labSubscription,
      azure.measurementsGroup,
      azure.measurementsStorage,
      azure.portalGroup,
    ]),
  );
  const described = found.find((row) => row.properties.scope === azure.plantsManagementGroup);
  expect(described).toMatchObject({
    type: 'microsoft.authorization/roleassignments',
    tenantId: TENANT_ID,
    properties: {
      principalId: mara,
      roleDefinitionId: `/providers/Microsoft.Authorization/RoleDefinitions/${azureRoles.monitoringReader}`,
    },
  });
  expect(described.id).toMatch(/\/RoleAssignments\//);
  expect(described.properties).not.toHaveProperty('description');
});

test('without the scope filter what lies above the subscriptions is missing', async () => {
  const below = await rows(assignments);
  expect(below.map((row) => row.properties.scope)).not.toContain(azure.plantsManagementGroup);
  const above = await rows(assignments, { authorizationScopeFilter: 'AtScopeAndAbove' });
  expect(above.map((row) => row.properties.scope).sort()).toEqual(
    [azure.plantsManagementGroup, azure.labSubscription, azure.labSubscription].sort(),
  );
  const group = await rows(assignments, { authorizationScopeFilter: 'AtScopeExact' }, { managementGroups: ['plants'] });
  expect(group).toHaveLength(1);
});

test('names of roles, of built-in ones only with the scopes above', async () => {
  const definitions =
    "authorizationresources | where type =~ 'microsoft.authorization/roledefinitions' " +
    `| where name in~ ('${azureRoles.reader}', '${azureRoles.owner}') | project id, name, roleName = tostring(properties.roleName)`;
  const found = await rows(definitions, everywhere);
  expect(found.map((row) => row.roleName).sort()).toEqual(['Owner', 'Reader']);
  expect(Object.keys(found[0])).toEqual(['id', 'name', 'roleName']);
  expect(await rows(definitions)).toEqual([]);
});

test('Key Vaults by what stands in their access policies', async () => {
  const vaults =
    "resources | where type =~ 'microsoft.keyvault/vaults' " +
    `| where tostring(properties.accessPolicies) contains '${guests.tomas}' | project id`;
  expect(await rows(vaults)).toEqual([{ id: azure.portalVault }]);
  const roles = await rows('resources | where properties.enableRbacAuthorization == true | project id, name');
  expect(roles).toEqual([{ id: azure.rolesVault, name: 'kv-instruments' }]);
});

test('pages follow each other by token, and only for queries that project the id', async () => {
  const query = `${assignments} | project id | order by id asc`;
  const all = await rows(query, everywhere);
  const first = await ask(query, { ...everywhere, $top: 4 });
  expect(first.body).toMatchObject({ totalRecords: all.length, count: 4, resultTruncated: 'false' });
  const second = await ask(query, { ...everywhere, $skipToken: first.body.$skipToken });
  expect([...first.body.data, ...second.body.data]).toEqual(all);
  expect(second.body).not.toHaveProperty('$skipToken');
  const unpageable = await ask(`${assignments} | project name`, { ...everywhere, $top: 4 });
  expect(unpageable.body).toMatchObject({ count: 4, resultTruncated: 'true' });
  expect(unpageable.body).not.toHaveProperty('$skipToken');
  const foreign = await ask(assignments, { $skipToken: first.body.$skipToken });
  expect(foreign.status).toBe(400);
});

test('a table of columns and rows when asked for', async () => {
  const answer = await ask('resources | project id, name | order by id asc | take 1', { resultFormat: 'table' });
  expect(answer.body.data).toEqual({
    columns: [
      { name: 'id', type: 'string' },
      { name: 'name', type: 'string' },
    ],
    rows: [[azure.portalVault, 'kv-supplier-portal']],
  });
});

test('the index lags behind; the list does not', async () => {
  await tenant.settings({ resourceGraphLagMs: 60_000 });
  const name = '22222222-2222-4222-8222-222222222222';
  const made = await tenant.arm(
    'PUT',
    `${azure.measurementsGroup}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    {
      properties: {
        roleDefinitionId: `${azure.labSubscription}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.owner}`,
        principalId: mara,
        principalType: 'User',
      },
    },
  );
  expect(made.status).toBe(201);
  const names = async (): Promise<string[]> => (await rows(assignments, everywhere)).map((row) => row.name);
  expect(await names()).not.toContain(name);
  const filter = encodeURIComponent(`principalId eq '${mara}'`);
  const listed = await tenant.arm(
    'GET',
    `${azure.labSubscription}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`,
  );
  expect(listed.body.value.map((row: Json) => row.name)).toContain(name);
  await tenant.control('POST', 'clock', { advanceMs: 60_001 });
  expect(await names()).toContain(name);
});

test('only what the caller may read is answered, without a word about the rest', async () => {
  await appHolds([azure.measurementsGroup, azureRoles.reader]);
  const found = await rows(assignments, everywhere);
  expect(found.map((row) => row.properties.scope).sort()).toEqual(
    [azure.measurementsGroup, azure.measurementsStorage].sort(),
  );
  const named = await rows(assignments, everywhere, {
    subscriptions: [azure.productionSubscription, azure.labSubscription].map((id) =>
      id.slice('/subscriptions/'.length),
    ),
  });
  expect(named).toHaveLength(found.length);
});

test('a caller without any subscription is refused', async () => {
  await appHolds();
  const refused = await ask(assignments, everywhere);
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
  expect(refused.body.error.details.map((one: Json) => one.code)).toEqual([
    'InvalidQuery',
    'NoValidSubscriptionsInQueryRequest',
  ]);
});

test.each([
  ['no query', '', 'ParserFailure'],
  ['an unknown table', 'secrets | take 1', 'DisallowedLogicalTableName'],
  ['an unknown operator', 'resources | summarize count() by type', 'ParserFailure'],
  ['an unknown function', 'resources | where cout(name) == 1', 'UnknownFunction'],
  ['half a condition', 'resources | where name ==', 'ParserFailure'],
  ['an open quote', "resources | where name == 'x", 'ParserFailure'],
])('%s is refused as a bad request with the reason in the details', async (_what, query, code) => {
  const refused = await ask(query);
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
  expect(refused.body.error.details[1].code).toBe(code);
});

test.each([[{ $top: 1001 }], [{ $top: 0 }], [{ resultFormat: 'csv' }], [{ authorizationScopeFilter: 'Everything' }]])(
  'the options %j are refused',
  async (options) => {
    expect((await ask('resources', options)).status).toBe(400);
  },
);

test('other api-versions and methods are refused', async () => {
  const body = { query: 'resources' };
  const wrong = await tenant.arm('POST', path.replace('2022-10-01', '2022-04-01'), body);
  expect(wrong).toMatchObject({ status: 400, body: { error: { code: 'NoRegisteredProviderFound' } } });
  expect((await tenant.arm('GET', path)).status).toBe(405);
});
