import { azureRole } from '../../../access/azureRole';
import { pimAzureRole } from '../../../access/pimAzureRole';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import { azure as scopes, azureRoles, guests, numbered } from '../../../local/tenant/seed/ids';
import {
  azureOfOthers,
  azureWorld,
  keys,
  listOf,
  restoreAll,
  results,
  type AzureWorld,
} from '../../support/azureWorld';
import { azureOf, outsideOf, QUOTED_ADDRESS, refusal, writesIn } from '../../support/recordedCalls';

const { mara } = guests;
const NEW = '0e000000-0000-4000-8000-000000000002';
const day = 24 * 60 * 60 * 1000;

const eligibleContributor = `eligible|${scopes.labSubscription}|${azureRoles.contributor}`;
const eligibleReader = `eligible|${scopes.productionSubscription}|${azureRoles.reader}`;
const eligibleBlobs = `eligible|${scopes.measurementsStorage}|${azureRoles.blobDataContributor}`;
const activeMonitoring = `active|${scopes.portalGroup}|${azureRoles.monitoringReader}`;

let world: AzureWorld;
beforeEach(() => {
  world = azureWorld();
});
afterEach(() => world.close());

const capture = (id: string, expected?: readonly Grant[]): Promise<Grant[]> =>
  pimAzureRole.capture(id, world.outside, expected);

async function only(key: string): Promise<Grant[]> {
  const found = (await capture(mara)).filter((grant) => grant.key === key);
  expect(found).toHaveLength(1);
  return found;
}

/** Schedules of a principal: list, scope and role of each, as keys of grants are written. */
async function schedulesOf(principalId: string): Promise<string[]> {
  const state = await world.state();
  const rows = (list: string, collection: string): string[] =>
    listOf(state, collection)
      .map(({ properties }) => properties as { scope: string; roleDefinitionId: string; principalId: string })
      .filter((one) => one.principalId === principalId)
      .map(({ scope, roleDefinitionId }) => `${list}|${scope}|${roleDefinitionId.split('/').at(-1) ?? ''}`);
  return [
    ...rows('eligible', 'azureRoleEligibilitySchedules'),
    ...rows('active', 'azureRoleAssignmentSchedules'),
  ].sort();
}

async function request(
  principalId: string,
  scope: string,
  role: string,
  scheduleInfo: object,
  requests = 'roleEligibilityScheduleRequests',
): Promise<void> {
  const path = `${scope}/providers/Microsoft.Authorization/${requests}/${numbered('b1000000', 7)}`;
  const [subscription = ''] = /^\/subscriptions\/[^/]+/.exec(scope) ?? [];
  await world.azure.put(`${path}?api-version=2020-10-01`, {
    properties: {
      principalId,
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      requestType: 'AdminAssign',
      justification: 'A test',
      scheduleInfo,
    },
  });
}

