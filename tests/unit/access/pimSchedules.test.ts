import { pimDirectoryRole } from '../../../access/pimDirectoryRole';
import { pimGroup } from '../../../access/pimGroup';
import { permissionsToRestore } from '../../../access/kind';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import { ServiceError } from '../../../domain/serviceError';
import { administrativeUnits, groups, guests } from '../../../local/tenant/seed/ids';
import { pimWorld, type PimWorld } from '../../support/pimWorld';

const { mara } = guests;
const hour = 3_600_000;
const groupsAdministrator = 'fdd7a751-b60b-444a-984c-02652fe8fa1c';
const reportsReader = '4a5d8f65-41da-4de4-8968-e035b65339cf';
const messageCenterReader = '790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b';
const farAhead = '2099-06-30T12:00:00Z';
const suppliers = `/administrativeUnits/${administrativeUnits.suppliers}`;

let world: PimWorld;

beforeEach(() => {
  world = pimWorld();
});
afterEach(() => world.close());

const keysOf = (grants: readonly Grant[]) => grants.map(({ key }) => key).sort();

describe('what is captured', () => {
  it('roles: eligible ones and those for a time, each at its scope, with its end', async () => {
    const grants = await pimDirectoryRole.capture(mara, world.outside);
    expect(grants.map(({ key, name, scope, data }) => [key, name, scope, data['value']])).toEqual([
      [`eligible|${groupsAdministrator}@/`, 'Groups Administrator (eligible)', '/', farAhead],
      [`eligible|${reportsReader}@${suppliers}`, 'Reports Reader (eligible)', suppliers, null],
      [`active|${messageCenterReader}@/`, 'Message Center Reader (for a time)', '/', farAhead],
    ]);
    expect(JSON.stringify(grants)).not.toContain(mara);
  });

  it('groups: eligible and active members and owners, by the name of the group', async () => {
    const grants = await pimGroup.capture(mara, world.outside);
    expect(grants.map(({ key, name, data }) => [key, name, data['value']])).toEqual([
      [`eligible|member@${groups.rigOperators}`, 'Rig Operators (eligible member)', farAhead],
      [`eligible|owner@${groups.changeBoard}`, 'Change Board (eligible owner)', null],
      [`active|member@${groups.changeBoard}`, 'Change Board (member for a time)', farAhead],
      [`active|owner@${groups.rigOperators}`, 'Rig Operators (owner for a time)', farAhead],
    ]);
    expect(JSON.stringify(grants)).not.toContain(mara);
  });
});

