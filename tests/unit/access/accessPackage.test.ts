import { accessPackage } from '../../../access/accessPackage';
import { JUSTIFICATION } from '../../../access/accessPackageRequests';
import { permissionsToRestore } from '../../../access/kind';
import type { Grant } from '../../../domain/grants';
import {
  accessPackages,
  appRoles,
  assignmentPolicies,
  groups,
  guests,
  servicePrincipals,
  staff,
} from '../../../local/tenant/seed/ids';
import { accessWorld, grantsOfMara, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';
import { graphOf, outsideOf } from '../../support/recordedCalls';

const END = '2041-06-30T22:00:00.000Z';
let world: AccessWorld;
let grants: Grant[];

beforeEach(async () => {
  world = await accessWorld();
  grants = await grantsOfMara(accessPackage, world);
});
afterEach(() => world.tenant.close());

const restore = () => world.restore(accessPackage, grants);
const requests = (): Promise<Rows> => world.rows('accessPackageAssignmentRequests');
const asked = async (): Promise<number> => (await world.writes()).length;

/** Somebody else assigns the package to the new guest. */
const assignByHand = (more: object = {}, policy: string = assignmentPolicies.calibrationExternal) =>
  world.outside.graph.write('POST', '/identityGovernance/entitlementManagement/assignmentRequests', {
    requestType: 'adminAdd',
    assignment: {
      targetId: world.newId,
      accessPackageId: accessPackages.calibrationPartners,
      assignmentPolicyId: policy,
    },
    ...more,
  });

const policyOf = (state: Rows, id: string): Rows =>
  state.accessPackageAssignmentPolicies.find((one: Rows) => one.id === id);

describe('capture', () => {
  it('finds package, policy, end and what the package gives, without the id of the guest', () => {
    expect(grants).toEqual([
      {
        kind: 'accessPackage',
        key: `${accessPackages.calibrationPartners}/${assignmentPolicies.calibrationExternal}`,
        name: 'Calibration Partners',
        data: {
          accessPackageId: accessPackages.calibrationPartners,
          assignmentPolicyId: assignmentPolicies.calibrationExternal,
          value: END,
          delivers: [
            { kind: 'groupMembership', key: groups.fieldService },
            { kind: 'appRole', key: `${servicePrincipals.measurementArchive}/${appRoles.archiveReader}` },
          ],
        },
      },
    ]);
    expect(JSON.stringify(grants)).not.toContain(guests.mara);
  });

  it('knows ownerships, other systems and roles without an id', async () => {
    await world.change((state) => {
      const [{ resourceRoleScopes: scopes }] = state.accessPackages;
      scopes[0].role.originId = `Owner_${groups.fieldService}`;
      scopes[1].role.originSystem = 'SharePointOnline';
      scopes.push({ id: 'x', role: { originSystem: 'AadGroup', originId: null }, scope: { originId: groups.finance } });
    });
    const [found] = await grantsOfMara(accessPackage, world);
    expect(found?.data['delivers']).toEqual([{ kind: 'groupOwnership', key: groups.fieldService }]);
  });

  it('leaves out what has ended or failed', async () => {
    for (const state of ['expired', 'deliveryFailed']) {
      await world.change((document) => (document.accessPackageAssignments[0].state = state));
      expect(await grantsOfMara(accessPackage, world)).toEqual([]);
    }
    await world.change((document) => (document.accessPackageAssignments[0].state = 'partiallyDelivered'));
    expect(await grantsOfMara(accessPackage, world)).toHaveLength(1);
  });

  it('an assignment without an end has none; one with a duration ends after it', async () => {
    await world.change((state) => {
      state.accessPackageAssignments[0].schedule.expiration = { type: 'noExpiration' };
    });
    expect((await grantsOfMara(accessPackage, world))[0]?.data['value']).toBeNull();
    await world.change((state) => {
      state.accessPackageAssignments[0].schedule.expiration = { type: 'afterDuration', duration: 'P1DT2H30M' };
    });
    expect((await grantsOfMara(accessPackage, world))[0]?.data['value']).toBe('2024-03-02T11:30:00.000Z');
  });

  it('a tenant without the licence has no packages; a missing permission is thrown', async () => {
    await world.settings({ entitlementManagement: false });
    expect(await grantsOfMara(accessPackage, world)).toEqual([]);
    await world.settings({ entitlementManagement: true, grantedPermissions: ['Directory.Read.All'] });
    await expect(grantsOfMara(accessPackage, world)).rejects.toMatchObject({ status: 403 });
  });
});

describe('what a policy keeps an app from', () => {
  const instructionFor = async (id: string): Promise<string | undefined> =>
    (await accessPackage.capture(id, world.outside))[0]?.instruction;

  it('an assignment by rule quotes the rule', async () => {
    const instruction = await instructionFor(staff.qualityEngineer);
    expect(instruction).toContain('"By department"');
    expect(instruction).toContain('user.department -eq "Quality"');
    expect(instruction).toContain('are restored directly.');
  });

  it('a policy for a connected organization does not admit a personal account', async () => {
    expect(await instructionFor(guests.tomas)).toContain('admits users of connected organizations');
  });

  it('a policy for named users and assigned groups does not, one for a group by rule does', async () => {
    const admit = (specificAllowedTargets: object[]) =>
      world.change((state) => {
        const policy = policyOf(state, assignmentPolicies.calibrationExternal);
        Object.assign(policy, { allowedTargetScope: 'specificDirectoryUsers', specificAllowedTargets });
      });
    await admit([{ '@odata.type': '#microsoft.graph.singleUser', userId: guests.mara }]);
    const named = await instructionFor(guests.mara);
    expect(named).toContain('admits only users and members of groups that it names');
    expect(named).toContain('without the end on 2041-06-30');
    await admit([{ '@odata.type': '#microsoft.graph.groupMembers', groupId: groups.supplierPortal }]);
    expect(await instructionFor(guests.mara)).toContain('admits only');
    await admit([{ '@odata.type': '#microsoft.graph.groupMembers', groupId: groups.allGuestsDynamic }]);
    expect(await instructionFor(guests.mara)).toBeUndefined();
    expect(resultsOf(await restore())).toEqual(['retry']);
    expect(resultsOf(await restore())).toEqual(['restored']);
  });

  it('an assignment whose policy does not show is left to people', async () => {
    const assignment = { id: 'a', state: 'delivered', accessPackage: { id: 'p' }, assignmentPolicy: null };
    const graph = graphOf(({ method }) => (method === 'LIST' ? [assignment] : { resourceRoleScopes: null }));
    const [found] = await accessPackage.capture(guests.mara, outsideOf({ graph }));
    expect(found).toMatchObject({ key: 'p/none', name: 'p', data: { delivers: [], value: null } });
    expect(found?.instruction).toContain('policy of the assignment is not readable');
  });
});

describe('restore', () => {
  it('asks once, waits for the delivery, and compares as equal', async () => {
    await world.settings({ accessPackageMs: 10 * 60_000 });
    expect(resultsOf(await restore())).toEqual(['retry']);
    expect(await requests()).toMatchObject([{ requestType: 'adminAdd', justification: JUSTIFICATION }]);
    expect(resultsOf(await restore())).toEqual(['retry']);
    await world.advance(6);
    expect(await restore()).toMatchObject([{ result: 'retry', detail: 'The package is being delivered' }]);
    await world.advance(6);
    expect(resultsOf(await restore())).toEqual(['restored']);
    expect(await world.compare(accessPackage, grants)).toEqual({ equal: 1, missing: [], extra: [] });
    expect(resultsOf(await restore())).toEqual(['restored']);
    expect(await asked()).toBe(1);
    const members = (await world.rows('groups')).find((one: Rows) => one.id === groups.fieldService).members;
    expect(members).toContain(world.newId);
  });

  it('finds the request whose answer was lost and makes no second one', async () => {
    await world.faults({ method: 'POST', path: '/assignmentRequests$', kind: 'lostAck' });
    expect(resultsOf(await restore())).toEqual(['retry']);
    expect(resultsOf(await restore())).toEqual(['restored']);
    expect(await requests()).toHaveLength(1);
    expect(await asked()).toBe(1);
  });

  it('waits for a new guest who is not known everywhere, and for a request that does not show yet', async () => {
    await world.settings({ replicationMs: 60 * 60_000 });
    const late = await world.invite('mara@hotmail.example');
    const attempts = () => accessPackage.restore(grants, late, world.outside);
    expect(await attempts()).toMatchObject([{ result: 'retry', detail: 'graph answered 404 ResourceNotFound' }]);
    await world.advance(61);
    expect(resultsOf([...(await attempts()), ...(await attempts())])).toEqual(['retry', 'retry']);
    await world.advance(61);
    expect(resultsOf(await attempts())).toEqual(['restored']);
    expect(await requests()).toHaveLength(1);
  });

  it('takes what somebody else assigned in the same way, and asks for nothing', async () => {
    await assignByHand({ schedule: { expiration: { type: 'afterDateTime', endDateTime: END } } });
    expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
    expect(await requests()).toHaveLength(1);
  });

  it('leaves an assignment with another end or policy as it is, and says so', async () => {
    await assignByHand();
    expect(await restore()).toMatchObject([
      { result: 'manual', detail: `The new guest has the package, but it ends never, not on ${END}.` },
    ]);
    await world.change((state) => {
      const made = state.accessPackageAssignments.find((one: Rows) => one.target.objectId === world.newId);
      made.assignmentPolicyId = assignmentPolicies.calibrationEmployees;
    });
    const [attempt] = await restore();
    expect(attempt?.result).toBe('manual');
    expect(attempt?.detail).toContain('by another policy');
    expect(await asked()).toBe(1);
  });

  it('of an assignment that ended meanwhile is left to people', async () => {
    await world.advance(16 * 366 * 24 * 60);
    expect(await restore()).toMatchObject([{ result: 'manual' }]);
    expect(await asked()).toBe(0);
  });

  it('without an end asks for none', async () => {
    const [grant] = grants;
    if (grant === undefined) throw new Error('Mara holds a package.');
    const endless = { ...grant, data: { ...grant.data, value: null } };
    await world.restore(accessPackage, [endless]);
    expect(resultsOf(await world.restore(accessPackage, [endless]))).toEqual(['restored']);
    expect((await world.writes())[0]?.requestBody).not.toHaveProperty('schedule');
    expect((await world.compare(accessPackage, [endless])).missing).toEqual([]);
  });

  it('that the policy refuses is left to people', async () => {
    await world.change((state) => {
      policyOf(state, assignmentPolicies.calibrationExternal).allowedTargetScope = 'allMemberUsers';
    });
    const [attempt] = await restore();
    expect(attempt?.result).toBe('manual');
    expect(attempt?.detail).toContain('assign the package by another policy');
    expect(await requests()).toEqual([]);
  });

  it('waits for the group by rule through which the policy admits the guest', async () => {
    const rule = (membershipRule: string) =>
      world.change((state) => {
        state.groups.find(({ id }: Rows) => id === groups.allGuestsDynamic).membershipRule = membershipRule;
      });
    await world.change((state) => {
      Object.assign(policyOf(state, assignmentPolicies.calibrationExternal), {
        allowedTargetScope: 'specificDirectoryUsers',
        specificAllowedTargets: [{ '@odata.type': '#microsoft.graph.groupMembers', groupId: groups.allGuestsDynamic }],
      });
    });
    const held = await grantsOfMara(accessPackage, world);
    await rule('user.userType -eq "Member"');
    expect(await world.restore(accessPackage, held)).toMatchObject([
      { result: 'retry', detail: expect.stringContaining('has not taken the new guest in') },
    ]);
    await rule('user.userType -eq "Guest"');
    await world.restore(accessPackage, held);
    expect(resultsOf(await world.restore(accessPackage, held))).toEqual(['restored']);
  });

  it('that awaits an approval is left to the approver', async () => {
    await world.change((state) => {
      const policy = policyOf(state, assignmentPolicies.calibrationExternal);
      policy.requestApprovalSettings.isApprovalRequiredForAdd = true;
    });
    expect(resultsOf(await restore())).toEqual(['retry']);
    expect(await restore()).toMatchObject([{ result: 'manual' }]);
    expect(await asked()).toBe(1);
  });

  it.each([
    ['denied', 'manual'],
    ['canceled', 'manual'],
    ['deliveryFailed', 'failed'],
  ])('whose request was %s ends as %s and is not asked for again', async (state, result) => {
    await world.settings({ accessPackageMs: 60_000 });
    await restore();
    await world.change((document) => (document.accessPackageAssignmentRequests[0].state = state));
    expect(resultsOf(await restore())).toEqual([result]);
    expect(resultsOf(await restore())).toEqual([result]);
    expect(await asked()).toBe(1);
  });

  it('that was delivered in part says so', async () => {
    await world.change((state) => (state.accessPackages[0].resourceRoleScopes[0].scope.originId = guests.mara));
    await restore();
    const [attempt] = await restore();
    expect(attempt).toMatchObject({ result: 'manual' });
    expect(attempt?.detail).toContain('in part');
  });

  it('refused for a request that did not show yet is tried again', async () => {
    await world.settings({ accessPackageMs: 60_000 });
    await assignByHand();
    const { graph } = world.outside;
    let looks = 0;
    const late = {
      ...graph,
      readAll: ((path, item) => {
        looks += 1;
        return looks <= 2 ? Promise.resolve([]) : graph.readAll(path, item);
      }) satisfies typeof graph.readAll,
    };
    const attempts = await accessPackage.restore(grants, world.newId, { ...world.outside, graph: late });
    expect(resultsOf(attempts)).toEqual(['retry']);
    expect(looks).toBe(4);
    expect(await requests()).toHaveLength(1);
  });

  it('for nobody known is put off as a whole when the service does not answer', async () => {
    await world.faults({ method: 'POST', path: '/\\$batch$', kind: 'reset', times: 20 });
    expect(resultsOf(await restore())).toEqual(['retry']);
    expect(await asked()).toBe(0);
  });
});

it('asks for its permission only when there is a package to assign', () => {
  const names = (given: Grant[]) => permissionsToRestore(accessPackage, given).map(({ anyOf }) => anyOf[0]);
  expect(names(grants)).toEqual(['EntitlementManagement.ReadWrite.All']);
  expect(names(grants.map((grant) => ({ ...grant, instruction: 'by hand' })))).toEqual([]);
});
