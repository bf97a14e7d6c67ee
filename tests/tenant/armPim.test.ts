import { APP_SERVICE_PRINCIPAL_ID, azure, azureRoles, guests, numbered } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Answer, type Json } from './support';

const { mara, tomas, ines } = guests;
const day = 24 * 60 * 60 * 1000;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const at = (scope: string, type: string, more = ''): string =>
  `${scope}/providers/Microsoft.Authorization/${type}${more}${more.includes('?') ? '&' : '?'}api-version=2020-10-01`;

const list = async (scope: string, type: string, filter: string): Promise<Json[]> => {
  const answer = await tenant.arm('GET', at(scope, type, `?$filter=${encodeURIComponent(filter)}`));
  expect(answer.status).toBe(200);
  return answer.body.value as unknown[];
};

const roleAt = (scope: string, role: string): string =>
  `${/^\/subscriptions\/[^/]+/.exec(scope)?.[0] ?? ''}/providers/Microsoft.Authorization/roleDefinitions/${role}`;

const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString();
const until = (endDateTime: string): object => ({ expiration: { type: 'AfterDateTime', endDateTime } });

const request = (
  type: 'roleEligibilityScheduleRequests' | 'roleAssignmentScheduleRequests',
  more: object = {},
  { scope = azure.labSubscription, name = nobody() } = {},
): Promise<Answer> =>
  tenant.arm('PUT', at(scope, `${type}/${name}`), {
    properties: {
      principalId: ines,
      roleDefinitionId: roleAt(scope, azureRoles.reader),
      requestType: 'AdminAssign',
      justification: 'as before',
      scheduleInfo: until(inDays(30)),
      ...more,
    },
  });

const roleOf = (row: Json): string => row.properties.roleDefinitionId.split('/').at(-1);

describe('schedules', () => {
  test('eligibilities at the scope, above it and below it', async () => {
    const found = await list(azure.labSubscription, 'roleEligibilitySchedules', `principalId eq '${mara}'`);
    expect(found.map((row) => row.properties.scope)).toEqual([azure.labSubscription, azure.measurementsStorage]);
    expect(found[1].properties).toMatchObject({ conditionVersion: '2.0', memberType: 'Direct', status: 'Provisioned' });
    const atScope = await list(
      azure.labSubscription,
      'roleEligibilitySchedules',
      `principalId eq ${mara} and atScope()`,
    );
    expect(atScope).toHaveLength(1);
    expect(await list(azure.plantsManagementGroup, 'roleEligibilitySchedules', `principalId eq '${mara}'`)).toEqual([]);
  });

  test('lasting assignments show among the active ones, without an end', async () => {
    const found = await list(azure.labSubscription, 'roleAssignmentSchedules', `principalId eq '${mara}'`);
    const kinds = found.map((row) => [roleOf(row), row.properties.assignmentType, row.properties.endDateTime !== null]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        [azureRoles.contributor, 'Activated', true],
        [azureRoles.reader, 'Assigned', false],
      ]),
    );
  });

  test('what is active shows as role assignment too, until it ends', async () => {
    const assigned = async (): Promise<string[]> => {
      const filter = encodeURIComponent(`principalId eq '${mara}'`);
      const answer = await tenant.arm(
        'GET',
        `${azure.labSubscription}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`,
      );
      return answer.body.value.map((row: Json) => row.id);
    };
    const instances = await list(azure.labSubscription, 'roleAssignmentScheduleInstances', `principalId eq '${mara}'`);
    const activated = instances.find((row) => row.properties.assignmentType === 'Activated');
    expect(activated.properties.linkedRoleEligibilityScheduleId).toBe(numbered('a2e00000', 1));
    expect(await assigned()).toContain(activated.properties.originRoleAssignmentId);
    await tenant.control('POST', 'clock', { advanceMs: day });
    expect(await assigned()).not.toContain(activated.properties.originRoleAssignmentId);
    const later = await list(azure.labSubscription, 'roleAssignmentSchedules', `principalId eq '${mara}'`);
    expect(later.map((row) => row.properties.assignmentType)).not.toContain('Activated');
  });

  test('a deleted role assignment ends the schedule behind it', async () => {
    const [instance] = await list(azure.portalGroup, 'roleAssignmentScheduleInstances', `principalId eq '${tomas}'`);
    expect((await tenant.arm('DELETE', instance.properties.originRoleAssignmentId)).status).toBe(200);
    expect(await list(azure.portalGroup, 'roleAssignmentSchedules', `principalId eq '${tomas}'`)).toEqual([]);
  });

  test('everybody may ask for their own, not for those of others', async () => {
    await tenant.change((state) => {
      state.azureRoleAssignments = state.azureRoleAssignments.filter(
        (one: Json) => one.properties.principalId !== APP_SERVICE_PRINCIPAL_ID,
      );
    });
    expect(await list(azure.labSubscription, 'roleEligibilitySchedules', 'asTarget()')).toEqual([]);
    const filter = encodeURIComponent(`principalId eq '${mara}'`);
    const others = await tenant.arm('GET', at(azure.labSubscription, 'roleEligibilitySchedules', `?$filter=${filter}`));
    expect(others).toMatchObject({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
  });

  test('other filters and api-versions are refused', async () => {
    const filter = at(azure.labSubscription, 'roleEligibilitySchedules', `?$filter=${encodeURIComponent("x eq 'y'")}`);
    expect((await tenant.arm('GET', filter)).status).toBe(400);
    const version = `${azure.labSubscription}/providers/Microsoft.Authorization/roleEligibilitySchedules`;
    expect((await tenant.arm('GET', version)).body.error.code).toBe('NoRegisteredProviderFound');
  });

  test('a purge leaves them behind, as it leaves role assignments', async () => {
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect(await list(azure.labSubscription, 'roleEligibilitySchedules', `principalId eq '${mara}'`)).toHaveLength(2);
  });
});

