import { administrativeUnits, appRoles, groups, guests, servicePrincipals, staff } from '../../local/tenant/seed/ids';
import { freeReports } from '../../local/tenant/seed/people';
import { TestTenant, nobody, type Json } from './support';

const { ines, mara, tomas } = guests;
const guestInviter = '95e79109-95c0-4d8e-aee3-d01accf2d47b';
let tenant: TestTenant;

beforeAll(async () => {
  tenant = await TestTenant.start();
});
afterAll(() => tenant.close());

describe('directory roles', () => {
  const path = '/roleManagement/directory/roleAssignments';
  const assign = (more: object = {}) =>
    tenant.graph('POST', path, {
      '@odata.type': '#microsoft.graph.unifiedRoleAssignment',
      principalId: ines,
      roleDefinitionId: guestInviter,
      directoryScopeId: '/',
      ...more,
    });

  test('an assignment can be made once and removed once', async () => {
    const made = await assign();
    expect(made).toMatchObject({ status: 201, body: { principalId: ines, directoryScopeId: '/' } });
    const again = await assign();
    expect(again.status).toBe(400);
    expect(again.body.error.message).toContain('A conflicting object');
    expect((await assign({ directoryScopeId: `/administrativeUnits/${administrativeUnits.suppliers}` })).status).toBe(
      201,
    );
    const id = made.body.id as string;
    expect((await tenant.graph('GET', `${path}/${id}`)).status).toBe(200);
    expect((await tenant.graph('DELETE', `${path}/${id}`)).status).toBe(204);
    expect((await tenant.graph('DELETE', `${path}/${id}`)).status).toBe(404);
  });

  test('unknown principals, roles and scopes are refused', async () => {
    expect((await assign({ principalId: nobody() })).status).toBe(404);
    expect((await assign({ roleDefinitionId: nobody() })).status).toBe(404);
    expect((await assign({ directoryScopeId: `/administrativeUnits/${nobody()}` })).status).toBe(404);
    expect((await assign({ principalId: groups.finance })).status).toBe(400);
  });

  test('can be filtered by principal and role, and nothing else than is supported', async () => {
    const list = (filter: string) => tenant.graph('GET', `${path}?$filter=${encodeURIComponent(filter)}`);
    // Two lasting ones, and the one for a time that comes from PIM.
    expect((await list(`principalId eq '${mara}'`)).body.value).toHaveLength(3);
    const both = await list(`principalId eq '${mara}' and roleDefinitionId eq '${guestInviter}'`);
    expect(both.body.value).toHaveLength(1);
    const expanded = await tenant.graph('GET', `${path}?$expand=roleDefinition&$filter=principalId%20eq%20'${mara}'`);
    expect(expanded.body.value[0].roleDefinition.displayName).toBe('Guest Inviter');
    expect((await list("condition eq 'x'")).body.error.code).toBe('Request_UnsupportedQuery');
  });

  test('the last global administrator stays', async () => {
    const all = await tenant.state();
    const admins = all.roleAssignments.filter((one: Json) => one.roleDefinitionId.startsWith('62e90394'));
    expect((await tenant.graph('DELETE', `${path}/${admins[0].id as string}`)).status).toBe(204);
    expect((await tenant.graph('DELETE', `${path}/${admins[1].id as string}`)).status).toBe(400);
  });
});

describe('app roles', () => {
  const path = (resource: string): string => `/servicePrincipals/${resource}/appRoleAssignedTo`;
  const assign = (resourceId: string, appRoleId: string, principalId: string = ines) =>
    tenant.graph('POST', path(resourceId), { principalId, resourceId, appRoleId });
  const none = '00000000-0000-0000-0000-000000000000';

  test('an assignment is seen from the user and from the application', async () => {
    const made = await assign(servicePrincipals.supplierPortal, appRoles.portalReader);
    expect(made).toMatchObject({
      status: 201,
      body: { principalType: 'User', resourceDisplayName: 'Supplier Portal' },
    });
    const again = await assign(servicePrincipals.supplierPortal, appRoles.portalReader);
    expect(again.body.error.message).toBe('Permission being assigned already exists on the object');
    const mine = await tenant.graph('GET', `/users/${ines}/appRoleAssignments`);
    expect(mine.body.value).toMatchObject([{ id: made.body.id }]);
    const item = `${path(servicePrincipals.supplierPortal)}/${made.body.id as string}`;
    expect((await tenant.graph('DELETE', item)).status).toBe(204);
    expect((await tenant.graph('DELETE', item)).status).toBe(404);
  });

  test('only roles that the application has; default access only where there are none', async () => {
    expect((await assign(servicePrincipals.supplierPortal, appRoles.archiveReader)).status).toBe(400);
    expect((await assign(servicePrincipals.supplierPortal, none)).status).toBe(400);
    expect((await assign(servicePrincipals.reportViewer, none)).status).toBe(201);
    const unknown = await assign(servicePrincipals.reportViewer, none, nobody());
    expect(unknown).toMatchObject({ status: 400, body: { error: { message: 'Not a valid reference update.' } } });
  });

  test('the resource in the body must be the one in the path', async () => {
    const body = { principalId: ines, resourceId: servicePrincipals.timesheets, appRoleId: appRoles.portalReader };
    expect((await tenant.graph('POST', path(servicePrincipals.supplierPortal), body)).status).toBe(400);
  });
});

