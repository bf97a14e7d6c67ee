import { APP_SERVICE_PRINCIPAL_ID, groups, guests } from '../../local/tenant/seed/ids';
import {
  access,
  codeOf,
  day,
  directory,
  forever,
  forHours,
  groupsAdministrator,
  hour,
  iso,
  pimGroups,
  pimOf,
  reportsReader,
  role,
} from './pimSupport';
import { TestTenant, nobody, type Answer, type Json } from './support';

const { mara, ines } = guests;
let tenant: TestTenant;
const { activeGroups, activeRoles, advance, askGroup, askRole, memberships, now, rolesOf } = pimOf(() => tenant);

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

describe.each([
  ['a role', askRole, role, activeRoles, rolesOf],
  ['a group', askGroup, access, activeGroups, async (id: string) => (await memberships(id)).filter(isBoard)],
])('%s for a time', (_what, ask, body, schedules, effect) => {
  test('begins at once, ends by the clock, and takes with it what it gave', async () => {
    const end = Math.floor((await now()) / 1000) * 1000 + 6 * hour;
    const scheduleInfo = { expiration: { type: 'afterDateTime', endDateTime: iso(end) } };
    const before = (await effect(ines)).length;
    expect(await ask(body({ scheduleInfo }))).toMatchObject({ status: 201, body: { status: 'Provisioned' } });
    const [schedule] = await schedules(ines);
    expect(Date.parse(schedule.scheduleInfo.expiration.endDateTime)).toBe(end);
    expect(await effect(ines)).toHaveLength(before + 1);
    await advance(5 * hour);
    expect(await schedules(ines)).toHaveLength(1);
    await advance(2 * hour);
    expect(await schedules(ines)).toEqual([]);
    expect(await effect(ines)).toHaveLength(before);
  });

  test('with a later beginning shows as a schedule only, until then', async () => {
    const startDateTime = iso((await now()) + day);
    const asked = await ask(body({ scheduleInfo: { startDateTime, ...forHours(8) } }));
    expect(asked.body.status).toBe('Granted');
    expect(await schedules(ines)).toHaveLength(1);
    expect(await effect(ines)).toEqual([]);
    await advance(day + hour);
    expect(await effect(ines)).toHaveLength(1);
    await advance(8 * hour);
    expect(await effect(ines)).toEqual([]);
  });

  test('cannot be given twice, whatever the end; and what is not there cannot be taken', async () => {
    const remove = body({ action: 'adminRemove' });
    expect(codeOf(await ask(remove))).toBe('400 RoleAssignmentDoesNotExist');
    await ask(body());
    expect(codeOf(await ask(body({ scheduleInfo: forHours(2) })))).toBe('400 RoleAssignmentExists');
    expect(codeOf(await ask(remove))).toBe('400 ActiveDurationTooShort');
    await advance(hour);
    expect(await ask(remove)).toMatchObject({ status: 201, body: { status: 'Revoked' } });
    expect(await schedules(ines)).toEqual([]);
    expect(await effect(ines)).toEqual([]);
  });

  test('is refused with a wrong period, by what an application cannot do, and when a request is pending', async () => {
    for (const scheduleInfo of [
      undefined,
      {},
      { expiration: { type: 'afterDuration', duration: 'PT4M' } },
      { expiration: { type: 'afterDuration', duration: 'soon' } },
      { expiration: { type: 'afterDateTime', endDateTime: iso((await now()) - hour) } },
    ]) {
      expect(codeOf(await ask(body({ scheduleInfo })))).toBe('400 InvalidRoleAssignmentRequestSchedule');
    }
    expect((await ask(body({ action: 'selfActivate' }))).status).toBe(403);
    expect((await ask(body({ action: 'adminDance' }))).status).toBe(400);
    expect(codeOf(await ask(body({ principalId: nobody() })))).toBe('404 SubjectNotFound');
    expect((await ask(body({ isValidationOnly: true }))).status).toBe(201);
    expect(await schedules(ines)).toEqual([]);
    await tenant.change((state) => {
      const pending = { ...body(), id: 'pending', status: 'PendingApproval' };
      state.roleAssignmentScheduleRequests = 'roleDefinitionId' in pending ? [pending] : [];
      state.groupAssignmentScheduleRequests = 'groupId' in pending ? [pending] : [];
    });
    expect(codeOf(await ask(body()))).toBe('400 PendingRoleAssignmentRequest');
  });

  test('a new guest is not known to PIM at once', async () => {
    const { body: invited } = await tenant.invite('new.guest@outlook.example');
    await tenant.settings({ replicationMs: 1e9 });
    const principalId = invited.invitedUser.id as string;
    const lagging = await tenant.invite('newer.guest@outlook.example');
    const codes = new Set<string>();
    for (let tries = 0; tries < 30; tries++) {
      codes.add(codeOf(await ask(body({ principalId: lagging.body.invitedUser.id, isValidationOnly: true }))));
    }
    expect([...codes]).toEqual(['404 SubjectNotFound']);
    await tenant.settings({ replicationMs: 0 });
    expect((await ask(body({ principalId }))).status).toBe(201);
  });
});

function isBoard(id: string): boolean {
  return id === groups.changeBoard;
}

