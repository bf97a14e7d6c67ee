import { APP_SERVICE_PRINCIPAL_ID, TENANT_ID, azure, azureRoles, guests } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Answer, type Json } from './support';

const { mara, ines } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const version = 'api-version=2022-07-01';

const policies = async (vault: string): Promise<Json[]> => {
  const answer = await tenant.arm('GET', `${vault}?${version}`);
  expect(answer.status).toBe(200);
  return answer.body.properties.accessPolicies as unknown[];
};

const of = (list: Json[], objectId: string): Json[] => list.filter((one) => one.objectId === objectId);

const update = (operation: string, policy: object, vault: string = azure.portalVault): Promise<Answer> =>
  tenant.arm('PUT', `${vault}/accessPolicies/${operation}?${version}`, {
    properties: { accessPolicies: [{ tenantId: TENANT_ID, objectId: ines, permissions: {}, ...policy }] },
  });

test('a vault with its policies, and the vaults of a subscription', async () => {
  expect(of(await policies(azure.calibrationVault), mara)).toHaveLength(2);
  const listed = await tenant.arm('GET', `${azure.labSubscription}/providers/Microsoft.KeyVault/vaults?${version}`);
  expect(listed.body.value.map((vault: Json) => vault.name)).toEqual(['kv-calibration', 'kv-instruments']);
  expect((await tenant.arm('GET', `${azure.portalVault}-2?${version}`)).body.error.code).toBe('ResourceNotFound');
});

test('add makes an entry and merges into an existing one', async () => {
  const made = await update('add', { permissions: { secrets: ['get'] } });
  expect(made.status).toBe(201);
  const more = await update('add', { permissions: { secrets: ['Get', 'set'], keys: ['list'] } });
  expect(more.status).toBe(200);
  expect(of(more.body.properties.accessPolicies, ines)).toEqual([
    {
      tenantId: TENANT_ID,
      objectId: ines,
      permissions: { keys: ['list'], secrets: ['get', 'set'], certificates: [], storage: [] },
    },
  ]);
  expect(of(await policies(azure.portalVault), mara)).toHaveLength(1);
});

test('an identity acting through an application has an entry of its own', async () => {
  await update('add', { permissions: { secrets: ['get'] } });
  await update('add', { permissions: { secrets: ['set'] }, applicationId: nobody() });
  expect(of(await policies(azure.portalVault), ines)).toHaveLength(2);
});

test('replace puts other permissions in their place', async () => {
  await update('add', { permissions: { secrets: ['get', 'list'] } });
  await update('replace', { permissions: { secrets: ['set'] } });
  expect(of(await policies(azure.portalVault), ines)[0].permissions.secrets).toEqual(['set']);
});

test('remove takes what it names as it is spelled, and the entry with the last permission', async () => {
  await update('add', { permissions: { secrets: ['Get', 'list'] } });
  await update('remove', { permissions: { secrets: ['get', 'list'] } });
  expect(of(await policies(azure.portalVault), ines)[0].permissions.secrets).toEqual(['Get']);
  await update('remove', { permissions: { secrets: ['Get'] } });
  expect(of(await policies(azure.portalVault), ines)).toEqual([]);
  expect((await update('remove', { permissions: { secrets: ['Get'] } })).status).toBe(200);
});

test('a vault that uses roles takes policies and keeps them', async () => {
  expect((await update('add', { permissions: { secrets: ['get'] } }, azure.rolesVault)).status).toBe(201);
  const vault = await tenant.arm('GET', `${azure.rolesVault}?${version}`);
  expect(vault.body.properties).toMatchObject({ enableRbacAuthorization: true });
  expect(of(vault.body.properties.accessPolicies, ines)).toHaveLength(1);
});

test('nobody checks whether the identity exists, but what is no identity is refused', async () => {
  expect((await update('add', { objectId: nobody(), permissions: { keys: ['get'] } })).status).toBe(201);
  for (const wrong of [{ objectId: 'mara' }, { tenantId: nobody() }, { permissions: null }]) {
    expect(await update('add', wrong)).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
  }
});

test('a vault has at most 1024 entries', async () => {
  await tenant.change((state) => {
    const vault = state.azureResources.find((one: Json) => one.id === azure.portalVault);
    vault.properties.accessPolicies = Array.from({ length: 1024 }, () => ({
      tenantId: TENANT_ID,
      objectId: nobody(),
      permissions: { keys: ['get'] },
    }));
  });
  expect((await update('add', { permissions: { keys: ['get'] } })).status).toBe(400);
});

test('reading and writing are roles of the app', async () => {
  await tenant.change((state) => {
    state.azureRoleAssignments = state.azureRoleAssignments.filter(
      (one: Json) =>
        one.properties.principalId !== APP_SERVICE_PRINCIPAL_ID ||
        !one.properties.roleDefinitionId.endsWith(azureRoles.keyVaultContributor),
    );
  });
  expect(await policies(azure.portalVault)).toHaveLength(3);
  const refused = await update('add', { permissions: { secrets: ['get'] } });
  expect(refused.status).toBe(403);
  expect(refused.body.error.message).toContain('Microsoft.KeyVault/vaults/accessPolicies/write');
});

test('what another writer just did is seen by the next write, though reads lag', async () => {
  await tenant.settings({ replicationMs: 3_600_000 });
  await update('add', { permissions: { secrets: ['get'] } });
  const answer = await update('add', { permissions: { secrets: ['set'] } });
  expect(of(answer.body.properties.accessPolicies, ines)[0].permissions.secrets).toEqual(['get', 'set']);
});

test('a purge leaves the entry behind', async () => {
  await tenant.graph('DELETE', `/users/${mara}`);
  await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
  expect(of(await policies(azure.portalVault), mara)).toHaveLength(1);
});
