import { APP_SERVICE_PRINCIPAL_ID, azure, azureRoles, groups, guests } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Json } from './support';

const { mara, tomas } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const assignments = '/providers/Microsoft.Authorization/roleAssignments';
const name = '22222222-2222-4222-8222-222222222222';

const list = async (scope: string, filter?: string): Promise<Json[]> => {
  const query = filter === undefined ? '' : `?$filter=${encodeURIComponent(filter)}`;
  const answer = await tenant.arm('GET', `${scope}${assignments}${query}`);
  expect(answer.status).toBe(200);
  return answer.body.value as unknown[];
};

const put = (scope: string, more: object = {}, as = name) =>
  tenant.arm('PUT', `${scope}${assignments}/${as}`, {
    properties: {
      roleDefinitionId: `${azure.labSubscription}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.reader}`,
      principalId: tomas,
      principalType: 'User',
      ...more,
    },
  });

test('subscriptions and management groups that the app can see', async () => {
  const subscriptions = await tenant.arm('GET', '/subscriptions');
  expect(subscriptions.body.value.map((one: Json) => one.id)).toEqual([
    azure.productionSubscription,
    azure.labSubscription,
  ]);
  const managementGroups = await tenant.arm('GET', '/providers/Microsoft.Management/managementGroups');
  expect(managementGroups.body.value).toHaveLength(2);
  expect((await tenant.arm('GET', azure.labSubscription)).body.displayName).toBe('Fjellbekk Laboratories');
  expect((await tenant.arm('GET', `${azure.labSubscription}/resourceGroups`)).body.value).toHaveLength(1);
});

test('a subscription lists what is inherited, its own and what is below; atScope leaves the last out', async () => {
  // What PIM has made active shows too; armPim.test.ts is about that.
  const lasting = (row: Json): boolean => !row.properties.roleDefinitionId.endsWith(azureRoles.contributor);
  const scopes = (rows: Json[]): string[] =>
    rows
      .filter(lasting)
      .map((row) => row.properties.scope)
      .sort();
  const all = await list(azure.labSubscription, `principalId eq '${mara}'`);
  expect(scopes(all)).toEqual(
    [azure.plantsManagementGroup, azure.labSubscription, azure.measurementsGroup, azure.measurementsStorage].sort(),
  );
  const above = await list(azure.labSubscription, `principalId eq '${mara}' and atScope()`);
  expect(scopes(above)).toEqual([azure.plantsManagementGroup, azure.labSubscription].sort());
  expect(scopes(await list(azure.plantsManagementGroup, `principalId eq '${mara}'`))).toEqual([
    azure.plantsManagementGroup,
  ]);
});

test('assignedTo finds what a principal has through groups', async () => {
  await put(azure.labSubscription, { principalId: groups.calibrationLab, principalType: 'Group' });
  const direct = await list(azure.labSubscription, `principalId eq '${mara}'`);
  const through = await list(azure.labSubscription, `assignedTo('${mara}')`);
  expect(through).toHaveLength(direct.length + 1);
});

test('more than one page', async () => {
  await tenant.change((state) => {
    const [first] = state.azureRoleAssignments;
    for (let index = 0; index < 120; index++) {
      const id = nobody();
      state.azureRoleAssignments.push({
        ...first,
        id: `${azure.labSubscription}${assignments}/${id}`,
        name: id,
        properties: { ...first.properties, scope: azure.labSubscription, principalId: nobody() },
      });
    }
  });
  const seen: string[] = [];
  let path: string | undefined = `${azure.labSubscription}${assignments}`;
  let next: string | undefined;
  for (let page = 0; page < 2; page++) {
    const answer: { body: Json } = await tenant.arm('GET', path);
    seen.push(...answer.body.value.map((one: { id: string }) => one.id));
    next = answer.body.nextLink;
    path =
      next
        ?.slice(tenant.url.length)
        .replace(/[?&]api-version=[^&]*/, '?')
        .replace('?&', '?') ?? '';
  }
  expect(next).toBeUndefined();
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThan(120);
});

test('a new assignment answers 201, the same again 200, and is found', async () => {
  const made = await put(azure.measurementsGroup);
  expect(made).toMatchObject({
    status: 201,
    body: { name, properties: { principalType: 'User', scope: azure.measurementsGroup } },
  });
  const described = await put(azure.measurementsGroup, { description: 'why' });
  expect(described).toMatchObject({ status: 200, body: { properties: { description: 'why' } } });
  expect((await tenant.arm('GET', `${azure.measurementsGroup}${assignments}/${name}`)).status).toBe(200);
});

test('another name for the same is a conflict, the same name for another is refused', async () => {
  await put(azure.measurementsGroup);
  const twin = await put(azure.measurementsGroup, {}, nobody());
  expect(twin).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
  const changed = await put(azure.measurementsGroup, { principalId: guests.ines });
  expect(changed).toMatchObject({ status: 400, body: { error: { code: 'RoleAssignmentUpdateNotPermitted' } } });
});