describe('capture', () => {
  it('takes eligibilities and roles held for a time, not what is activated and not what lasts', async () => {
    const grants = await capture(mara);
    expect(keys(grants)).toEqual([eligibleContributor, eligibleReader, eligibleBlobs, activeMonitoring].sort());
    const byKey = new Map(grants.map((grant) => [grant.key, grant]));
    expect(byKey.get(eligibleReader)).toEqual({
      kind: 'pimAzureRole',
      key: eligibleReader,
      name: 'Reader (eligible)',
      scope: scopes.productionSubscription,
      data: {
        list: 'eligible',
        scope: scopes.productionSubscription,
        roleDefinitionId: `${scopes.productionSubscription}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.reader}`,
        value: { until: null, condition: null },
      },
    });
    expect(byKey.get(eligibleBlobs)?.data).toMatchObject({
      conditionVersion: '2.0',
      value: { until: expect.stringMatching(/:\d\d\.000Z$/), condition: expect.stringContaining('aurora') },
    });
    expect(byKey.get(activeMonitoring)?.name).toBe('Monitoring Reader (active for a time)');
  });

  it('what is over, or came to nothing, is no grant; what begins later is one', async () => {
    const entry = (more: object) => ({
      id: 'x',
      properties: { scope: '/subscriptions/s', roleDefinitionId: '/r/1', principalId: mara, ...more },
    });
    const found = [
      entry({ endDateTime: '2026-02-28T00:00:00Z' }),
      entry({ status: 'Revoked' }),
      entry({ scope: '/subscriptions/s/later', startDateTime: '2026-05-01T00:00:00Z' }),
      entry({ principalId: 'a-group', scope: '/subscriptions/s/other' }),
    ];
    const azure = azureOf(({ method, path }) => {
      if (method === 'QUERY') return { data: [] };
      if (method === 'GET') return { properties: { roleName: 'Reader' } };
      if (path.startsWith('/subscriptions?')) return [{ id: '/subscriptions/s' }];
      return path.includes('roleEligibilitySchedules') ? found : [];
    });
    const grants = await pimAzureRole.capture(mara, outsideOf({ azure }));
    expect(grants.map(({ scope, data }) => [scope, data['from']])).toEqual([
      ['/subscriptions/s/later', '2026-05-01T00:00:00.000Z'],
    ]);
  });

  it('a tenant without Microsoft Entra ID P2 has none, and is not asked at every scope', async () => {
    await world.change((state) => ({
      ...state,
      organization: { ...(state['organization'] as object), assignedPlans: [] },
    }));
    expect(await capture(mara)).toEqual([]);
    const asked = (await world.requests()).filter(({ path }) => path.includes('Schedules'));
    expect(asked).toHaveLength(2);
  });

  it('a tenant without the licence has none, also where the first scope that is asked may not be read', async () => {
    const azure = azureOf(({ path }) => {
      if (path.startsWith('/subscriptions?')) return [{ id: '/subscriptions/closed' }, { id: '/subscriptions/open' }];
      if (path.includes('managementGroups?')) return [];
      const closed = path.startsWith('/subscriptions/closed');
      throw refusal(closed ? 403 : 400, closed ? 'AuthorizationFailed' : 'AadPremiumLicenseRequired');
    });
    expect(await pimAzureRole.capture(mara, outsideOf({ azure }))).toEqual([]);
  });

  it('an app that may not read them anywhere is refused; a fault is thrown', async () => {
    await world.faults({ path: 'roleEligibilitySchedules', kind: 'status', status: 403, times: 99 });
    await expect(capture(mara)).rejects.toMatchObject({ status: 403 });
    await world.faults({ path: 'roleEligibilitySchedules', kind: 'status', status: 400, times: 99 });
    await expect(capture(mara)).rejects.toMatchObject({ status: 400 });
  });

  it('when verifying, only the scopes of what was restored are asked', async () => {
    const grants = await only(activeMonitoring);
    await world.control('DELETE', 'requests');
    expect(keys(await capture(mara, grants))).toEqual(expect.arrayContaining([activeMonitoring]));
    const asked = (await world.requests()).filter(({ path }) => path.includes('Schedules'));
    expect(asked.map(({ path }) => path.split('/providers/')[0])).toEqual([
      scopes.productionSubscription,
      scopes.productionSubscription,
    ]);
  });
});