describe.each([
  { kind: pimDirectoryRole, lists: ['roleEligibilitySchedules', 'roleAssignmentSchedules'], write: 'directory/role' },
  { kind: pimGroup, lists: ['groupEligibilitySchedules', 'groupAssignmentSchedules'], write: 'group/' },
])('$kind.title', ({ kind, lists, write }) => {
  const schedulesOf = (id: string) =>
    lists.flatMap((name) => world.tenant.store.primary().list(name)).filter((one) => one['principalId'] === id);
  const results = async (grants: readonly Grant[], id: string) =>
    (await kind.restore(grants, id, world.outside)).map(({ result }) => result);

  it('come back to the new guest and compare equal; a second run finds them and doubles nothing', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    expect(new Set(await results(before, newId))).toEqual(new Set(['restored']));
    const after = await kind.capture(newId, world.outside, before);
    expect(compareAccess(before, after)).toEqual({ equal: before.length, missing: [], extra: [] });
    expect(new Set(await results(before, newId))).toEqual(new Set(['alreadyPresent']));
    expect(schedulesOf(newId)).toHaveLength(before.length);
  });

  it('lost answers: what was written is found by the next run', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    await world.control('PUT', 'faults', [{ method: 'POST', path: 'Requests$', times: 2, kind: 'lostAck' }]);
    expect((await results(before, newId)).sort()).toEqual(
      ['retry', 'retry', ...before.slice(2).map(() => 'restored')].sort(),
    );
    expect(new Set(await results(before, newId))).toEqual(new Set(['alreadyPresent']));
    expect(schedulesOf(newId)).toHaveLength(before.length);
  });

  it('a guest that PIM does not know yet, and schedules that do not show yet, are tried again', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    await world.control('PUT', 'settings', { replicationMs: 60_000 });
    const attempts = await world.restoreAll(kind, before, newId);
    expect(
      attempts.map(({ result }) => result).filter((result) => !['restored', 'alreadyPresent'].includes(result)),
    ).toEqual([]);
    expect(attempts).toHaveLength(before.length);
    expect(schedulesOf(newId)).toHaveLength(before.length);
  });

  it('PIM says that it exists, while no replica shows it: not doubled, not taken for done', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    world.advance(hour);
    await world.control('PUT', 'settings', { replicationMs: 60_000 });
    expect(new Set(await results(before, newId))).toEqual(new Set(['restored']));
    const again = await kind.restore(before, newId, world.outside);
    // The clock stands, so every replica but one without any lag shows the time before.
    expect(new Set(again.map(({ result }) => result))).toEqual(new Set(['retry']));
    expect(schedulesOf(newId)).toHaveLength(before.length);
  });

  it('one that ended meanwhile is left to people, who are told when', async () => {
    const before = (await kind.capture(mara, world.outside)).filter(({ data }) => data['value'] !== null);
    const soon = before.map((grant) => ({ ...grant, data: { ...grant.data, value: '2026-03-02T12:00:00Z' } }));
    const newId = await world.replaceMara();
    world.advance(2.95 * hour);
    const attempts = await kind.restore(soon, newId, world.outside);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ result: 'manual', detail: expect.stringContaining('2026-03-02T12:00:00Z') });
    }
    expect(schedulesOf(newId)).toEqual([]);
    expect((await world.requests()).filter(({ method, path }) => method === 'POST' && path.includes(write))).toEqual(
      [],
    );
  });

  it('one that is there with another end is left as it is, and reported', async () => {
    const [first, ...rest] = await kind.capture(mara, world.outside);
    if (first === undefined) throw new Error('Nothing was captured.');
    const newId = await world.replaceMara();
    const other = { ...first, data: { ...first.data, value: '2098-01-01T00:00:00Z' } };
    expect(await results([other], newId)).toEqual(['restored']);
    const [attempt, ...others] = await kind.restore([first, ...rest], newId, world.outside);
    expect(attempt).toMatchObject({ result: 'manual', detail: expect.stringContaining(farAhead) });
    expect(new Set(others.map(({ result }) => result))).toEqual(new Set(['restored']));
    const after = await kind.capture(newId, world.outside);
    expect(after.find(({ key }) => key === first.key)?.data['value']).toBe('2098-01-01T00:00:00Z');
    expect(compareAccess([first, ...rest], after).missing.map(({ key }) => key)).toEqual([first.key]);
  });

  it('one that begins later keeps its beginning', async () => {
    const start = '2026-04-01T00:00:00Z';
    world.alter((tx) => {
      for (const name of lists) {
        for (const schedule of tx.list(name).filter((one) => one['principalId'] === mara)) {
          const { scheduleInfo } = schedule as unknown as { scheduleInfo: object };
          tx.patch(name, schedule.id, { scheduleInfo: { ...scheduleInfo, startDateTime: start } });
        }
      }
    });
    const before = await kind.capture(mara, world.outside);
    expect(new Set(before.map(({ data }) => data['start']))).toEqual(new Set([start]));
    const newId = await world.replaceMara();
    expect(new Set(await results(before, newId))).toEqual(new Set(['restored']));
    for (const schedule of schedulesOf(newId)) {
      expect(schedule).toMatchObject({ scheduleInfo: { startDateTime: start } });
    }
    expect(new Set(await results(before, newId))).toEqual(new Set(['alreadyPresent']));
    expect(compareAccess(before, await kind.capture(newId, world.outside, before)).missing).toEqual([]);
  });

  it('settings that do not allow it any more: left to people, with the reason and without the words of PIM', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    const pim = { eligible: { maxDays: 90 }, active: { maxDays: 90, require: ['Ticketing'] } };
    world.alter((tx) => {
      for (const { id } of tx.list('roleDefinitions')) tx.patch('roleDefinitions', id, { pim });
      for (const id of [groups.rigOperators, groups.changeBoard])
        tx.patch('groups', id, { pim: { member: pim, owner: pim } });
    });
    const attempts = await kind.restore(before, newId, world.outside);
    for (const [place, attempt] of attempts.entries()) {
      expect(attempt).toMatchObject({
        result: 'manual',
        detail: expect.stringContaining('last longer than they allow'),
      });
      expect(attempt.detail.includes('a ticket')).toBe(before[place]?.data['list'] === 'active');
      expect(attempt.detail).not.toContain('The following policy rules failed');
    }
    expect(schedulesOf(newId)).toEqual([]);
  });

  it('a request that waits is tried again, one that PIM turned down is not', async () => {
    const [grant] = await kind.capture(mara, world.outside);
    if (grant === undefined) throw new Error('Nothing was captured.');
    const answered = (status: string) => ({
      ...world.outside,
      graph: { ...world.graph, write: () => Promise.resolve({ id: 'request', status }) },
    });
    expect(await kind.restore([grant], guests.ines, answered('PendingProvisioning'))).toMatchObject([
      { result: 'retry' },
    ]);
    expect(await kind.restore([grant], guests.ines, answered('Denied'))).toMatchObject([{ result: 'failed' }]);
    expect(await kind.restore([grant], guests.ines, answered('ScheduleCreated'))).toMatchObject([
      { result: 'restored' },
    ]);
  });

  it('a pending request of somebody else is waited for', async () => {
    const before = (await kind.capture(mara, world.outside)).filter(({ data }) => data['list'] === 'eligible');
    const newId = await world.replaceMara();
    world.alter((tx) => {
      for (const { key, data } of before) {
        const collection = lists[0]?.replace(/Schedules$/, 'ScheduleRequests') ?? '';
        tx.put(collection, { ...data, id: key, principalId: newId, status: 'PendingApproval' });
      }
    });
    expect(new Set(await results(before, newId))).toEqual(new Set(['retry']));
  });

  it('a tenant without the licence has none; without the permission the refusal is thrown', async () => {
    const before = await kind.capture(mara, world.outside);
    world.alter((tx) => tx.patch('organization', tx.single('organization').id, { assignedPlans: [] }));
    expect(await kind.capture(mara, world.outside)).toEqual([]);
    const attempts = await kind.restore(before, guests.ines, world.outside);
    for (const attempt of attempts) expect(attempt).toMatchObject({ result: 'manual' });
    await world.control('PUT', 'settings', { grantedPermissions: ['Directory.Read.All'] });
    const refusal = kind.capture(mara, world.outside);
    await expect(refusal).rejects.toBeInstanceOf(ServiceError);
    await expect(refusal).rejects.toMatchObject({ status: 403 });
    expect(new Set(await results(before, guests.ines))).toEqual(new Set(['failed']));
  });

  it('an end that cannot be read is left to people and never taken for none', async () => {
    world.alter((tx) => {
      for (const name of lists) {
        for (const schedule of tx.list(name).filter((one) => one['principalId'] === mara)) {
          const scheduleInfo = {
            startDateTime: '2026-01-01T00:00:00Z',
            expiration: { type: 'afterDuration', duration: 'P1Y' },
          };
          tx.patch(name, schedule.id, { scheduleInfo });
        }
      }
    });
    const grants = await kind.capture(mara, world.outside);
    expect(grants.length).toBeGreaterThan(2);
    for (const grant of grants) expect(grant.instruction).toContain('when this ends');
  });

  it('a duration ends where it says', async () => {
    world.alter((tx) => {
      for (const name of lists) {
        for (const schedule of tx.list(name).filter((one) => one['principalId'] === mara)) {
          const scheduleInfo = {
            startDateTime: '2026-03-01T00:00:00.123Z',
            expiration: { type: 'afterDuration', duration: 'P30DT1H30M' },
          };
          tx.patch(name, schedule.id, { scheduleInfo });
        }
      }
    });
    const grants = await kind.capture(mara, world.outside);
    expect(new Set(grants.map(({ data }) => data['value']))).toEqual(new Set(['2026-03-31T01:30:00Z']));
  });

  it('each list asks for its own permission', () => {
    const grant = (list: string, more: object = {}): Grant => ({
      kind: kind.kind,
      key: list,
      name: list,
      data: { list, ...more },
    });
    const first = (...grants: Grant[]) => permissionsToRestore(kind, grants).map(({ anyOf }) => anyOf[0]);
    expect(first(grant('eligible'))).toEqual([expect.stringMatching(/EligibilitySchedule\.ReadWrite/)]);
    expect(first(grant('active'))).toEqual([expect.stringMatching(/AssignmentSchedule\.ReadWrite/)]);
    expect(first({ ...grant('active'), instruction: 'by hand' })).toEqual([]);
    const guarded = first(grant('eligible', { roleAssignable: true }));
    expect(guarded.includes('RoleManagement.ReadWrite.Directory')).toBe(kind === pimGroup);
  });

  it('reads stay few, however many grants there are', async () => {
    const before = await kind.capture(mara, world.outside);
    const newId = await world.replaceMara();
    await world.control('DELETE', 'requests');
    await kind.restore(before, newId, world.outside);
    const log = await world.requests();
    expect(log.filter(({ method, inBatch }) => method === 'POST' && inBatch === undefined).length).toBe(
      before.length + 1,
    );
  });
});

it('a permanent role to come is captured here, and still found once it has begun', async () => {
  world.alter((tx) => {
    const id = '9100a000-0000-4000-8000-000000000004';
    const expiration = { type: 'noExpiration', endDateTime: null, duration: null };
    tx.patch('roleAssignmentSchedules', id, {
      assignmentId: undefined,
      scheduleInfo: { startDateTime: '2026-03-03T00:00:00Z', expiration },
    });
    for (const row of tx.list('roleAssignments')) {
      if (row['principalId'] === mara && row['roleDefinitionId'] === messageCenterReader)
        tx.remove('roleAssignments', row.id);
    }
  });
  const before = await pimDirectoryRole.capture(mara, world.outside);
  expect(before.find(({ key }) => key.startsWith('active'))?.data).toMatchObject({
    value: null,
    start: '2026-03-03T00:00:00Z',
  });
  const newId = await world.replaceMara();
  await pimDirectoryRole.restore(before, newId, world.outside);
  world.advance(24 * hour);
  const after = await pimDirectoryRole.capture(newId, world.outside, before);
  expect(keysOf(after)).toEqual(keysOf(before));
  expect(keysOf(await pimDirectoryRole.capture(newId, world.outside))).not.toContain(`active|${messageCenterReader}@/`);
});
