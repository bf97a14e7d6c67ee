import { administrativeUnits, groups, guests, staff } from '../../local/tenant/seed/ids';
import {
  access,
  codeOf,
  day,
  directory,
  forHours,
  groupsAdministrator,
  hour,
  iso,
  messageCenterReader,
  pimGroups,
  pimOf,
  reportsReader,
  role,
} from './pimSupport';
import { TestTenant, type Json } from './support';

const { mara, ines, jonas } = guests;
let tenant: TestTenant;
const {
  activeGroups,
  activeRoles,
  advance,
  askGroup,
  askRole,
  eligibleGroups,
  eligibleRoles,
  list,
  memberships,
  now,
  rolesOf,
} = pimOf(() => tenant);

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

describe('roles that overlap', () => {
  test('an assignment made outside PIM shows there as assigned, direct and without end', async () => {
    const [plain] = (await rolesOf(mara)).filter((row) => row.directoryScopeId !== '/');
    const shown = (await activeRoles(mara)).find((schedule) => schedule.id === plain.id);
    expect(shown).toMatchObject({
      assignmentType: 'Assigned',
      memberType: 'Direct',
      createdUsing: null,
      scheduleInfo: { expiration: { type: 'noExpiration', endDateTime: null } },
      directoryScopeId: `/administrativeUnits/${administrativeUnits.suppliers}`,
    });
  });

  test('what is active for a time or switched on shows as a role assignment like any other', async () => {
    expect((await rolesOf(mara)).map((row) => row.roleDefinitionId)).toContain(messageCenterReader);
    const activated = (await activeRoles(staff.helpdesk)).find((schedule) => schedule.assignmentType === 'Activated');
    const row = (await rolesOf(staff.helpdesk)).find((one) => one.roleDefinitionId === activated.roleDefinitionId);
    expect(Object.keys(row).sort()).toEqual(Object.keys((await rolesOf(mara))[0]).sort());
    const eligible = await tenant.graph(
      'GET',
      `${directory}/roleAssignmentSchedules/${activated.id as string}?$expand=activatedUsing`,
    );
    expect(eligible.body.activatedUsing.id).toBe((await eligibleRoles(staff.helpdesk))[0].id);
  });

  test('what a role-assignable group holds shows for its members, as theirs through the group', async () => {
    const through = (await activeRoles(mara)).filter((schedule) => schedule.memberType === 'Group');
    expect(through.map((schedule) => schedule.roleDefinitionId)).toEqual([reportsReader]);
    expect((await rolesOf(mara)).map((row) => row.roleDefinitionId)).not.toContain(reportsReader);
  });
});

describe('groups that overlap', () => {
  test('members and owners of a managed group show as schedules, whoever made them; of others nobody does', async () => {
    const lead = await activeGroups(staff.projectLead);
    expect(lead.map(({ groupId, accessId, createdUsing }) => [groupId, accessId, createdUsing])).toEqual([
      [groups.changeBoard, 'member', null],
      [groups.changeBoard, 'owner', null],
    ]);
    expect(await activeGroups(staff.accountant)).toEqual([]);
  });

  test('a member for a time is a member', async () => {
    expect(await memberships(jonas)).toContain(groups.changeBoard);
    expect(await activeGroups(jonas)).toMatchObject([{ assignmentType: 'assigned', memberType: 'direct' }]);
    expect(await memberships(mara)).not.toContain(groups.rigOperators);
    expect((await eligibleGroups(mara)).map((one) => one.groupId)).toContain(groups.rigOperators);
  });

  test('the lists must be narrowed to a principal or a group', async () => {
    for (const name of ['eligibilitySchedules', 'assignmentSchedules', 'assignmentScheduleInstances']) {
      expect((await tenant.graph('GET', `${pimGroups}/${name}`)).status).toBe(400);
      expect((await tenant.graph('GET', `${pimGroups}/${name}?$filter=accessId%20eq%20'member'`)).status).toBe(400);
      const query = `$filter=groupId%20eq%20'${groups.changeBoard}'%20and%20accessId%20eq%20'member'`;
      expect((await tenant.graph('GET', `${pimGroups}/${name}?${query}`)).status).toBe(200);
    }
    expect((await tenant.graph('GET', `${pimGroups}/eligibilityScheduleRequests`)).status).toBe(400);
  });
});

test('a tenant without Entra ID P2 has no PIM: 400 everywhere, and role assignments go on', async () => {
  await tenant.change((state) => {
    state.organization.assignedPlans = [];
  });
  for (const path of [
    `${directory}/roleEligibilitySchedules`,
    `${directory}/roleAssignmentSchedules`,
    `${directory}/roleAssignmentScheduleInstances`,
    `${pimGroups}/assignmentSchedules`,
  ]) {
    expect(codeOf(await tenant.graph('GET', path))).toBe('400 AadPremiumLicenseRequired');
  }
  expect(codeOf(await askRole(role()))).toBe('400 AadPremiumLicenseRequired');
  expect((await rolesOf(mara)).length).toBeGreaterThan(0);
});