test.each([
  ['an unknown role', { roleDefinitionId: `/x/${nobody()}` }, 'RoleDefinitionDoesNotExist'],
  ['an unknown principal', { principalId: nobody() }, 'PrincipalNotFound'],
  ['another type of principal', { principalType: 'Group' }, 'UnmatchedPrincipalType'],
  ['no principal', { principalId: '' }, 'BadRequestFormat'],
  ['a condition without its version', { condition: 'x' }, 'InvalidConditionVersion'],
])('%s is refused', async (_what, more, code) => {
  expect(await put(azure.measurementsGroup, more)).toMatchObject({ status: 400, body: { error: { code } } });
});

test('names must be GUIDs and scopes must exist', async () => {
  expect((await put(azure.measurementsGroup, {}, 'mine')).body.error.code).toBe('InvalidRoleAssignmentId');
  expect((await put(`/subscriptions/${nobody()}`)).body.error.code).toBe('SubscriptionNotFound');
  expect((await put(`${azure.labSubscription}/resourceGroups/nothing`)).status).toBe(404);
});

test('a deletion answers 200 with the assignment and then 204', async () => {
  await put(azure.labSubscription);
  const path = `${azure.labSubscription}${assignments}/${name}`;
  expect(await tenant.arm('DELETE', path)).toMatchObject({ status: 200, body: { name } });
  expect((await tenant.arm('DELETE', path)).status).toBe(204);
});

test('without roles the app sees and writes nothing', async () => {
  await tenant.change((state) => {
    state.azureRoleAssignments = state.azureRoleAssignments.filter(
      (one: Json) => one.properties.principalId !== APP_SERVICE_PRINCIPAL_ID,
    );
  });
  expect((await tenant.arm('GET', '/subscriptions')).body.value).toEqual([]);
  const refused = await put(azure.labSubscription);
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
  expect((await tenant.arm('GET', `${azure.labSubscription}${assignments}`)).status).toBe(403);
});

test('a reader reads and does not write', async () => {
  await tenant.change((state) => {
    state.azureRoleAssignments = state.azureRoleAssignments.filter(
      (one: Json) =>
        one.properties.principalId !== APP_SERVICE_PRINCIPAL_ID ||
        one.properties.roleDefinitionId.endsWith(azureRoles.reader),
    );
  });
  expect((await tenant.arm('GET', `${azure.labSubscription}${assignments}`)).status).toBe(200);
  expect((await put(azure.labSubscription)).status).toBe(403);
  const permissions = await tenant.arm('GET', `${azure.labSubscription}/providers/Microsoft.Authorization/permissions`);
  expect(permissions.body.value).toEqual([
    { actions: ['*/read'], notActions: [], dataActions: [], notDataActions: [] },
  ]);
});

test('the last administrator of a subscription stays', async () => {
  await tenant.change((state) => {
    const own = state.azureRoleAssignments.filter(
      (one: Json) => one.properties.principalId === APP_SERVICE_PRINCIPAL_ID,
    );
    const admin = own.find((one: Json) => one.properties.roleDefinitionId.endsWith(azureRoles.userAccessAdministrator));
    admin.id = `${azure.labSubscription}${assignments}/${name}`;
    admin.name = name;
    admin.properties.scope = azure.labSubscription;
    state.azureRoleAssignments = own;
  });
  const refused = await tenant.arm('DELETE', `${azure.labSubscription}${assignments}/${name}`);
  expect(refused.status).toBe(400);
  expect(refused.body.error.message).toContain('Cannot delete the last RBAC admin assignment');
});

test('role definitions by name and id', async () => {
  const path = `${azure.labSubscription}/providers/Microsoft.Authorization/roleDefinitions`;
  const found = await tenant.arm('GET', `${path}?$filter=${encodeURIComponent("roleName eq 'Reader'")}`);
  expect(found.body.value.map((one: Json) => one.name)).toEqual([azureRoles.reader]);
  expect(found.body.value[0].id.startsWith(azure.labSubscription)).toBe(true);
  expect((await tenant.arm('GET', `${path}/${azureRoles.owner}`)).body.properties.roleName).toBe('Owner');
  expect((await tenant.arm('GET', `${path}/${nobody()}`)).status).toBe(404);
});

test('the api-version is required and unknown things are refused', async () => {
  const authorization = `Bearer ${await tenant.token('https://management.azure.com/')}`;
  const bare = await tenant.send('GET', '/subscriptions', undefined, { authorization });
  expect(bare).toMatchObject({ status: 400, body: { error: { code: 'MissingApiVersionParameter' } } });
  expect((await tenant.arm('GET', `${azure.labSubscription}/providers/Microsoft.Nothing/things`)).status).toBe(404);
  const filter = `?$filter=${encodeURIComponent("scope eq 'x'")}`;
  expect((await tenant.arm('GET', `${azure.labSubscription}${assignments}${filter}`)).status).toBe(400);
});
