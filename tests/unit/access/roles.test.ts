import { appRole } from '../../../access/appRole';
import { directoryRole } from '../../../access/directoryRole';
import {
  azureOf,
  graphOf,
  notFound,
  refusal,
  silent,
  writesIn,
  type Call,
  outsideOf,
} from '../../support/recordedCalls';

const OLD = '01d00000-0000-4000-8000-000000000001';
const NEW = '0e000000-0000-4000-8000-000000000002';
const READER_ROLE = '88d8e3e3-8f55-4a1e-953a-9b9898b8876b';
const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';
const UNIT = '/administrativeUnits/au-1';
const azure = azureOf(silent);

describe('directory roles', () => {
  const tenantWide = { id: 'a-1', roleDefinitionId: READER_ROLE, directoryScopeId: '/' };
  const inUnit = { id: 'a-2', roleDefinitionId: READER_ROLE, directoryScopeId: UNIT };
  const deletedRole = { id: 'a-3', roleDefinitionId: 'gone-role', directoryScopeId: '/' };

  /** What PIM says of assignments that were made without it. */
  const lasting = {
    assignmentType: 'Assigned',
    memberType: 'Direct',
    createdUsing: null,
    scheduleInfo: { startDateTime: '2026-03-01T08:00:01Z', expiration: { type: 'noExpiration' } },
  };

  function service({ method, path }: Call): unknown {
    if (path.startsWith('/roleManagement/directory/roleAssignmentSchedules?')) {
      return [tenantWide, inUnit, deletedRole].map((row) => ({ ...row, ...lasting }));
    }
    if (method === 'LIST') return [tenantWide, inUnit, deletedRole];
    if (path.includes(READER_ROLE)) return { displayName: 'Directory Readers' };
    throw notFound();
  }

  it('captures each assignment at its scope; a deleted role keeps its id as name', async () => {
    const graph = graphOf(service);
    const grants = await directoryRole.capture(OLD, outsideOf({ graph, azure }));
    expect(graph.calls[0]?.path).toBe(`/roleManagement/directory/roleAssignments?$filter=principalId eq '${OLD}'`);
    expect(grants.map(({ key, name, scope }) => ({ key, name, scope }))).toEqual([
      { key: `${READER_ROLE}@/`, name: 'Directory Readers', scope: '/' },
      { key: `${READER_ROLE}@${UNIT}`, name: 'Directory Readers', scope: UNIT },
      { key: 'gone-role@/', name: 'gone-role', scope: '/' },
    ]);
    expect(JSON.stringify(grants)).not.toContain(OLD);
  });

  it('restores role and scope to the new guest; a conflict means that it is there already', async () => {
    const assigned = new Set<string>();
    const graph = graphOf((call) => {
      if (call.method !== 'POST') return service(call);
      const wanted = JSON.stringify(call.body);
      if (assigned.has(wanted)) {
        const text = 'A conflicting object with one or more of the specified property values is present.';
        throw refusal(400, 'Request_BadRequest', text);
      }
      assigned.add(wanted);
      return { id: 'new' };
    });
    const grants = (await directoryRole.capture(OLD, outsideOf({ graph, azure }))).slice(0, 2);
    const results = async () =>
      (await directoryRole.restore(grants, NEW, outsideOf({ graph, azure }))).map((one) => one.result);
    expect(await results()).toEqual(['restored', 'restored']);
    expect(writesIn(graph.calls)[1]).toEqual({
      method: 'POST',
      path: '/roleManagement/directory/roleAssignments',
      body: { principalId: NEW, roleDefinitionId: READER_ROLE, directoryScopeId: UNIT },
    });
    expect(await results()).toEqual(['alreadyPresent', 'alreadyPresent']);
    expect(assigned.size).toBe(2);
  });
});

describe('app roles', () => {
  const direct = {
    appRoleId: 'role-1',
    principalId: OLD.toUpperCase(),
    resourceId: 'resource-1',
    resourceDisplayName: 'Payroll',
  };
  const throughGroup = { ...direct, principalId: '60000000-0000-4000-8000-000000000001' };
  const defaultAccess = { ...direct, appRoleId: DEFAULT_ROLE };
  const ofDeletedApp = { ...direct, resourceId: 'resource-2', resourceDisplayName: null };

  function service({ method, path }: Call): unknown {
    if (method === 'LIST') return [direct, throughGroup, defaultAccess, ofDeletedApp];
    if (path.startsWith('/servicePrincipals/resource-1?')) {
      return { appRoles: [{ id: 'role-1', displayName: 'Clerk' }] };
    }
    throw notFound();
  }

  it('captures direct assignments and leaves out those that come through a group', async () => {
    const grants = await appRole.capture(OLD, outsideOf({ graph: graphOf(service), azure }));
    expect(grants.map(({ key, name }) => ({ key, name }))).toEqual([
      { key: 'resource-1/role-1', name: 'Payroll: Clerk' },
      { key: `resource-1/${DEFAULT_ROLE}`, name: 'Payroll: default access' },
      { key: 'resource-2/role-1', name: 'resource-2: role-1' },
    ]);
    expect(JSON.stringify(grants).toLowerCase()).not.toContain(OLD);
  });

  it('assigns at the application, to the new guest; a second run finds it present', async () => {
    const assigned = new Set<string>();
    const graph = graphOf((call) => {
      if (call.method !== 'POST') return service(call);
      const wanted = JSON.stringify(call.body);
      if (assigned.has(wanted)) {
        throw refusal(400, 'Request_BadRequest', 'Permission being assigned already exists on the object');
      }
      assigned.add(wanted);
      return { id: 'new' };
    });
    const grants = (await appRole.capture(OLD, outsideOf({ graph, azure }))).slice(0, 2);
    const results = async () =>
      (await appRole.restore(grants, NEW, outsideOf({ graph, azure }))).map((one) => one.result);
    expect(await results()).toEqual(['restored', 'restored']);
    expect(writesIn(graph.calls)[0]).toEqual({
      method: 'POST',
      path: '/servicePrincipals/resource-1/appRoleAssignedTo',
      body: { principalId: NEW, resourceId: 'resource-1', appRoleId: 'role-1' },
    });
    expect(await results()).toEqual(['alreadyPresent', 'alreadyPresent']);
    expect(assigned.size).toBe(2);
  });
});
