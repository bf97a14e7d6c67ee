import {
  accessPackages,
  appRoles,
  assignmentPolicies,
  groups,
  guests,
  servicePrincipals,
  staff,
} from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Json } from './support';

const { mara, tomas, ines, jonas } = guests;
const root = '/identityGovernance/entitlementManagement';
const minute = 60_000;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const add = (targetId: string, more: object = {}, assignment: object = {}) =>
  tenant.graph('POST', `${root}/assignmentRequests`, {
    requestType: 'adminAdd',
    assignment: {
      targetId,
      assignmentPolicyId: assignmentPolicies.calibrationExternal,
      accessPackageId: accessPackages.calibrationPartners,
      ...assignment,
    },
    ...more,
  });

const list = async (what: 'assignments' | 'assignmentRequests', query: string): Promise<Json[]> => {
  const answer = await tenant.graph('GET', `${root}/${what}?${query}`);
  expect(answer.status).toBe(200);
  return answer.body.value as Json[];
};

const assignmentsOf = (id: string) => list('assignments', `$filter=target/objectId eq '${id}'`);
const requestsOf = (id: string) => list('assignmentRequests', `$filter=assignment/target/objectId eq '${id}'`);
const states = (objects: Json[]): string[] => objects.map(({ state }) => state as string);

async function given(id: string): Promise<{ group: boolean; role: boolean }> {
  const state = await tenant.state();
  return {
    group: state.groups.find((one: Json) => one.id === groups.fieldService).members.includes(id),
    role: state.appRoleAssignments.some(
      (one: Json) =>
        one.principalId === id &&
        one.resourceId === servicePrincipals.measurementArchive &&
        one.appRoleId === appRoles.archiveReader,
    ),
  };
}

describe('reading', () => {
  test('a package shows what it gives only when asked for', async () => {
    const path = `${root}/accessPackages/${accessPackages.calibrationPartners}`;
    const plain = await tenant.graph('GET', path);
    expect(plain.body).toMatchObject({ displayName: 'Calibration Partners', isHidden: false });
    expect(plain.body).not.toHaveProperty('resourceRoleScopes');
    const bare = await tenant.graph('GET', `${path}?$expand=resourceRoleScopes`);
    expect(bare.body.resourceRoleScopes[0]).not.toHaveProperty('role');
    const full = await tenant.graph('GET', `${path}?$expand=resourceRoleScopes($expand=role,scope)`);
    expect(full.body.resourceRoleScopes).toMatchObject([
      {
        role: { originSystem: 'AadGroup', originId: `Member_${groups.fieldService}` },
        scope: { originId: groups.fieldService, isRootScope: true },
      },
      {
        role: { originSystem: 'AadApplication', originId: appRoles.archiveReader },
        scope: { originId: servicePrincipals.measurementArchive },
      },
    ]);
    expect((await tenant.graph('GET', `${root}/accessPackages/${nobody()}`)).status).toBe(404);
    expect((await tenant.graph('GET', `${path}?$expand=incompatibleGroups`)).status).toBe(400);
  });

  test('assignments are found by target, package and state, and show their links only expanded', async () => {
    const [plain] = await assignmentsOf(mara);
    expect(Object.keys(plain).sort()).toEqual(
      ['customExtensionCalloutInstances', 'expiredDateTime', 'id', 'schedule', 'state', 'status'].sort(),
    );
    const filter = `target/objectId eq '${mara}' and accessPackage/id eq '${accessPackages.calibrationPartners}' and state eq 'Delivered'`;
    const [full] = await list('assignments', `$expand=target,accessPackage,assignmentPolicy&$filter=${filter}`);
    expect(full).toMatchObject({
      target: { objectId: mara },
      accessPackage: { id: accessPackages.calibrationPartners },
      assignmentPolicy: { allowedTargetScope: 'allExternalUsers' },
    });
    expect(full.target.id).not.toBe(mara);
    expect(await list('assignments', `$filter=accessPackage/id eq '${nobody()}'`)).toEqual([]);
    const refused = await tenant.graph('GET', `${root}/assignments?$filter=status eq 'Delivered'`);
    expect(refused.status).toBe(400);
  });

  test('a tenant without the licence says so to everybody; a missing permission is something else', async () => {
    await tenant.settings({ entitlementManagement: false });
    for (const path of ['assignments', 'assignmentRequests', `accessPackages/${accessPackages.qualityStaff}`]) {
      const { status, body } = await tenant.graph('GET', `${root}/${path}`);
      expect([status, body.error.code]).toEqual([403, 'NoLicense']);
    }
    expect((await add(ines)).body.error.code).toBe('NoLicense');
    await tenant.settings({ grantedPermissions: ['Directory.Read.All'], entitlementManagement: true });
    tenant.forgetTokens();
    const { body } = await tenant.graph('GET', `${root}/assignments`);
    expect(body.error.code).toBe('Authorization_RequestDenied');
  });
});

