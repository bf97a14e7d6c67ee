import { administrativeUnits, groups, guests, servicePrincipals, staff } from '../../local/tenant/seed/ids';
import { TestTenant, link, nobody, type Json } from './support';

const { ines, mara } = guests;
let tenant: TestTenant;

beforeAll(async () => {
  tenant = await TestTenant.start();
});
afterAll(() => tenant.close());

test('a member is added once; the second time is an error that says so', async () => {
  expect((await tenant.addMember(groups.finance, ines)).status).toBe(204);
  const again = await tenant.addMember(groups.finance, ines);
  expect(again).toMatchObject({ status: 400, body: { error: { code: 'Request_BadRequest' } } });
  expect(again.body.error.message).toBe(
    "One or more added object references already exist for the following modified properties: 'members'.",
  );
  expect((await tenant.graph('DELETE', `/groups/${groups.finance}/members/${ines}/$ref`)).status).toBe(204);
  expect((await tenant.graph('DELETE', `/groups/${groups.finance}/members/${ines}/$ref`)).status).toBe(404);
});

test.each([
  ['dynamic', groups.qualityDynamic, 403, 'Insufficient privileges'],
  ['synchronized', groups.plantOperatorsSynchronized, 400, 'originated within an external service'],
  ['a distribution list', groups.supplierNewsDistribution, 400, 'distribution list'],
  ['mail-enabled security', groups.incidentBridgeMailSecurity, 400, 'mail-enabled security groups'],
  ['closed to guests', groups.noGuests, 400, 'not allowed to join this Unified Group'],
])('a group that is %s refuses members', async (_what, group, status, message) => {
  const refused = await tenant.addMember(group, ines);
  expect(refused.status).toBe(status);
  expect(refused.body.error.message).toContain(message);
});

test('unknown groups, unknown members and nonsense are told apart', async () => {
  expect((await tenant.addMember(nobody(), ines)).status).toBe(404);
  expect((await tenant.addMember(groups.finance, nobody())).status).toBe(404);
  expect((await tenant.addMember(groups.finance, 'not-a-guid')).status).toBe(400);
  const path = `/groups/${groups.finance}/members/$ref`;
  const empty = await tenant.graph('POST', path);
  expect(empty.body.error.message).toContain("'EndOfInput' node");
  expect((await tenant.graph('POST', path, '{"@odata.id": ')).status).toBe(400);
  expect((await tenant.graph('POST', path, { '@odata.id': 'https://elsewhere.example/x' })).status).toBe(400);
});

test('role-assignable groups ask for the permission to manage roles too', async () => {
  await tenant.settings({ grantedPermissions: ['GroupMember.ReadWrite.All', 'Directory.Read.All'] });
  tenant.forgetTokens();
  expect((await tenant.addMember(groups.roleAssignable, ines)).status).toBe(403);
  expect((await tenant.addMember(groups.finance, ines)).status).toBe(204);
  await tenant.settings({
    grantedPermissions: ['GroupMember.ReadWrite.All', 'Directory.Read.All', 'RoleManagement.ReadWrite.Directory'],
  });
  tenant.forgetTokens();
  expect((await tenant.addMember(groups.roleAssignable, ines)).status).toBe(204);
  expect((await tenant.addMember(groups.roleAssignable, groups.finance)).status).toBe(400);
  await tenant.settings({
    grantedPermissions: ['Group.ReadWrite.All', 'Directory.ReadWrite.All', 'User.ReadWrite.All'],
  });
  tenant.forgetTokens();
});

test('the last owner stays', async () => {
  const owner = (id: string) => tenant.graph('DELETE', `/groups/${groups.externalReviewers}/owners/${id}/$ref`);
  expect((await owner(staff.qualityEngineer)).status).toBe(204);
  const refused = await owner(mara);
  expect(refused.status).toBe(400);
  expect(refused.body.error.message).toContain('must have at least one owner');
  const path = `/groups/${groups.externalReviewers}/owners/$ref`;
  expect((await tenant.graph('POST', path, { '@odata.id': link(staff.qualityEngineer) })).status).toBe(204);
  expect((await tenant.graph('POST', path, { '@odata.id': link(staff.qualityEngineer) })).status).toBe(400);
});

