import { directReport } from '../../../access/directReport';
import type { AccessKind } from '../../../access/kind';
import { manager } from '../../../access/manager';
import { guests, staff } from '../../../local/tenant/seed/ids';
import { graphOf, outsideOf } from '../../support/recordedCalls';
import { ReplacedGuest } from '../../support/replacedGuest';

let guest: ReplacedGuest;
afterEach(() => {
  guest.close();
});

async function replaced(kind: AccessKind): Promise<ReplacedGuest> {
  guest = new ReplacedGuest(kind);
  await guest.replace();
  return guest;
}
const setManager = (userId: string, managerId: string): Promise<unknown> =>
  guest.tenant.graph.write('PUT', `/users/${userId}/manager/$ref`, {
    '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${managerId}`,
  });
async function managerOf(userId: string): Promise<unknown> {
  const found: Record<string, unknown> = {
    ...(await guest.tenant.state()).users.find(({ id }) => id === userId),
  };
  return found['manager'];
}

it('a manager whom somebody set for the new guest meanwhile stays', async () => {
  await replaced(manager);
  await setManager(guest.newId, staff.labManager);
  expect(await guest.results()).toEqual(['manual']);
  expect(await managerOf(guest.newId)).toBe(staff.labManager);
  const [now] = await guest.captureNew();
  expect(now).toMatchObject({ key: 'manager', name: 'Magnus Lie', data: { value: staff.labManager } });
});

it('a report who got another manager meanwhile keeps that one; the others get the new guest', async () => {
  await replaced(directReport);
  await setManager(guests.tomas, staff.labManager);
  expect(await guest.results()).toEqual(['manual', 'restored']);
  expect(await managerOf(guests.tomas)).toBe(staff.labManager);
  expect(await managerOf(guests.priya)).toBe(guest.newId);
});

it('a report who was deleted meanwhile is tried again and does not hold back the others', async () => {
  await replaced(directReport);
  await guest.tenant.graph.write('DELETE', `/users/${guests.tomas}`);
  expect(await guest.results()).toEqual(['retry', 'restored']);
});

it('reports mastered elsewhere are left to people', async () => {
  guest = new ReplacedGuest(directReport);
  const reports = [
    { '@odata.type': '#microsoft.graph.user', id: 'u-1', displayName: 'Synchronized', onPremisesSyncEnabled: true },
    { '@odata.type': '#microsoft.graph.orgContact', id: 'c-1', displayName: 'Contact' },
    { '@odata.type': '#microsoft.graph.user', id: 'u-2', displayName: null, onPremisesSyncEnabled: null },
  ];
  const grants = await directReport.capture(guest.oldId, outsideOf({ graph: graphOf(() => reports) }));
  expect(grants.map(({ instruction }) => instruction)).toEqual([
    expect.stringContaining('local Active Directory'),
    expect.stringContaining('contact'),
    undefined,
  ]);
  expect(grants[2]?.name).toBe('u-2');
});

it('many reports are looked at in few requests', async () => {
  guest = new ReplacedGuest(directReport);
  const people = Array.from({ length: 45 }, (_, number) => ({
    id: `77000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    displayName: `Person ${number}`,
    manager: guest.oldId,
  }));
  const state = await guest.tenant.state();
  const users = [...state.users.map((user) => ({ ...user, manager: undefined })), ...people];
  await guest.tenant.control('PUT', 'state', { ...state, users });
  await guest.replace();
  const results = await guest.results();
  expect(new Set(results)).toEqual(new Set(['restored']));
  expect(results).toHaveLength(45);
  const batches = (await guest.tenant.requests()).filter(({ path }) => path.endsWith('/$batch'));
  expect(batches).toHaveLength(3);
});