describe('a request', () => {
  test('is submitted, delivering and delivered by the clock; the package gives its group and role', async () => {
    await tenant.settings({ accessPackageMs: 10 * minute });
    const made = await add(ines);
    expect(made).toMatchObject({ status: 201, body: { requestType: 'adminAdd', state: 'submitted' } });
    expect(made.body.createdDateTime).toBeNull();
    expect(states(await requestsOf(ines))).toEqual(['submitted']);
    expect(await assignmentsOf(ines)).toEqual([]);

    await tenant.control('POST', 'clock', { advanceMs: 5 * minute });
    expect(states(await requestsOf(ines))).toEqual(['delivering']);
    expect(states(await assignmentsOf(ines))).toEqual(['delivering']);
    expect(await given(ines)).toEqual({ group: false, role: false });

    await tenant.control('POST', 'clock', { advanceMs: 5 * minute });
    expect(states(await requestsOf(ines))).toEqual(['delivered']);
    expect(states(await assignmentsOf(ines))).toEqual(['delivered']);
    expect(await given(ines)).toEqual({ group: true, role: true });
  });

  test('is refused while there is another one or an assignment, by whatever policy', async () => {
    await tenant.settings({ accessPackageMs: minute });
    expect((await add(mara)).status).toBe(400);
    expect((await add(ines)).status).toBe(201);
    expect((await add(ines)).status).toBe(400);
    await tenant.control('POST', 'clock', { advanceMs: minute });
    expect((await add(ines)).status).toBe(400);
    expect(await requestsOf(ines)).toHaveLength(1);
  });

  test.each<[string, string, object, number]>([
    ['a package that does not exist', ines, { accessPackageId: nobody() }, 404],
    ['a target that does not exist', nobody(), {}, 404],
    ['a policy of another package', ines, { assignmentPolicyId: assignmentPolicies.supplierOrganization }, 400],
    ['a policy for employees', ines, { assignmentPolicyId: assignmentPolicies.calibrationEmployees }, 400],
    ['no policy', ines, { assignmentPolicyId: undefined }, 400],
    [
      'a policy that assigns by rule',
      staff.labManager,
      { assignmentPolicyId: assignmentPolicies.qualityAutomatic, accessPackageId: accessPackages.qualityStaff },
      400,
    ],
    [
      'a personal account by the policy of an organization',
      jonas,
      {
        assignmentPolicyId: assignmentPolicies.supplierOrganization,
        accessPackageId: accessPackages.supplierOnboarding,
      },
      400,
    ],
  ])('for %s is refused', async (_what, target, assignment, status) => {
    expect((await add(target, {}, assignment)).status).toBe(status);
    expect((await tenant.state()).accessPackageAssignmentRequests).toEqual([]);
  });

  test('of a user, or that ends in the past or after its policy, is refused', async () => {
    expect((await add(ines, { requestType: 'userAdd' })).status).toBe(400);
    const until = (endDateTime: string) => ({ schedule: { expiration: { type: 'afterDateTime', endDateTime } } });
    expect((await add(ines, until('2020-01-01T00:00:00Z'))).status).toBe(400);
    const employee = { assignmentPolicyId: assignmentPolicies.calibrationEmployees };
    expect((await add(staff.accountant, until('2061-01-01T00:00:00Z'), employee)).status).toBe(400);
    expect((await add(staff.accountant, {}, employee)).status).toBe(201);
    const [assigned] = await assignmentsOf(staff.accountant);
    expect(Date.parse(assigned.schedule.expiration.endDateTime as string)).toBeGreaterThan(Date.now());
  });

  test('waits for its approval when the policy wants one', async () => {
    await tenant.change((state) => {
      state.accessPackageAssignmentPolicies[0].requestApprovalSettings.isApprovalRequiredForAdd = true;
    });
    expect((await add(ines)).body.state).toBe('pendingApproval');
    await tenant.control('POST', 'clock', { advanceMs: 24 * 60 * minute });
    expect(states(await requestsOf(ines))).toEqual(['pendingApproval']);
    await tenant.change((state) => (state.accessPackageAssignmentRequests[0].state = 'submitted'));
    expect(states(await assignmentsOf(ines))).toEqual(['delivered']);
  });

  test('fails in part or as a whole when its resources are gone', async () => {
    const withoutGroup = (state: Json): void => {
      state.accessPackages[0].resourceRoleScopes[0].scope.originId = nobody();
    };
    await tenant.change(withoutGroup);
    await add(ines);
    expect(states(await requestsOf(ines))).toEqual(['partiallyDelivered']);
    expect(await given(ines)).toEqual({ group: false, role: true });
    await tenant.change((state) => state.accessPackages[0].resourceRoleScopes.pop());
    await add(jonas);
    expect(states(await requestsOf(jonas))).toEqual(['deliveryFailed']);
    expect(states(await assignmentsOf(jonas))).toEqual(['deliveryFailed']);
    // What failed does not stand in the way of a new request.
    expect((await add(jonas)).status).toBe(201);
  });

  test('is checked where the directory has replicated to', async () => {
    const invited = (await tenant.invite('mara.lindqvist@outlook.example')).body.invitedUser.id as string;
    expect((await add(invited)).status).toBe(201);
    await tenant.settings({ replicationMs: 60 * minute });
    const late = (await tenant.invite('ines.duarte@outlook.example')).body.invitedUser.id as string;
    const answers = await Promise.all(Array.from({ length: 5 }, () => add(late)));
    expect(answers.map(({ status }) => status)).toContain(404);
  });
});

