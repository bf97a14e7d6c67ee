import fc from 'fast-check';
import { z } from 'zod';
import { assignmentName, azureRole } from '../../../access/azureRole';
import { visibleScopes } from '../../../access/azureScopes';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import type { Azure } from '../../../domain/ports';
import {
  APP_SERVICE_PRINCIPAL_ID,
  azure as scopes,
  azureRoles,
  guests,
  numbered,
} from '../../../local/tenant/seed/ids';
import {
  azureOfOthers,
  azureWorld,
  keys,
  listOf,
  restoreAll,
  results,
  type AzureWorld,
} from '../../support/azureWorld';
import { azureOf, outsideOf, refusal, writesIn } from '../../support/recordedCalls';

const { mara, tomas } = guests;
const OLD = '01d00000-0000-4000-8000-000000000001';
const NEW = '0e000000-0000-4000-8000-000000000002';
const SUBSCRIPTION = '/subscriptions/5b000000-0000-4000-8000-000000000001';
const GROUP = '/providers/Microsoft.Management/managementGroups/mg-1';
const READER = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.reader}`;
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';

/** What Mara holds for good; she also has one role activated and one for a time. */
const lasting = [
  `${scopes.plantsManagementGroup}|${azureRoles.monitoringReader}`,
  `${scopes.labSubscription}|${azureRoles.reader}`,
  `${scopes.measurementsGroup}|${azureRoles.blobDataReader}`,
  `${scopes.measurementsStorage}|${azureRoles.blobDataContributor}`,
].sort();

let world: AzureWorld;
beforeEach(() => {
  world = azureWorld();
});
afterEach(() => world.close());

function roleAt(scope: string, role: string): string {
  const [subscription = ''] = /^\/subscriptions\/[^/]+/.exec(scope) ?? [];
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
}

/** Assigns a role as somebody in the portal does. */
async function assign(
  scope: string,
  role: string,
  principalId: string,
  more: object = {},
  name = numbered('b0000000', 1),
) {
  const properties = { roleDefinitionId: roleAt(scope, role), principalId, principalType: 'User', ...more };
  await world.azure.put(`${scope}${ASSIGNMENTS}/${name}?api-version=2022-04-01`, { properties });
  return `${scope}${ASSIGNMENTS}/${name}`;
}

/** Loads a tenant with so many more subscriptions than the two of the seed. */
function addSubscriptions(count: number): Promise<void> {
  return world.change((state) => {
    const more = Array.from({ length: count }, (_, n) => ({
      id: `/subscriptions/${numbered('50b11111', n)}`,
      subscriptionId: numbered('50b11111', n),
      displayName: `Rented ${n}`,
      state: 'Enabled',
    }));
    return { ...state, azureSubscriptions: [...listOf(state, 'azureSubscriptions'), ...more] };
  });
}

async function assignmentsOf(principalId: string): Promise<string[]> {
  const rows = (await world.state()).azureRoleAssignments.filter((row) => row.properties.principalId === principalId);
  return rows
    .map(({ properties }) => `${properties.scope}|${properties.roleDefinitionId.split('/').at(-1) ?? ''}`)
    .sort();
}

/** An Azure that does something whenever role assignments were listed, before the answer is handed on. */
function whenListed(azure: Azure, happens: 'before' | 'after', event: () => Promise<unknown>): Azure {
  return {
    ...azure,
    readAll: async (path, item) => {
      const listing = /\/roleAssignments\?/.test(path);
      if (listing && happens === 'before') await event();
      const found = await azure.readAll(path, item);
      if (listing && happens === 'after') await event();
      return found;
    },
  };
}

describe('the name of a restored assignment', () => {
  const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  it('is a valid GUID for whatever scope, role and principal', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uuid(), (scope, role, principal) => {
        expect(assignmentName(scope, role, principal)).toMatch(guid);
      }),
    );
  });

  it('differs by principal, by role and by scope', () => {
    const names = [
      assignmentName(SUBSCRIPTION, READER, OLD),
      assignmentName(SUBSCRIPTION, READER, NEW),
      assignmentName(GROUP, READER, NEW),
      assignmentName(SUBSCRIPTION, `${READER}0`, NEW),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it('is the same for every try, whatever the case of its parts', () => {
    const name = assignmentName(SUBSCRIPTION, READER, NEW);
    expect(assignmentName(SUBSCRIPTION.toUpperCase(), READER.toUpperCase(), NEW.toUpperCase())).toBe(name);
  });
});

describe('capture', () => {
  it('takes lasting assignments at every kind of scope, with all that belongs to them', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    expect(keys(grants)).toEqual(lasting);
    expect(grants.find(({ scope }) => scope === scopes.plantsManagementGroup)).toEqual({
      kind: 'azureRole',
      key: `${scopes.plantsManagementGroup}|${azureRoles.monitoringReader}`,
      name: 'Monitoring Reader',
      scope: scopes.plantsManagementGroup,
      data: {
        scope: scopes.plantsManagementGroup,
        roleDefinitionId: roleAt(scopes.plantsManagementGroup, azureRoles.monitoringReader),
        description: 'Watches the calibration rigs',
        assignmentId: `${scopes.plantsManagementGroup}${ASSIGNMENTS}/${numbered('a2000000', 5)}`,
        principalId: mara,
      },
    });
    const conditional = grants.find(({ scope }) => scope === scopes.measurementsGroup);
    expect(conditional?.data).toMatchObject({ conditionVersion: '2.0', condition: expect.stringContaining('aurora') });
    for (const { key } of grants) expect(key).not.toContain(mara);
    const written = (await world.requests()).filter(
      ({ method, path }) => method !== 'GET' && !path.includes('ResourceGraph'),
    );
    expect(written).toEqual([]);
  });

  it('what PIM made active for a time is left out: it must never become lasting', async () => {
    const filter = encodeURIComponent(`principalId eq '${mara}'`);
    await world.azure.read(
      `${scopes.labSubscription}${ASSIGNMENTS}?api-version=2022-04-01&$filter=${filter}`,
      z.unknown(),
    );
    expect((await answered(/roleAssignments$/)).at(-1)).toContain(azureRoles.contributor);
    const found = keys(await azureRole.capture(mara, world.outside));
    expect(found.filter((key) => key.endsWith(azureRoles.contributor))).toEqual([]);
    expect(found.filter((key) => key.startsWith(scopes.portalGroup))).toEqual([]);
  });

  it('an activated role that ends while it is read is left out', async () => {
    const day = 24 * 60 * 60 * 1000;
    const azure = whenListed(world.azure, 'after', () => world.advance(day));
    expect(keys(await azureRole.capture(mara, { ...world.outside, azure }))).toEqual(lasting);
  });

  it('an activated role that begins while it is read is left out', async () => {
    const path = `${scopes.labSubscription}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests`;
    let name = 0;
    const azure = whenListed(world.azure, 'before', async () => {
      if (name > 0) return;
      name += 1;
      await world.azure.put(`${path}/${numbered('b1000000', name)}?api-version=2020-10-01`, {
        properties: {
          principalId: mara,
          roleDefinitionId: roleAt(scopes.labSubscription, azureRoles.owner),
          requestType: 'AdminAssign',
          justification: 'an incident',
          scheduleInfo: { expiration: { type: 'AfterDuration', duration: 'PT8H' } },
        },
      });
    });
    expect(keys(await azureRole.capture(mara, { ...world.outside, azure }))).toEqual(lasting);
    expect(name).toBe(1);
  });

  it('one that PIM does not show, though it shows the others, is left to people', async () => {
    const azure: Azure = {
      ...world.azure,
      readAll: async (path, item) => {
        const found = await world.azure.readAll(path, item);
        const shown = (one: unknown): boolean => !JSON.stringify(one).includes('"Activated"');
        return path.includes('roleAssignmentScheduleInstances') ? found.filter(shown) : found;
      },
    };
    const grants = await azureRole.capture(mara, { ...world.outside, azure });
    const activated = `${scopes.labSubscription}|${azureRoles.contributor}`;
    expect(keys(grants)).toEqual([...lasting, activated].sort());
    const left = grants.filter(({ instruction }) => instruction !== undefined);
    expect(keys(left)).toEqual([activated]);
    expect(left[0]?.instruction).toContain('for good or has just activated it');
  });

  it('where PIM may not be read, an assignment may be an activation and is left to people', async () => {
    const activated = `${scopes.labSubscription}|${azureRoles.contributor}`;
    const at = `${scopes.labSubscription}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances`;
    const azure: Azure = {
      ...world.azure,
      readAll: async (path, item) => {
        if (path.startsWith(at)) throw refusal(403, 'AuthorizationFailed', '', { service: 'azure' });
        const found = await world.azure.readAll(path, item);
        // The other scopes show what is theirs.
        const elsewhere = (one: unknown): boolean => !JSON.stringify(one).includes(`"${scopes.labSubscription}"`);
        return path.includes('roleAssignmentScheduleInstances') ? found.filter(elsewhere) : found;
      },
    };
    await world.change((state) => ({
      ...state,
      azureRoleAssignments: listOf(state, 'azureRoleAssignments').filter(
        ({ properties }) =>
          (properties as { principalId: string; scope: string }).principalId !== mara ||
          (properties as { scope: string }).scope === scopes.labSubscription,
      ),
    }));
    const grants = await azureRole.capture(mara, { ...world.outside, azure });
    expect(keys(grants)).toContain(activated);
    expect(keys(grants.filter(({ instruction }) => instruction === undefined))).toEqual([]);
  });

  it('a scope that is gone holds nothing, and hides nothing of the others', async () => {
    const captured = await azureRole.capture(mara, world.outside);
    const azure: Azure = {
      ...world.azure,
      readAll: (path, item) =>
        path.startsWith(scopes.plantsManagementGroup)
          ? Promise.reject(refusal(404, 'NotFound', '', { service: 'azure' }))
          : world.azure.readAll(path, item),
    };
    // What is assigned at the management group shows at the subscriptions below it as well.
    for (const expected of [undefined, captured]) {
      expect(keys(await azureRole.capture(mara, { ...world.outside, azure }, expected))).toEqual(lasting);
    }
  });

  it('an assignment that the index does not show yet is found, one that it still shows is not', async () => {
    await world.settings({ resourceGraphLagMs: 3_600_000 });
    await assign(scopes.portalGroup, azureRoles.reader, mara);
    await world.azure.remove(
      `${scopes.labSubscription}${ASSIGNMENTS}/${numbered('a2000000', 6)}?api-version=2022-04-01`,
    );
    const gone = `${scopes.labSubscription}|${azureRoles.reader}`;
    const made = `${scopes.portalGroup}|${azureRoles.reader}`;
    const expected = [...lasting.filter((key) => key !== gone), made].sort();
    expect(keys(await azureRole.capture(mara, world.outside))).toEqual(expected);
  });

  it('what lies beyond the first fifty scopes is found through the index', async () => {
    await addSubscriptions(80);
    const last = `/subscriptions/${numbered('50b11111', 79)}`;
    await assign(last, azureRoles.reader, mara);
    await world.control('DELETE', 'requests');
    expect(keys(await azureRole.capture(mara, world.outside))).toEqual(
      [...lasting, `${last}|${azureRoles.reader}`].sort(),
    );
    const listed = (await world.requests()).filter(({ path }) => path.endsWith('/roleAssignments'));
    expect(listed).toHaveLength(50);
  });

  it.each([
    ['refused', { status: 403, body: { error: { code: 'AccessDenied', message: 'no' } } }],
    [
      'without subscriptions',
      {
        status: 400,
        body: { error: { code: 'BadRequest', details: [{ code: 'NoValidSubscriptionsInQueryRequest' }] } },
      },
    ],
  ])('where the index is %s, every visible scope is listed', async (_how, answer) => {
    await addSubscriptions(80);
    const last = `/subscriptions/${numbered('50b11111', 79)}`;
    await assign(last, azureRoles.reader, mara);
    await world.faults({ path: 'ResourceGraph', kind: 'status', times: 9, ...answer });
    const grants = await azureRole.capture(mara, world.outside);
    expect(keys(grants)).toEqual([...lasting, `${last}|${azureRoles.reader}`].sort());
    expect(grants.map(({ name }) => name)).toContain('Storage Blob Data Contributor');
  });

  it('another failure of the index is thrown, and so is an index that holds rows back', async () => {
    await world.faults({ path: 'ResourceGraph', kind: 'status', status: 500, times: 9 });
    await expect(azureRole.capture(mara, world.outside)).rejects.toThrow('azure answered 500');
    const azure: Azure = {
      ...world.azure,
      query: (_path, _body, shape) =>
        Promise.resolve(shape.parse({ data: [], resultTruncated: 'true' })) as ReturnType<Azure['query']> as never,
    };
    await expect(azureRole.capture(mara, { ...world.outside, azure })).rejects.toThrow('index-cut-off');
  });

  it('pages of the index are followed to the end', async () => {
    const pages = [
      { data: [{ id: 'a', scope: `${SUBSCRIPTION}/resourceGroups/a` }], $skipToken: 'more' },
      { data: [{ id: 'b', scope: GROUP }], resultTruncated: 'false' },
    ];
    const azure = azureOf(({ method }) => (method === 'QUERY' ? pages.shift() : []));
    expect(await azureRole.capture(OLD, outsideOf({ azure }), [])).toEqual([]);
    const asked = azure.calls.filter(({ method }) => method === 'QUERY').map(({ body }) => body);
    expect(asked).toEqual([
      expect.objectContaining({ options: expect.not.objectContaining({ $skipToken: 'more' }) }),
      expect.objectContaining({ options: expect.objectContaining({ $skipToken: 'more' }) }),
    ]);
    const listed = azure.calls.filter(({ path }) => path.includes('/roleAssignments?'));
    expect(listed.map(({ path }) => path.split('/providers/Microsoft.Authorization')[0])).toEqual([
      SUBSCRIPTION,
      GROUP,
    ]);
  });

  it('a tenant without Microsoft Entra ID P2 is read without PIM', async () => {
    await world.change((state) => ({
      ...state,
      organization: { ...(state['organization'] as object), assignedPlans: [] },
    }));
    expect(keys(await azureRole.capture(mara, world.outside))).toEqual(expect.arrayContaining(lasting));
  });

  it('an app that may read in one resource group finds what counts there; one that may read nowhere is refused', async () => {
    const appAt = (scope: string, role: string): Promise<void> =>
      world.change((state) => {
        const rows = listOf(state, 'azureRoleAssignments') as { name: string; properties: Record<string, unknown> }[];
        const [own] = rows.filter(({ properties }) => properties['principalId'] === APP_SERVICE_PRINCIPAL_ID);
        const others = rows.filter(({ properties }) => properties['principalId'] !== APP_SERVICE_PRINCIPAL_ID);
        const properties = { ...own?.properties, scope, roleDefinitionId: roleAt('', role) };
        return { ...state, azureRoleAssignments: [...others, { ...own, properties }] };
      });
    await appAt(scopes.measurementsGroup, azureRoles.reader);
    // A list shows what is inherited too, and that without what PIM made active.
    expect(keys(await azureRole.capture(mara, world.outside))).toEqual(lasting);
    await appAt(scopes.labSubscription, azureRoles.blobDataReader);
    await expect(azureRole.capture(mara, world.outside)).rejects.toMatchObject({ status: 403 });
  });

  it('an app that sees nothing of Azure finds nothing', async () => {
    await world.change((state) => ({ ...state, azureRoleAssignments: [] }));
    expect(await azureRole.capture(mara, world.outside)).toEqual([]);
  });

  it('names a role that is gone by its id', async () => {
    const gone = numbered('90000000', 1);
    await world.change((state) => ({
      ...state,
      azureRoleAssignments: listOf(state, 'azureRoleAssignments').map((row) =>
        row['name'] === numbered('a2000000', 6)
          ? { ...row, properties: { ...(row['properties'] as object), roleDefinitionId: roleAt('', gone) } }
          : row,
      ),
    }));
    const grants = await azureRole.capture(mara, world.outside);
    expect(grants.find(({ scope }) => scope === scopes.labSubscription)?.name).toBe(gone);
  });

  it('an app without rights at management groups sees its subscriptions; another failure is thrown', async () => {
    const answering = (status: number) =>
      azureOf(({ path }) => {
        if (path.includes('managementGroups?')) throw refusal(status, 'AuthorizationFailed', '', { service: 'azure' });
        return [{ id: SUBSCRIPTION }];
      });
    expect(await visibleScopes(answering(403))).toEqual([SUBSCRIPTION]);
    await expect(visibleScopes(answering(500))).rejects.toThrow('azure answered 500');
  });
});

describe('restore', () => {
  it('gives everything to the new guest, removes what named the old one, and touches nobody else', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const newId = await world.switchGuest(mara);
    const others = await azureOfOthers(world, [mara, newId]);
    await restoreAll(azureRole, grants, newId, world.outside);
    expect(compareAccess(grants, await azureRole.capture(newId, world.outside, grants))).toEqual({
      equal: grants.length,
      missing: [],
      extra: [],
    });
    expect(await assignmentsOf(newId)).toEqual(lasting);
    expect(await assignmentsOf(mara)).toEqual([]);
    expect(await azureOfOthers(world, [mara, newId])).toEqual(others);
    const [described] = (await world.state()).azureRoleAssignments.filter(
      ({ properties }) => properties.principalId === newId && properties.scope === scopes.plantsManagementGroup,
    );
    expect(described).toMatchObject({
      name: assignmentName(scopes.plantsManagementGroup, roleAt('', azureRoles.monitoringReader), newId),
      properties: { description: 'Watches the calibration rigs' },
    });
  });

  it('is verified at the scopes of the grants, whatever the index says', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const newId = await world.switchGuest(mara);
    await world.settings({ resourceGraphLagMs: 3_600_000 });
    await restoreAll(azureRole, grants, newId, world.outside);
    await world.control('DELETE', 'requests');
    expect(compareAccess(grants, await azureRole.capture(newId, world.outside, grants)).missing).toEqual([]);
    const listed = (await world.requests()).filter(({ path }) => path.endsWith('/roleAssignments'));
    expect(listed.map(({ path }) => decodeURIComponent(path).slice(0, -ASSIGNMENTS.length)).sort()).toEqual(
      [scopes.plantsManagementGroup, scopes.labSubscription].sort(),
    );
  });

  it('a second run doubles nothing and reports its own work as restored', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const newId = await world.switchGuest(mara);
    await restoreAll(azureRole, grants, newId, world.outside);
    await restoreAll(azureRole, grants, newId, world.outside);
    expect(await assignmentsOf(newId)).toEqual(lasting);
  });

  it('lost answers: the write took effect, the second run doubles nothing', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const newId = await world.switchGuest(mara);
    await world.faults({ method: 'PUT', path: '/roleAssignments/', kind: 'lostAck', times: grants.length });
    expect(results(await azureRole.restore(grants, newId, world.outside))).toEqual(grants.map(() => 'retry'));
    expect(await assignmentsOf(newId)).toEqual(lasting);
    await world.faults({ method: 'DELETE', path: '/roleAssignments/', kind: 'lostAck' });
    const again = await azureRole.restore(grants, newId, world.outside);
    expect(results(again)).toEqual(grants.map(() => 'restored'));
    expect(again.filter(({ detail }) => detail !== '')).toEqual([
      { result: 'restored', detail: 'The role assignment of the old guest stays behind: azure answered 0 no-answer.' },
    ]);
    await restoreAll(azureRole, grants, newId, world.outside);
    expect(await assignmentsOf(newId)).toEqual(lasting);
    expect(await assignmentsOf(mara)).toEqual([]);
  });

  it('while replicas lag, nothing is lost and nothing doubled', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const newId = await world.switchGuest(mara);
    await world.settings({ replicationMs: 60_000 });
    for (let run = 0; run < 3; run++) {
      const attempts = await azureRole.restore(grants, newId, world.outside);
      expect(results(attempts)).not.toEqual(expect.arrayContaining(['failed', 'manual']));
    }
    await world.advance(60_001);
    await restoreAll(azureRole, grants, newId, world.outside);
    expect(await assignmentsOf(newId)).toEqual(lasting);
  });

  const reader = (more: object = {}): Grant => ({
    kind: 'azureRole',
    key: `${scopes.labSubscription}|${azureRoles.reader}`,
    name: 'Reader',
    scope: scopes.labSubscription,
    data: {
      scope: scopes.labSubscription,
      roleDefinitionId: roleAt(scopes.labSubscription, azureRoles.reader),
      ...more,
    },
  });

  it('a grant of a first snapshot, which does not name the old assignment, is restored and removes nothing', async () => {
    const newId = await world.switchGuest(mara);
    await restoreAll(azureRole, [reader()], newId, world.outside);
    expect(await assignmentsOf(mara)).toEqual(lasting);
  });

  it('what somebody else assigned under another name is already present', async () => {
    const [grant] = (await azureRole.capture(mara, world.outside)).filter(({ key }) => key === reader().key);
    const newId = await world.switchGuest(mara);
    await assign(scopes.labSubscription, azureRoles.reader, newId);
    const attempts = await azureRole.restore(grant === undefined ? [] : [grant], newId, world.outside);
    expect(attempts).toEqual([{ result: 'alreadyPresent', detail: 'The new guest had it already.' }]);
    expect(await assignmentsOf(mara)).not.toContain(reader().key);
  });

  it('what the new guest has with another condition, or for a time, is left to people', async () => {
    const newId = await world.switchGuest(mara);
    const condition = {
      condition: "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'",
      conditionVersion: '2.0',
    };
    const id = await assign(scopes.labSubscription, azureRoles.reader, newId, condition);
    const before = await azureOfOthers(world, []);
    const [other] = await azureRole.restore([reader()], newId, world.outside);
    expect(other).toEqual({
      result: 'manual',
      detail: 'The new guest has this role here with another condition; compare them by hand.',
    });
    expect(await azureOfOthers(world, [])).toEqual(before);
    await world.azure.remove(`${id}?api-version=2022-04-01`);
    const request = `${scopes.labSubscription}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests`;
    await world.azure.put(`${request}/${numbered('b1000000', 2)}?api-version=2020-10-01`, {
      properties: {
        principalId: newId,
        roleDefinitionId: roleAt(scopes.labSubscription, azureRoles.reader),
        requestType: 'AdminAssign',
        justification: 'until it is clear',
        scheduleInfo: { expiration: { type: 'AfterDuration', duration: 'P7D' } },
      },
    });
    const [timely] = await azureRole.restore([reader()], newId, world.outside);
    expect(timely).toMatchObject({ result: 'manual', detail: expect.stringContaining('for a time only') });
  });

  it('an assignment of the old id that belongs to somebody else by now is not removed', async () => {
    const [grant] = (await azureRole.capture(mara, world.outside)).filter(({ key }) => key === reader().key);
    const newId = await world.switchGuest(mara);
    await world.change((state) => ({
      ...state,
      azureRoleAssignments: listOf(state, 'azureRoleAssignments').map((row) =>
        row['id'] === grant?.data['assignmentId']
          ? { ...row, properties: { ...(row['properties'] as object), principalId: tomas } }
          : row,
      ),
    }));
    await restoreAll(azureRole, grant === undefined ? [] : [grant], newId, world.outside);
    expect(await assignmentsOf(tomas)).toEqual([reader().key]);
  });

  it('where the guest kept the object id there is no orphan, and nothing is removed', async () => {
    const grants = await azureRole.capture(mara, world.outside);
    const attempts = await azureRole.restore(grants, mara, world.outside);
    expect(results(attempts)).toEqual(grants.map(() => 'alreadyPresent'));
    expect(await assignmentsOf(mara)).toEqual(lasting);
    expect((await world.requests()).filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it.each([
    [
      { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } },
      'azure answered 403 AuthorizationFailed',
    ],
    [
      { status: 400, body: { error: { code: 'Bad', message: 'Cannot delete the last RBAC admin assignment' } } },
      'it is the last one that may assign roles there',
    ],
  ])('a removal that is refused changes the detail, not the result', async (answer, reason) => {
    const [grant] = (await azureRole.capture(mara, world.outside)).filter(({ key }) => key === reader().key);
    const newId = await world.switchGuest(mara);
    await world.faults({ method: 'DELETE', path: '/roleAssignments/', kind: 'status', ...answer });
    expect(await azureRole.restore(grant === undefined ? [] : [grant], newId, world.outside)).toEqual([
      { result: 'restored', detail: `The role assignment of the old guest stays behind: ${reason}.` },
    ]);
    expect(await assignmentsOf(mara)).toContain(reader().key);
  });

  it('a conflict that Azure does not show yet is tried again', async () => {
    const azure = azureOf(({ method }) => {
      if (method === 'LIST') return [];
      throw refusal(409, 'RoleAssignmentExists', 'The role assignment already exists.', { service: 'azure' });
    });
    expect(results(await azureRole.restore([reader()], NEW, outsideOf({ azure })))).toEqual(['retry']);
    expect(writesIn(azure.calls)).toHaveLength(1);
  });

  it('at the root scope the address does not begin with two slashes', async () => {
    const azure = azureOf(({ method }) => (method === 'LIST' ? [] : {}));
    const root: Grant = { ...reader(), data: { scope: '/', roleDefinitionId: READER } };
    await azureRole.restore([root], NEW, outsideOf({ azure }));
    expect(writesIn(azure.calls)[0]?.path).toMatch(/^\/providers\/Microsoft\.Authorization\/roleAssignments\//);
  });
});

/** Bodies of the answers to requests for this path, as text. */
async function answered(path: RegExp): Promise<string[]> {
  const requests = (await world.requests()) as { path: string; responseBody?: unknown }[];
  return requests.filter((one) => path.test(one.path)).map((one) => JSON.stringify(one.responseBody));
}