test('membership is seen from both sides, directly and through groups', async () => {
  const direct = await tenant.graph('GET', `/users/${mara}/memberOf`);
  const types = new Set(direct.body.value.map((object: Json) => object['@odata.type']));
  expect([...types].sort()).toEqual([
    '#microsoft.graph.administrativeUnit',
    '#microsoft.graph.directoryRole',
    '#microsoft.graph.group',
  ]);
  const ids = (answer: { body: Json }): string[] => answer.body.value.map((object: { id: string }) => object.id);
  const around = await tenant.graph('GET', `/users/${mara}/transitiveMemberOf/microsoft.graph.group?$select=id`);
  expect(ids(around)).toContain(groups.allLaboratories);
  expect(ids(direct)).not.toContain(groups.allLaboratories);
  const within = await tenant.graph('GET', `/groups/${groups.allLaboratories}/transitiveMembers?$select=id`);
  expect(ids(within)).toEqual(expect.arrayContaining([groups.calibrationLab, mara, staff.labManager]));
  const owned = await tenant.graph('GET', `/users/${mara}/ownedObjects/microsoft.graph.group?$select=id`);
  // The last one through PIM, for a time.
  expect(ids(owned).sort()).toEqual([groups.externalReviewers, groups.documentControl, groups.rigOperators].sort());
});

test('hidden members need their own permission', async () => {
  await tenant.change((state) => {
    state.groups.find((group: Json) => group.id === groups.finance).visibility = 'HiddenMembership';
  });
  const members = async () => (await tenant.graph('GET', `/groups/${groups.finance}/members`)).body.value as unknown[];
  expect(await members()).toEqual([]);
  await tenant.settings({ grantedPermissions: ['Group.ReadWrite.All', 'Member.Read.Hidden'] });
  tenant.forgetTokens();
  expect((await members()).length).toBeGreaterThan(0);
});

describe('administrative units and links of a user', () => {
  beforeAll(async () => {
    await tenant.settings({
      grantedPermissions: ['AdministrativeUnit.ReadWrite.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
    });
    tenant.forgetTokens();
  });

  test('members of a unit come and go', async () => {
    const path = `/directory/administrativeUnits/${administrativeUnits.suppliers}/members`;
    expect((await tenant.graph('POST', `${path}/$ref`, { '@odata.id': link(ines) })).status).toBe(204);
    expect((await tenant.graph('POST', `${path}/$ref`, { '@odata.id': link(ines) })).status).toBe(400);
    expect((await tenant.graph('GET', path)).body.value).toHaveLength(3);
    expect((await tenant.graph('DELETE', `${path}/${ines}/$ref`)).status).toBe(204);
    const app = { '@odata.id': link(servicePrincipals.timesheets) };
    expect((await tenant.graph('POST', `${path}/$ref`, app)).status).toBe(400);
  });

  test('a manager is one, sponsors are many', async () => {
    const manager = `/users/${ines}/manager`;
    expect((await tenant.graph('GET', manager)).status).toBe(404);
    expect((await tenant.graph('PUT', `${manager}/$ref`, { '@odata.id': link(staff.projectLead) })).status).toBe(204);
    expect((await tenant.graph('GET', manager)).body).toMatchObject({ id: staff.projectLead });
    const reports = await tenant.graph('GET', `/users/${staff.projectLead}/directReports?$select=id`);
    expect(reports.body.value.map((user: Json) => user.id)).toContain(ines);
    expect((await tenant.graph('DELETE', `${manager}/$ref`)).status).toBe(204);
    const sponsors = `/users/${ines}/sponsors`;
    expect((await tenant.graph('POST', `${sponsors}/$ref`, { '@odata.id': link(staff.labManager) })).status).toBe(204);
    expect((await tenant.graph('POST', `${sponsors}/$ref`, { '@odata.id': link(staff.labManager) })).status).toBe(400);
    expect((await tenant.graph('DELETE', `${sponsors}/${staff.labManager}/$ref`)).status).toBe(204);
  });
});