describe('an assignment', () => {
  test('that is removed takes away what it gave, but not what another package gives', async () => {
    await tenant.change((state) => {
      const [first, second] = state.accessPackages;
      second.resourceRoleScopes.push(first.resourceRoleScopes[0]);
    });
    const assignment = {
      accessPackageId: accessPackages.supplierOnboarding,
      assignmentPolicyId: assignmentPolicies.supplierOrganization,
    };
    expect((await add(mara, {}, assignment)).status).toBe(201);
    const [first] = await list(
      'assignments',
      `$filter=target/objectId eq '${mara}' and accessPackage/id eq '${accessPackages.calibrationPartners}'`,
    );
    const remove = () =>
      tenant.graph('POST', `${root}/assignmentRequests`, {
        requestType: 'adminRemove',
        assignment: { id: first.id as string },
      });
    expect((await remove()).status).toBe(201);
    expect(await given(mara)).toEqual({ group: true, role: false });
    expect((await remove()).status).toBe(400);
    expect(states(await assignmentsOf(mara)).sort()).toEqual(['delivered', 'expired']);
  });

  test('ends with its schedule', async () => {
    const end = new Date(Date.now() + 60 * minute).toISOString();
    await add(ines, { schedule: { expiration: { type: 'afterDateTime', endDateTime: end } } });
    expect(await given(ines)).toEqual({ group: true, role: true });
    await tenant.control('POST', 'clock', { advanceMs: 61 * minute });
    expect(await given(ines)).toEqual({ group: false, role: false });
    expect(states(await assignmentsOf(ines))).toEqual(['expired']);
  });

  test('hides with its soft-deleted target, comes back with it, and ends with the purge', async () => {
    await tenant.graph('DELETE', `/users/${mara}`);
    expect(await assignmentsOf(mara)).toEqual([]);
    await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`);
    expect(states(await assignmentsOf(mara))).toEqual(['delivered']);
    expect(await given(mara)).toEqual({ group: true, role: true });
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect(states(await assignmentsOf(mara))).toEqual(['expired']);
    expect(await given(mara)).toEqual({ group: false, role: false });
    expect(states(await assignmentsOf(tomas))).toEqual(['delivered']);
  });

  test('needs its package, its policy and its target in a state that is loaded', async () => {
    const before = await tenant.state();
    const refused = async (change: (assignment: Json) => void): Promise<string> => {
      const state = structuredClone(before);
      change(state.accessPackageAssignments[0]);
      const answer = await tenant.send('PUT', '/_tenant/state', state);
      expect(answer.status).toBe(400);
      return answer.body.error as string;
    };
    expect(await refused((one) => (one.accessPackageId = 'x'))).toContain('accessPackageAssignments[0]');
    expect(await refused((one) => (one.assignmentPolicyId = 'x'))).toContain('assignmentPolicyId');
    expect(await refused((one) => (one.target.objectId = nobody()))).toContain('target.objectId');
  });
});