test('what is taken away by other means is over in PIM too', async () => {
  const row = (await rolesOf(mara)).find((one) => one.roleDefinitionId === messageCenterReader);
  expect((await tenant.graph('DELETE', `${directory}/roleAssignments/${row.id as string}`)).status).toBe(204);
  expect((await tenant.graph('DELETE', `/groups/${groups.changeBoard}/members/${mara}/$ref`)).status).toBe(204);
  expect((await activeRoles(mara)).map((one) => one.roleDefinitionId)).not.toContain(messageCenterReader);
  expect((await activeGroups(mara)).map((one) => one.groupId)).toEqual([groups.rigOperators]);
  await advance(hour);
  expect((await rolesOf(mara)).map((one) => one.roleDefinitionId)).not.toContain(messageCenterReader);
  expect(await memberships(mara)).not.toContain(groups.changeBoard);
});

test('PIM also takes away what was assigned without it, but not the last Global Administrator', async () => {
  const { roleAssignments } = await tenant.state();
  const admins = roleAssignments.filter((one: Json) => one.roleDefinitionId.startsWith('62e90394'));
  const remove = (one: Json) =>
    askRole({ ...role(), action: 'adminRemove', principalId: one.principalId, roleDefinitionId: one.roleDefinitionId });
  expect((await remove(admins[0])).status).toBe(201);
  expect((await remove(admins[1])).status).toBe(400);
  expect((await askGroup(access({ action: 'adminRemove', principalId: staff.projectLead }))).status).toBe(201);
  expect(await memberships(staff.projectLead)).not.toContain(groups.changeBoard);
});

describe('life of a guest', () => {
  const everything = async (id: string) =>
    (await Promise.all([eligibleRoles(id), activeRoles(id), eligibleGroups(id), activeGroups(id), rolesOf(id)])).map(
      (rows) => rows.map((row) => row.id as string),
    );

  test('a deletion hides schedules, a restore brings them back', async () => {
    const before = await everything(mara);
    expect(before.map((rows) => rows.length)).toEqual([2, 4, 2, 2, 3]);
    await tenant.graph('DELETE', `/users/${mara}`);
    expect(await everything(mara)).toEqual([[], [], [], [], []]);
    await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`);
    expect(await everything(mara)).toEqual(before);
  });

  test('what ends in the recycle bin has ended when the guest is restored', async () => {
    await askRole(role());
    await tenant.graph('DELETE', `/users/${ines}`);
    await advance(day);
    await tenant.graph('POST', `/directory/deletedItems/${ines}/restore`);
    expect(await everything(ines)).toEqual([[], [], [], [], []]);
  });

  test('a purge removes schedules and requests', async () => {
    await askRole(role({ principalId: mara, roleDefinitionId: groupsAdministrator }));
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    const state = await tenant.state();
    const inPim = Object.entries(state).filter(([name]) => /^(role|group).*Schedule/.test(name));
    expect(inPim).toHaveLength(8);
    expect(JSON.stringify(inPim)).not.toContain(mara);
    expect(state.groupAssignmentSchedules).toHaveLength(1);
  });
});

test('instances are what runs now, and name where they come from', async () => {
  const startDateTime = iso((await now()) + day);
  await askRole(role({ scheduleInfo: { startDateTime, ...forHours(8) } }));
  const instances = () => list(`${directory}/roleAssignmentScheduleInstances`, ines);
  expect(await instances()).toEqual([]);
  await advance(day + hour);
  const [schedule] = await activeRoles(ines);
  const [row] = await rolesOf(ines);
  expect(await instances()).toMatchObject([
    { roleAssignmentScheduleId: schedule.id, roleAssignmentOriginId: row.id, assignmentType: 'Assigned' },
  ]);
});

test.each<[string, object, string]>([
  [
    'for nobody',
    { roleEligibilitySchedules: [{ id: 's', principalId: 'x' }] },
    'roleEligibilitySchedules[0].principalId',
  ],
  [
    'for a role that does not exist',
    { users: [{ id: 'u' }], roleAssignmentSchedules: [{ id: 's', principalId: 'u', roleDefinitionId: 'x' }] },
    'roleAssignmentSchedules[0].roleDefinitionId',
  ],
  [
    'for a group that does not exist',
    { users: [{ id: 'u' }], groupAssignmentScheduleRequests: [{ id: 's', principalId: 'u', groupId: 'x' }] },
    'groupAssignmentScheduleRequests[0].groupId',
  ],
])('a state with a schedule %s is refused, naming the place', async (_what, document, place) => {
  const refused = await tenant.send('PUT', '/_tenant/state', document);
  expect(refused.status).toBe(400);
  expect(refused.body.error).toContain(place);
});

test('a loaded state is in force at once, and reads again as it was', async () => {
  const before = await tenant.state();
  await tenant.control('PUT', 'state', before);
  expect(await tenant.state()).toEqual(before);
  await tenant.change((state) => {
    state.groups.find((group: Json) => group.id === groups.changeBoard).members = [staff.projectLead];
    for (const schedule of state.groupAssignmentSchedules) delete schedule.linked;
    state.groupAssignmentSchedules[0].scheduleInfo.expiration.endDateTime = '2024-03-01T00:00:00Z';
  });
  expect(await memberships(mara)).not.toContain(groups.changeBoard);
  expect(await memberships(jonas)).toContain(groups.changeBoard);
});
