import {
  administrativeUnits,
  applications,
  exchangeFoundationPlan,
  groups,
  guests,
  products,
  servicePrincipals,
  staff,
} from '../../local/tenant/seed/ids';
import { TestTenant, link, nobody, type Json } from './support';

const { mara, tomas, ines } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const ids = (body: Json): string[] => body.value.map((one: Json) => one.id as string);

describe.each([
  { what: 'applications', id: applications.measurementArchive },
  { what: 'servicePrincipals', id: servicePrincipals.measurementArchive },
])('owners of $what', ({ what, id }) => {
  const add = (owner: string, object = id) =>
    tenant.graph('POST', `/${what}/${object}/owners/$ref`, { '@odata.id': link(owner) });

  test('can be added once', async () => {
    expect(await add(ines)).toMatchObject({ status: 204, text: '' });
    const again = await add(ines);
    expect(again.status).toBe(400);
    expect(again.body.error.message).toContain("already exist for the following modified properties: 'owners'");
    const owners = await tenant.graph('GET', `/${what}/${id}/owners`);
    expect(ids(owners.body)).toEqual([staff.labManager, mara, ines]);
    expect(owners.body.value[0]['@odata.type']).toBe('#microsoft.graph.user');
  });

  test('are users or service principals that exist', async () => {
    expect((await add(groups.finance)).status).toBe(400);
    expect((await add(nobody())).status).toBe(404);
    expect((await add(ines, nobody())).status).toBe(404);
    expect((await add(servicePrincipals.timesheets)).status).toBe(204);
  });

  test('need two permissions together', async () => {
    for (const grantedPermissions of [['Application.ReadWrite.All'], ['Directory.Read.All']]) {
      await tenant.settings({ grantedPermissions });
      tenant.forgetTokens();
      expect((await add(ines)).status).toBe(403);
    }
  });

  test('hide while deleted and are gone with the purge', async () => {
    const owners = async () => ids((await tenant.graph('GET', `/${what}/${id}/owners`)).body);
    await tenant.graph('DELETE', `/users/${mara}`);
    expect(await owners()).toEqual([staff.labManager]);
    await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`);
    expect(await owners()).toEqual([staff.labManager, mara]);
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect(await owners()).toEqual([staff.labManager]);
  });
});

test('a user shows applications and service principals among what they own', async () => {
  const owned = await tenant.graph('GET', `/users/${mara}/ownedObjects`);
  const types = owned.body.value.map((one: Json) => one['@odata.type']);
  expect(types).toEqual(expect.arrayContaining(['#microsoft.graph.application', '#microsoft.graph.servicePrincipal']));
  expect(ids(owned.body)).toEqual(
    expect.arrayContaining([applications.measurementArchive, servicePrincipals.measurementArchive]),
  );
  const found = await tenant.graph('GET', "/applications?$filter=displayName eq 'Measurement Archive'");
  expect(ids(found.body)).toEqual([applications.measurementArchive]);
  expect((await tenant.graph('GET', `/applications/${nobody()}`)).status).toBe(404);
});

test('an application is no member of a group', async () => {
  expect((await tenant.addMember(groups.finance, applications.supplierPortal)).status).toBe(400);
});

test('a consent gets other scopes by replacing all of them, and nothing else', async () => {
  const [own] = (await tenant.graph('GET', `/users/${mara}/oauth2PermissionGrants`)).body.value;
  const path = `/oauth2PermissionGrants/${own.id as string}`;
  expect(await tenant.graph('PATCH', path, { scope: 'User.Read Mail.Read' })).toMatchObject({ status: 204, text: '' });
  expect((await tenant.graph('GET', path)).body.scope).toBe('User.Read Mail.Read');
  expect((await tenant.graph('PATCH', path, { principalId: tomas })).status).toBe(400);
  expect((await tenant.graph('PATCH', path, { scope: 'x'.repeat(3851) })).status).toBe(400);
  expect((await tenant.graph('PATCH', `/oauth2PermissionGrants/unknown`, { scope: 'x' })).status).toBe(404);
});

describe('administrative units', () => {
  const add = (unit: string, id: string) =>
    tenant.graph('POST', `/directory/administrativeUnits/${unit}/members/$ref`, { '@odata.id': link(id) });
  const members = async (unit: string) =>
    ids((await tenant.graph('GET', `/directory/administrativeUnits/${unit}/members`)).body);

  test('by rule take in and let go, and refuse everything else', async () => {
    expect((await members(administrativeUnits.qualityDynamic)).sort()).toEqual(
      [mara, staff.labManager, staff.qualityEngineer].sort(),
    );
    await tenant.graph('PATCH', `/users/${ines}`, { department: 'Quality' });
    expect(await members(administrativeUnits.qualityDynamic)).toContain(ines);
    await tenant.graph('PATCH', `/users/${ines}`, { department: 'Sales' });
    expect(await members(administrativeUnits.qualityDynamic)).not.toContain(ines);
    expect((await add(administrativeUnits.qualityDynamic, ines)).status).toBe(400);
  });

  test('under restricted management take members from two roles alone', async () => {
    expect((await add(administrativeUnits.restricted, ines)).status).toBe(403);
    await tenant.change((state) => {
      state.roleAssignments.push({
        id: 'app-privileged-role-administrator',
        principalId: state.servicePrincipals.find((one: Json) => one.displayName === 'Entra Guest Switch').id,
        roleDefinitionId: 'e8611ab8-c189-46e8-94e1-60213ab1f814',
        directoryScopeId: '/',
      });
    });
    expect((await add(administrativeUnits.restricted, ines)).status).toBe(204);
    // From now on the guest is guarded, whatever role the caller has for the whole directory.
    expect((await tenant.graph('PATCH', `/users/${ines}`, { city: 'Porto' })).status).toBe(403);
  });
});

describe('licences of a group', () => {
  const licenses = async (id: string): Promise<Json> =>
    (await tenant.graph('GET', `/users/${id}?$select=assignedLicenses,licenseAssignmentStates`)).body;
  const change = (id: string, addLicenses: object[], removeLicenses: string[]) =>
    tenant.graph('POST', `/users/${id}/assignLicense`, { addLicenses, removeLicenses });

  test('come and go with the membership', async () => {
    await tenant.addMember(groups.calibrationLab, ines);
    expect((await licenses(ines)).licenseAssignmentStates).toMatchObject([
      { skuId: products.freeFlows, assignedByGroup: groups.calibrationLab, state: 'Active' },
    ]);
    await tenant.graph('DELETE', `/groups/${groups.calibrationLab}/members/${ines}/$ref`);
    expect(await licenses(ines)).toMatchObject({ assignedLicenses: [], licenseAssignmentStates: [] });
  });

  test('cannot be removed from the user, and stay beside direct ones', async () => {
    const refused = await change(mara, [], [products.freeFlows]);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('inherited from a group membership');
    const before = (await licenses(mara)).licenseAssignmentStates as Json[];
    expect(before.map(({ skuId, disabledPlans }) => [skuId, disabledPlans])).toEqual([
      [products.freeReports, [exchangeFoundationPlan]],
      [products.freeFlows, []],
    ]);
    expect((await change(mara, [{ skuId: products.freeFlows, disabledPlans: [] }], [])).status).toBe(200);
    const both = (await licenses(mara)).licenseAssignmentStates as Json[];
    expect(both.map(({ assignedByGroup }) => assignedByGroup)).toEqual([null, groups.calibrationLab, null]);
    expect((await change(mara, [], [products.freeFlows])).status).toBe(200);
    expect((await licenses(mara)).licenseAssignmentStates).toEqual(before);
    expect((await change(mara, [], [products.freeReports])).status).toBe(200);
    expect((await licenses(mara)).assignedLicenses).toMatchObject([{ skuId: products.freeFlows }]);
  });

  test('without a free seat leave an error behind', async () => {
    await tenant.change((state) => (state.subscribedSkus[1].prepaidUnits.enabled = 2));
    await tenant.addMember(groups.calibrationLab, ines);
    expect(await licenses(ines)).toMatchObject({
      assignedLicenses: [],
      licenseAssignmentStates: [{ state: 'Error', error: 'CountViolation' }],
    });
  });
});