test('consents: read by user, created once', async () => {
  await tenant.settings({ grantedPermissions: ['DelegatedPermissionGrant.ReadWrite.All', 'Directory.Read.All'] });
  tenant.forgetTokens();
  const own = await tenant.graph('GET', `/users/${mara}/oauth2PermissionGrants`);
  expect(own.body.value).toMatchObject([{ consentType: 'Principal', principalId: mara }]);
  const grant = {
    clientId: servicePrincipals.supplierPortal,
    consentType: 'Principal',
    principalId: tomas,
    resourceId: servicePrincipals.microsoftGraph,
    scope: 'User.Read',
  };
  const made = await tenant.graph('POST', '/oauth2PermissionGrants', grant);
  expect(made.status).toBe(201);
  expect((await tenant.graph('POST', '/oauth2PermissionGrants', grant)).status).toBe(409);
  expect((await tenant.graph('POST', '/oauth2PermissionGrants', { ...grant, principalId: nobody() })).status).toBe(400);
  expect((await tenant.graph('DELETE', `/oauth2PermissionGrants/${made.body.id as string}`)).status).toBe(204);
});

test('licences need a location, a product and a free seat', async () => {
  await tenant.settings({ grantedPermissions: ['User.ReadWrite.All'] });
  tenant.forgetTokens();
  const add = (id: string, skuId = freeReports) =>
    tenant.graph('POST', `/users/${id}/assignLicense`, {
      addLicenses: [{ skuId, disabledPlans: [] }],
      removeLicenses: [],
    });
  expect((await add(ines)).body.error.message).toContain('usage location');
  expect((await tenant.graph('PATCH', `/users/${ines}`, { usageLocation: 'PT' })).status).toBe(204);
  expect((await add(ines, nobody())).status).toBe(400);
  expect((await add(ines)).status).toBe(200);
  const details = await tenant.graph('GET', `/users/${ines}/licenseDetails`);
  expect(details.body.value).toMatchObject([{ skuPartNumber: 'POWER_BI_STANDARD' }]);
  await tenant.change((state) => (state.subscribedSkus[0].prepaidUnits.enabled = 2));
  expect((await add(staff.labManager)).body.error.message).toContain('does not have any available licenses');
});

describe('user properties', () => {
  beforeAll(async () => {
    await tenant.settings({ grantedPermissions: ['User.ReadWrite.All'] });
    tenant.forgetTokens();
  });
  const change = (body: object) => tenant.graph('PATCH', `/users/${ines}`, body);

  test('change durably and without an answer', async () => {
    expect(await change({ jobTitle: 'Nurse', businessPhones: ['+351 1'] })).toMatchObject({ status: 204, text: '' });
    expect((await tenant.graph('GET', `/users/${ines}`)).body).toMatchObject({ jobTitle: 'Nurse' });
  });

  test('a new mail address becomes the primary proxy address', async () => {
    await change({ mail: 'ines@outlook.example' });
    const { body } = await tenant.graph('GET', `/users/${ines}?$select=proxyAddresses`);
    expect(body.proxyAddresses).toEqual(['SMTP:ines@outlook.example', 'smtp:ines.duarte@lusomed.example']);
    expect((await change({ mail: 'tomas.berger@ostsund.example' })).body.error.details[0].target).toBe(
      'proxyAddresses',
    );
  });

  test.each([
    ['unknown', { jobTitel: 'x' }],
    ['read-only', { proxyAddresses: [] }],
    ['a mail set to null', { mail: null }],
    ['two business phones', { businessPhones: ['1', '2'] }],
    ['a wrong country', { usageLocation: 'Sweden' }],
    ['kept elsewhere and mixed', { aboutMe: 'x', jobTitle: 'y' }],
    ['a name of a foreign domain', { userPrincipalName: 'ines@elsewhere.example' }],
  ])('%s is refused', async (_what, body) => {
    expect((await change(body)).status).toBe(400);
  });

  test('identities cannot be written', async () => {
    expect((await change({ identities: [] })).status).toBe(403);
  });
});