describe('settings of PIM', () => {
  const failed = ({ body }: Answer): string => `${body.error.code as string} ${body.error.message as string}`;
  const expiration =
    'RoleAssignmentRequestPolicyValidationFailed The following policy rules failed: ["ExpirationRule"]';

  test('a role may forbid permanent eligibility, and asks for a reason where somebody becomes active', async () => {
    await tenant.change((state) => {
      const definition = state.roleDefinitions.find((one: Json) => one.id === reportsReader);
      definition.pim = { eligible: { maxDays: 90 } };
    });
    expect(failed(await askRole(role({ scheduleInfo: forever }), 'Eligibility'))).toBe(expiration);
    expect((await askRole(role(), 'Eligibility')).status).toBe(201);
    const silent = { justification: undefined };
    expect(failed(await askRole(role(silent)))).toMatch(/\["JustificationRule"\]$/);
    expect((await askRole(role({ ...silent, roleDefinitionId: groupsAdministrator }), 'Eligibility')).status).toBe(201);
  });

  test('groups do not allow permanent ones unless they say so', async () => {
    const board = { scheduleInfo: forever };
    expect(failed(await askGroup(access(board), 'eligibility'))).toBe(expiration);
    expect(failed(await askGroup(access({ ...board, groupId: groups.rigOperators })))).toBe(expiration);
    expect((await askGroup(access({ ...board, accessId: 'owner' }), 'eligibility')).status).toBe(201);
  });

  test('several rules fail together', async () => {
    await tenant.change((state) => {
      const definition = state.roleDefinitions.find((one: Json) => one.id === reportsReader);
      definition.pim = {
        active: { maxDays: 0.1, require: ['Justification', 'Ticketing', 'MultiFactorAuthentication'] },
      };
    });
    expect(failed(await askRole(role({ justification: '' })))).toMatch(
      /\["ExpirationRule","JustificationRule","TicketingRule","MfaRule"\]$/,
    );
  });
});

describe('guarded accounts and groups', () => {
  const appWithoutRole = () =>
    tenant.change((state) => {
      state.roleAssignments = state.roleAssignments.filter((one: Json) => one.principalId !== APP_SERVICE_PRINCIPAL_ID);
    });

  test.each<[string, () => Promise<Answer>]>([
    ['a role', () => askRole(role({ roleDefinitionId: groupsAdministrator }), 'Eligibility')],
    ['a role-assignable group', () => askGroup(access({ groupId: groups.roleAssignable }), 'eligibility')],
  ])('who is eligible for %s can only be deleted by an app with a directory role', async (_what, ask) => {
    expect((await ask()).status).toBe(201);
    await appWithoutRole();
    expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(403);
  });

  test('a role-assignable group asks for the permission over roles, in PIM too', async () => {
    const granted = (await tenant.control('GET', 'settings')).grantedPermissions as string[];
    await tenant.settings({
      grantedPermissions: granted.filter((name) => name !== 'RoleManagement.ReadWrite.Directory'),
    });
    tenant.forgetTokens();
    const guarded = access({ groupId: groups.roleAssignable });
    expect((await askGroup(guarded)).status).toBe(403);
    expect((await askGroup(guarded, 'eligibility')).status).toBe(403);
    expect((await askGroup(access())).status).toBe(201);
  });

  test('groups that nobody can write are not managed, and a plain group holds no role', async () => {
    for (const groupId of [groups.plantOperatorsSynchronized, groups.incidentBridgeMailSecurity]) {
      expect((await askGroup(access({ groupId }))).status).toBe(400);
    }
    expect((await askGroup(access({ groupId: groups.allGuestsDynamic }))).status).toBe(403);
    expect((await askGroup(access({ groupId: nobody() }))).status).toBe(404);
    expect((await askGroup(access({ accessId: 'guest' }))).status).toBe(400);
    expect(codeOf(await askRole(role({ principalId: groups.finance })))).toBe('400 InvalidRoleAssignmentRequest');
    const app = role({ principalId: APP_SERVICE_PRINCIPAL_ID });
    expect(codeOf(await askRole(app, 'Eligibility'))).toBe('400 InvalidRoleAssignmentRequest');
    expect(codeOf(await askRole(role({ roleDefinitionId: nobody() })))).toBe('404 RoleNotFound');
    expect((await askRole(role({ directoryScopeId: `/administrativeUnits/${nobody()}` }))).status).toBe(404);
    expect((await askRole(role({ directoryScopeId: undefined }))).status).toBe(400);
  });

  test('each list needs its own permission', async () => {
    await tenant.settings({
      grantedPermissions: ['Directory.Read.All', 'PrivilegedAssignmentSchedule.Read.AzureADGroup'],
    });
    tenant.forgetTokens();
    const query = `?$filter=principalId%20eq%20'${mara}'`;
    const status = async (path: string) => (await tenant.graph('GET', path + query)).status;
    expect(await status(`${directory}/roleAssignments`)).toBe(200);
    expect(await status(`${directory}/roleAssignmentSchedules`)).toBe(403);
    expect(await status(`${directory}/roleEligibilitySchedules`)).toBe(403);
    expect(await status(`${pimGroups}/assignmentSchedules`)).toBe(200);
    expect(await status(`${pimGroups}/eligibilitySchedules`)).toBe(403);
  });
});

test('a request that waits can be cancelled, and only then', async () => {
  const later = { startDateTime: iso((await now()) + day), ...forHours(8) };
  const waiting = await askRole(role({ scheduleInfo: later }));
  const done = await askRole(role({ roleDefinitionId: groupsAdministrator }));
  const cancel = ({ body }: Answer) =>
    tenant.graph('POST', `${directory}/roleAssignmentScheduleRequests/${body.id as string}/cancel`);
  expect((await cancel(done)).status).toBe(400);
  expect((await cancel(waiting)).status).toBe(204);
  expect((await cancel(waiting)).status).toBe(400);
  await advance(2 * day);
  expect((await rolesOf(ines)).map((row) => row.roleDefinitionId)).not.toContain(reportsReader);
});