describe('requests', () => {
  test('an eligibility until a day, with its condition', async () => {
    const name = nobody();
    const condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'";
    const answer = await request(
      'roleEligibilityScheduleRequests',
      { condition, conditionVersion: '2.0' },
      { name, scope: azure.measurementsGroup },
    );
    expect(answer).toMatchObject({ status: 201, body: { name, properties: { status: 'Provisioned', condition } } });
    const [made] = await list(azure.measurementsGroup, 'roleEligibilitySchedules', `principalId eq '${ines}'`);
    expect(made.properties).toMatchObject({ scope: azure.measurementsGroup, condition, principalType: 'User' });
    expect(made.properties.roleEligibilityScheduleRequestId).toContain(name);
    const read = await tenant.arm('GET', at(azure.measurementsGroup, `roleEligibilityScheduleRequests/${name}`));
    expect(read.body.properties.requestType).toBe('AdminAssign');
  });

  test('an active role for some hours is a role assignment', async () => {
    const duration = { expiration: { type: 'AfterDuration', duration: 'PT8H' } };
    expect((await request('roleAssignmentScheduleRequests', { scheduleInfo: duration })).status).toBe(201);
    const filter = encodeURIComponent(`principalId eq '${ines}'`);
    const assignments = `${azure.labSubscription}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`;
    expect((await tenant.arm('GET', assignments)).body.value).toHaveLength(1);
  });

  test('what begins later is a schedule, not yet an instance', async () => {
    await request('roleEligibilityScheduleRequests', {
      scheduleInfo: { startDateTime: inDays(2), ...until(inDays(9)) },
    });
    const filter = `principalId eq '${ines}'`;
    expect(await list(azure.labSubscription, 'roleEligibilitySchedules', filter)).toHaveLength(1);
    expect(await list(azure.labSubscription, 'roleEligibilityScheduleInstances', filter)).toEqual([]);
    await tenant.control('POST', 'clock', { advanceMs: 3 * day });
    expect(await list(azure.labSubscription, 'roleEligibilityScheduleInstances', filter)).toHaveLength(1);
  });

  test('the same again is refused, by its id and by what it is about', async () => {
    const name = nobody();
    await request('roleEligibilityScheduleRequests', {}, { name });
    const same = await request('roleEligibilityScheduleRequests', {}, { name });
    expect(same).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentRequestExists' } } });
    const other = await request('roleEligibilityScheduleRequests');
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
    const lasting = await request('roleAssignmentScheduleRequests', { principalId: mara });
    expect(lasting).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
    const plain = await tenant.arm(
      'PUT',
      `${azure.portalGroup}/providers/Microsoft.Authorization/roleAssignments/${nobody()}`,
      {
        properties: {
          principalId: tomas,
          roleDefinitionId: roleAt(azure.portalGroup, azureRoles.monitoringReader),
          principalType: 'User',
        },
      },
    );
    expect(plain).toMatchObject({ status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
  });

  test("the role's settings decide how long and whether without a reason", async () => {
    const refusals = async (...args: Parameters<typeof request>): Promise<string> => {
      const { body } = await request(...args);
      expect(body.error.code).toBe('RoleAssignmentRequestPolicyValidationFailed');
      return body.error.message as string;
    };
    const role = { roleDefinitionId: roleAt(azure.labSubscription, azureRoles.owner) };
    const forGood = { scheduleInfo: { expiration: { type: 'NoExpiration' } } };
    expect(await refusals('roleEligibilityScheduleRequests', { ...role, ...forGood })).toContain('ExpirationRule');
    const long = { ...role, scheduleInfo: until(inDays(200)), justification: '' };
    expect(await refusals('roleAssignmentScheduleRequests', long)).toContain('["ExpirationRule","JustificationRule"]');
    expect((await request('roleEligibilityScheduleRequests', forGood)).status).toBe(201);
  });

  test.each([
    ['another type of request', { requestType: 'SelfActivate' }, 400, 'BadRequest'],
    [
      'an unknown role',
      { roleDefinitionId: roleAt(azure.labSubscription, nobody()) },
      400,
      'RoleDefinitionDoesNotExist',
    ],
    ['a role of nowhere', { roleDefinitionId: roleAt('', azureRoles.reader) }, 400, 'ScopeDoesNotMatchRoleDefinition'],
    ['an unknown principal', { principalId: nobody() }, 404, 'SubjectNotFound'],
    ['a condition without its version', { condition: 'x' }, 400, 'InvalidConditionVersion'],
    ['no schedule', { scheduleInfo: undefined }, 400, 'BadRequestFormat'],
    ['a schedule that is over', { scheduleInfo: until(inDays(-1)) }, 400, 'InvalidRoleAssignmentRequestSchedule'],
    [
      'an unknown schedule',
      { scheduleInfo: { expiration: { type: 'Never' } } },
      400,
      'InvalidRoleAssignmentRequestSchedule',
    ],
  ])('%s is refused', async (_what, more, status, code) => {
    const refused = await request('roleEligibilityScheduleRequests', more);
    expect(refused).toMatchObject({ status, body: { error: { code } } });
  });

  test('who may only write role assignments may not write requests', async () => {
    await tenant.change((state) => {
      const own = state.azureRoleAssignments.find((one: Json) =>
        one.properties.roleDefinitionId.endsWith(azureRoles.userAccessAdministrator),
      );
      own.properties.roleDefinitionId = roleAt('', azureRoles.rbacAdministrator);
    });
    expect(await request('roleEligibilityScheduleRequests')).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
  });

  test('a principal that has not replicated is not known', async () => {
    await tenant.settings({ replicationMs: 3_600_000 });
    const made = await tenant.invite('new@personal.example');
    const principalId = made.body.invitedUser.id;
    const answers = new Set<number>();
    for (let time = 0; time < 10; time++) {
      answers.add((await request('roleEligibilityScheduleRequests', { principalId })).status);
    }
    expect(answers).toEqual(new Set([404]));
    await tenant.control('POST', 'clock', { advanceMs: 3_600_001 });
    expect((await request('roleEligibilityScheduleRequests', { principalId })).status).toBe(201);
  });
});

test('without Microsoft Entra ID P2 there is none of it', async () => {
  await tenant.change((state) => {
    state.organization.assignedPlans = [];
  });
  const refusal = { status: 400, body: { error: { code: 'AadPremiumLicenseRequired' } } };
  expect(await tenant.arm('GET', at(azure.labSubscription, 'roleEligibilitySchedules'))).toMatchObject(refusal);
  expect(await request('roleEligibilityScheduleRequests')).toMatchObject(refusal);
});

test('a state document whose schedules name no role is refused', async () => {
  const state = await tenant.state();
  state.azureRoleEligibilitySchedules[0].properties.roleDefinitionId = `/x/${nobody()}`;
  const refused = await tenant.send('PUT', '/_tenant/state', state);
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('azureRoleEligibilitySchedules[0].properties.roleDefinitionId');
});
