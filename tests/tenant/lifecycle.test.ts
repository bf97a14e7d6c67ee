import { APP_SERVICE_PRINCIPAL_ID, administrativeUnits, groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

const { mara, tomas, ines } = guests;
const day = 24 * 60 * 60 * 1000;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const membersOf = async (id: string): Promise<string[]> => {
  const { body } = await tenant.graph('GET', `/groups/${id}/members?$select=id`);
  return body.value.map((member: { id: string }) => member.id);
};

test('a deleted user can be found in the recycle bin only', async () => {
  expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(204);
  const gone = await tenant.graph('GET', `/users/${ines}`);
  expect(gone.status).toBe(404);
  expect(gone.body.error.code).toBe('Request_ResourceNotFound');
  const found = await tenant.graph('GET', `/directory/deletedItems/${ines}`);
  expect(found.body).toMatchObject({ id: ines, '@odata.type': '#microsoft.graph.user' });
  const listed = await tenant.graph('GET', '/directory/deletedItems/microsoft.graph.user?$select=id,deletedDateTime');
  expect(listed.body.value).toEqual([{ id: ines, deletedDateTime: expect.stringMatching(/Z$/) }]);
  expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(404);
});

test('a restored user has everything they had', async () => {
  const before = await tenant.state();
  await tenant.graph('DELETE', `/users/${mara}`);
  expect(await membersOf(groups.supplierPortal)).not.toContain(mara);
  const roles = await tenant.graph(
    'GET',
    `/roleManagement/directory/roleAssignments?$filter=principalId eq '${mara}'`.replaceAll(' ', '%20'),
  );
  expect(roles.body.value).toEqual([]);
  const restored = await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`);
  expect(restored).toMatchObject({ status: 200, body: { id: mara } });
  expect(restored.body.userPrincipalName).toBe(before.users.find((user: Json) => user.id === mara).userPrincipalName);
  const after = await tenant.state();
  const byId = (users: { id: string }[]) => [...users].sort((a, b) => a.id.localeCompare(b.id));
  expect({ ...after, users: byId(after.users) }).toEqual({ ...before, users: byId(before.users) });
});

test('a purge removes every link in the directory and leaves what Azure and policies have of the identity behind', async () => {
  await tenant.graph('DELETE', `/users/${mara}`);
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${mara}`)).status).toBe(204);
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${mara}`)).status).toBe(404);
  const all = await tenant.state();
  const ended = all.accessPackageAssignments.filter((one: Json) => one.target.objectId === mara);
  expect(ended.map((one: Json) => one.state)).toEqual(['expired']);
  const naming = Object.entries(all).filter(([, content]) => JSON.stringify(content).includes(mara));
  expect(naming.map(([name]) => name).sort()).toEqual([
    'accessPackageAssignments',
    'azureResources',
    'azureRoleAssignmentSchedules',
    'azureRoleAssignments',
    'azureRoleEligibilitySchedules',
    'conditionalAccessPolicies',
  ]);
});

test('an invitation after the purge makes a new object', async () => {
  await tenant.graph('DELETE', `/users/${mara}`);
  await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
  const { body } = await tenant.invite('mara.lindqvist@ostsund.example');
  expect(body.invitedUser.id).not.toBe(mara);
  const user = await tenant.graph(
    'GET',
    `/users/${body.invitedUser.id as string}?$select=externalUserState,identities,proxyAddresses,userPrincipalName,userType`,
  );
  expect(user.body).toMatchObject({
    externalUserState: 'PendingAcceptance',
    userType: 'Guest',
    proxyAddresses: ['SMTP:mara.lindqvist@ostsund.example'],
    userPrincipalName: 'mara.lindqvist_ostsund.example#EXT#@fjellbekk.onmicrosoft.com',
    identities: [{ signInType: 'userPrincipalName', issuer: 'fjellbekk.onmicrosoft.com' }],
  });
  expect(await membersOf(groups.allGuestsDynamic)).toContain(body.invitedUser.id);
  expect(await membersOf(groups.qualityDynamic)).not.toContain(body.invitedUser.id);
});

test('restoring conflicts with a guest who was invited meanwhile', async () => {
  await tenant.graph('DELETE', `/users/${ines}`);
  await tenant.invite('ines.duarte@lusomed.example');
  const refused = await tenant.graph('POST', `/directory/deletedItems/${ines}/restore`);
  expect(refused.status).toBe(400);
  expect(refused.body.error.details[0].code).toBe('ObjectConflict');
});

test('the recycle bin is emptied after 30 days of the tenant clock', async () => {
  await tenant.graph('DELETE', `/users/${ines}`);
  await tenant.control('POST', 'clock', { advanceMs: 29 * day });
  expect((await tenant.graph('GET', `/directory/deletedItems/${ines}`)).status).toBe(200);
  await tenant.control('POST', 'clock', { advanceMs: 2 * day });
  expect((await tenant.graph('GET', `/directory/deletedItems/${ines}`)).status).toBe(404);
});

test('a protected user cannot be purged for seven days', async () => {
  await tenant.change((state) => {
    state.users.find((user: Json) => user.id === ines).isHardDeleteProtectionEnabled = true;
  });
  await tenant.graph('DELETE', `/users/${ines}`);
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${ines}`)).status).toBe(400);
  await tenant.control('POST', 'clock', { advanceMs: 8 * day });
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${ines}`)).status).toBe(204);
});

test('dynamic groups follow attributes', async () => {
  expect(await membersOf(groups.qualityDynamic)).not.toContain(tomas);
  expect((await tenant.graph('PATCH', `/users/${tomas}`, { department: 'Quality' })).status).toBe(204);
  expect(await membersOf(groups.qualityDynamic)).toContain(tomas);
  await tenant.graph('PATCH', `/users/${tomas}`, { department: 'Sales' });
  expect(await membersOf(groups.qualityDynamic)).not.toContain(tomas);
});

describe('privileged users', () => {
  const withoutAppRole = () =>
    tenant.change((state) => {
      state.roleAssignments = state.roleAssignments.filter(
        (one: { principalId: string }) => one.principalId !== APP_SERVICE_PRINCIPAL_ID,
      );
    });

  test('cannot be deleted, restored or purged by an app without a directory role', async () => {
    await tenant.graph('DELETE', `/users/${mara}`);
    await withoutAppRole();
    expect((await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`)).status).toBe(403);
    expect((await tenant.graph('DELETE', `/directory/deletedItems/${mara}`)).status).toBe(403);
    expect((await tenant.graph('DELETE', `/users/${staff.helpdesk}`)).status).toBe(403);
    expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(204);
  });

  test('keep their sensitive properties, others may change', async () => {
    await withoutAppRole();
    const change = (body: object) => tenant.graph('PATCH', `/users/${mara}`, body);
    expect((await change({ otherMails: ['mara@outlook.example'] })).status).toBe(403);
    expect((await change({ jobTitle: 'Consultant' })).status).toBe(204);
  });

  test('the role needed depends on the role held', async () => {
    const appHolds = (roleDefinitionId: string) =>
      tenant.change((state) => {
        const own = state.roleAssignments.find((one: Json) => one.principalId === APP_SERVICE_PRINCIPAL_ID);
        own.roleDefinitionId = roleDefinitionId;
      });
    const authenticationAdministrator = 'c4e39bd9-1100-46d3-8c65-fb160da0071f';
    const userAdministrator = 'fe930be7-5e62-47db-91af-98c3a49a38b1';
    await appHolds(authenticationAdministrator);
    expect((await tenant.graph('DELETE', `/users/${staff.helpdesk}`)).status).toBe(403);
    await appHolds(userAdministrator);
    expect((await tenant.graph('DELETE', `/users/${staff.helpdesk}`)).status).toBe(204);
    expect((await tenant.graph('DELETE', `/users/${staff.secondAdministrator}`)).status).toBe(403);
  });

  test('members of a restricted administrative unit need a role at that unit', async () => {
    await tenant.change((state) => {
      const unit = state.administrativeUnits.find((one: Json) => one.id === administrativeUnits.restricted);
      unit.members = [ines];
    });
    expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(403);
    const shown = await tenant.graph('GET', `/users/${ines}?$select=isManagementRestricted`);
    expect(shown.body.isManagementRestricted).toBe(true);
    await tenant.change((state) => {
      const own = state.roleAssignments.find((one: Json) => one.principalId === APP_SERVICE_PRINCIPAL_ID);
      state.roleAssignments.push({
        ...own,
        id: 'at-the-unit',
        directoryScopeId: `/administrativeUnits/${administrativeUnits.restricted}`,
      });
    });
    expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(204);
  });
});