describe('restore', () => {
  it('gives everything to the new guest, until the same time, and touches nobody else', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    const others = await azureOfOthers(world, [mara, newId]);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    expect(compareAccess(grants, await capture(newId, grants))).toEqual({ equal: 4, missing: [], extra: [] });
    expect(compareAccess(grants, await capture(newId))).toEqual({ equal: 4, missing: [], extra: [] });
    expect(await azureOfOthers(world, [mara, newId])).toEqual(others);
  });

  it('what was activated is not active for the new guest', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    expect(await schedulesOf(newId)).toEqual(keys(grants));
    expect(await schedulesOf(mara)).toContain(`active|${scopes.labSubscription}|${azureRoles.contributor}`);
  });

  it('a second run doubles nothing and reports its own work as restored', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    expect(await schedulesOf(newId)).toEqual(keys(grants));
  });

  it('lost answers: the requests took effect, the second run doubles nothing', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    await world.faults({ method: 'PUT', path: 'ScheduleRequests/', kind: 'lostAck', times: grants.length });
    expect(results(await pimAzureRole.restore(grants, newId, world.outside))).toEqual(grants.map(() => 'retry'));
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    expect(await schedulesOf(newId)).toEqual(keys(grants));
  });

  it('while replicas lag, it is tried again until PIM knows the guest and shows what it made', async () => {
    const grants = await capture(mara);
    await world.settings({ replicationMs: 60_000 });
    const newId = await switchSlowly();
    for (let run = 0; run < 3; run++) {
      const tried = results(await pimAzureRole.restore(grants, newId, world.outside));
      expect(tried).not.toEqual(expect.arrayContaining(['failed', 'manual']));
    }
    await world.advance(60_001);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    expect(await schedulesOf(newId)).toEqual(keys(grants));
  });

  it('what begins later begins then', async () => {
    const begins = new Date(world.tenant.clock.now() + 10 * day).toISOString();
    const ends = new Date(world.tenant.clock.now() + 20 * day).toISOString();
    const expiration = { type: 'AfterDateTime', endDateTime: ends };
    await request(mara, scopes.portalGroup, azureRoles.reader, { startDateTime: begins, expiration });
    const grants = await only(`eligible|${scopes.portalGroup}|${azureRoles.reader}`);
    const newId = await world.switchGuest(mara);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    const made = listOf(await world.state(), 'azureRoleEligibilitySchedules').map(({ properties }) => properties);
    expect(made).toContainEqual(
      expect.objectContaining({ principalId: newId, startDateTime: begins.replace(/\.\d+Z$/, '.000Z') }),
    );
  });

  it('a lasting role that has not begun is captured, begins then, and compares as equal afterwards', async () => {
    await world.change((state) => ({
      ...state,
      azureRoleDefinitions: listOf(state, 'azureRoleDefinitions').map((role) => ({ ...role, pim: { active: {} } })),
    }));
    const begins = new Date(world.tenant.clock.now() + 10 * day).toISOString();
    const lasting = { startDateTime: begins, expiration: { type: 'NoExpiration' } };
    await request(mara, scopes.portalGroup, azureRoles.blobDataReader, lasting, 'roleAssignmentScheduleRequests');
    const grants = await only(`active|${scopes.portalGroup}|${azureRoles.blobDataReader}`);
    expect(keys(await azureRole.capture(mara, world.outside))).not.toContain(grants[0]?.key.slice('active|'.length));
    const newId = await world.switchGuest(mara);
    await restoreAll(pimAzureRole, grants, newId, world.outside);
    const made = listOf(await world.state(), 'azureRoleAssignmentSchedules').map(({ properties }) => properties);
    expect(made).toContainEqual(
      expect.objectContaining({ principalId: newId, startDateTime: begins.replace(/\.\d+Z$/, '.000Z') }),
    );
    for (const days of [0, 11]) {
      await world.advance(days * day);
      expect(compareAccess(grants, await capture(newId, grants)).missing).toEqual([]);
      await restoreAll(pimAzureRole, grants, newId, world.outside);
    }
  });

  it('a second run shortly before the end finds what the first one gave', async () => {
    const [grant] = await only(activeMonitoring);
    const newId = await world.switchGuest(mara);
    const until = new Date(Math.floor(world.tenant.clock.now() / 1000) * 1000 + 10 * 60_000).toISOString();
    const short = [{ ...grant, data: { ...grant?.data, value: { until, condition: null } } } as Grant];
    await restoreAll(pimAzureRole, short, newId, world.outside);
    await world.advance(7 * 60_000);
    await restoreAll(pimAzureRole, short, newId, world.outside);
  });

  it('an activation of the new guest does not hide what an administrator gave', async () => {
    const grants = await only(activeMonitoring);
    const { scope, roleDefinitionId, value } = grants[0]?.data as Record<string, never> & { value: { until: string } };
    const entry = (assignmentType: string, endDateTime: string) => ({
      id: 'x',
      properties: { scope, roleDefinitionId, principalId: NEW, assignmentType, endDateTime },
    });
    const soon = new Date(Date.parse(value.until) - day).toISOString();
    const azure = azureOf(() => [entry('Activated', soon), entry('Assigned', value.until)]);
    expect(results(await pimAzureRole.restore(grants, NEW, outsideOf({ azure })))).toEqual(['alreadyPresent']);
  });

  it('what ended meanwhile is left to people', async () => {
    const grants = await only(activeMonitoring);
    const newId = await world.switchGuest(mara);
    await world.advance(200 * day);
    const [attempt] = await pimAzureRole.restore(grants, newId, world.outside);
    expect(attempt).toMatchObject({ result: 'manual', detail: expect.stringMatching(/^It ended on 20\d\d-/) });
    expect(await schedulesOf(newId)).toEqual([]);
  });

  it('what settings of PIM refuse is left to people, with the rules that failed', async () => {
    const grants = await only(eligibleReader);
    const newId = await world.switchGuest(mara);
    await world.change((state) => ({
      ...state,
      azureRoleDefinitions: listOf(state, 'azureRoleDefinitions').map((role) => ({ ...role, pim: undefined })),
    }));
    expect(await pimAzureRole.restore(grants, newId, world.outside)).toEqual([
      {
        result: 'manual',
        detail: 'The settings of the role in PIM refuse it (ExpirationRule). Assign it by hand as they allow.',
      },
    ]);
  });

  it('the same made by somebody else is already present; with another end it is left as it is', async () => {
    const grants = await only(eligibleContributor);
    const value = grants[0]?.data['value'] as { until: string };
    const newId = await world.switchGuest(mara);
    const until = (endDateTime: string): object => ({ expiration: { type: 'AfterDateTime', endDateTime } });
    await request(newId, scopes.labSubscription, azureRoles.contributor, until(value.until));
    expect(results(await pimAzureRole.restore(grants, newId, world.outside))).toEqual(['alreadyPresent']);
    const sooner = new Date(Date.parse(value.until) - day).toISOString();
    const shorter = {
      ...grants[0],
      data: { ...grants[0]?.data, value: { ...value, until: sooner } },
    };
    expect(await pimAzureRole.restore([shorter as Grant], newId, world.outside)).toEqual([
      { result: 'manual', detail: 'The new guest has it with another end; compare them by hand.' },
    ]);
    expect(await schedulesOf(newId)).toEqual([eligibleContributor]);
  });

  it('a refusal is reported without the words of the service', async () => {
    const grants = await only(eligibleContributor);
    const azure = azureOf(({ method }) => {
      if (method === 'LIST') return [];
      throw refusal(400, 'RoleAssignmentRequestPolicyValidationFailed', `["MfaRule"] of`, { service: 'azure' });
    });
    const [attempt] = await pimAzureRole.restore(grants, NEW, outsideOf({ azure }));
    expect(attempt?.detail).toContain('(MfaRule)');
    expect(attempt?.detail).not.toContain(QUOTED_ADDRESS);
    expect(writesIn(azure.calls)).toHaveLength(1);
    await world.faults({ method: 'PUT', path: 'ScheduleRequests/', kind: 'status', status: 403 });
    expect(results(await pimAzureRole.restore(grants, mara, world.outside))).toEqual(['alreadyPresent']);
    expect(results(await pimAzureRole.restore(grants, guests.ines, world.outside))).toEqual(['failed']);
  });

  it.each([400, 404])('a guest whom PIM has not heard of, with status %d, is tried again', async (status) => {
    const grants = await only(eligibleContributor);
    const azure = azureOf(({ method }) => {
      if (method === 'LIST') return [];
      throw refusal(status, 'SubjectNotFound', 'The subject is not found.', { service: 'azure' });
    });
    expect(results(await pimAzureRole.restore(grants, NEW, outsideOf({ azure })))).toEqual(['retry']);
  });

  it('a request that PIM knows and does not show is tried again', async () => {
    const grants = await only(eligibleContributor);
    const azure = azureOf(({ method }) => {
      if (method === 'LIST') return [];
      throw refusal(409, 'RoleAssignmentRequestExists', 'A role assignment request with Id: x already exists.');
    });
    expect(results(await pimAzureRole.restore(grants, NEW, outsideOf({ azure })))).toEqual(['retry']);
  });
});

/** As `switchGuest`, for a tenant whose replicas lag: every step waits until all of them have seen the one before. */
async function switchSlowly(): Promise<string> {
  const { graph } = world;
  await graph.write('DELETE', `/users/${mara}`);
  await world.advance(60_001);
  await graph.write('DELETE', `/directory/deletedItems/${mara}`);
  await world.advance(60_001);
  const { invitedUser } = (await graph.write('POST', '/invitations', {
    invitedUserEmailAddress: 'mara@personal.example',
    inviteRedirectUrl: 'https://portal.example/',
  })) as { invitedUser: { id: string } };
  return invitedUser.id;
}
