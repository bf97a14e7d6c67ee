import { license } from '../../../access/license';
import type { Grant } from '../../../domain/grants';
import { exchangeFoundationPlan, groups, guests, products } from '../../../local/tenant/seed/ids';
import { accessWorld, grantsOfMara, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';

let world: AccessWorld;
let grants: Grant[];

beforeEach(async () => {
  world = await accessWorld();
  grants = await grantsOfMara(license, world);
});
afterEach(() => world.tenant.close());

const restore = () => world.restore(license, grants);
const settle = () => world.outside.graph.write('PATCH', `/users/${world.newId}`, { usageLocation: 'SE' });
const newGuest = async (): Promise<Rows> => (await world.rows('users')).find((one: Rows) => one.id === world.newId);
const assigned = async (): Promise<number> =>
  (await world.writes()).filter(({ path }) => path.endsWith('/assignLicense')).length;

it('captures direct licences with what is switched off; those of groups belong to the group', () => {
  expect(grants).toEqual([
    {
      kind: 'license',
      key: products.freeReports,
      name: 'POWER_BI_STANDARD',
      data: { skuId: products.freeReports, value: [exchangeFoundationPlan] },
    },
  ]);
  expect(JSON.stringify(grants)).not.toContain(guests.mara);
});

it('a direct licence that did not take effect is none; one beside the licence of a group is', async () => {
  const states = (state: Rows): Rows => state.users.find((one: Rows) => one.id === guests.mara).licenseAssignmentStates;
  await world.change((state) => (states(state)[0].state = 'Error'));
  expect(await grantsOfMara(license, world)).toEqual([]);
  await world.change((state) => {
    Object.assign(states(state)[0], { state: 'ActiveWithError', skuId: products.freeFlows.toUpperCase() });
  });
  expect((await grantsOfMara(license, world)).map(({ key, name }) => [key, name])).toEqual([
    [products.freeFlows, 'FLOW_FREE'],
  ]);
});

it('waits for the usage location, assigns once, and compares as equal', async () => {
  expect(await restore()).toMatchObject([{ result: 'retry' }]);
  expect(await assigned()).toBe(0);
  await settle();
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect(await world.compare(license, grants)).toEqual({ equal: 1, missing: [], extra: [] });
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect(await assigned()).toBe(1);
});

it('an assignment whose answer was lost is found', async () => {
  await settle();
  await world.faults({ method: 'POST', path: '/assignLicense$', kind: 'lostAck' });
  expect(resultsOf(await restore())).toEqual(['retry']);
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect(await assigned()).toBe(1);
});

it('the licence of a group does not stand for the direct one', async () => {
  await settle();
  await world.change((state) => {
    const group = state.groups.find((one: Rows) => one.id === groups.finance);
    group.assignedLicenses = [{ skuId: products.freeReports, disabledPlans: [] }];
  });
  await world.outside.graph.write('POST', `/groups/${groups.finance}/members/$ref`, {
    '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${world.newId}`,
  });
  expect((await newGuest()).assignedLicenses).toHaveLength(1);
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect((await world.compare(license, grants)).missing).toEqual([]);
});

it('other plans that somebody switched off stay as they are, and are reported', async () => {
  await settle();
  await world.outside.graph.write('POST', `/users/${world.newId}/assignLicense`, {
    addLicenses: [{ skuId: products.freeReports, disabledPlans: [] }],
    removeLicenses: [],
  });
  expect(resultsOf(await restore())).toEqual(['manual']);
  expect((await newGuest()).assignedLicenses).toEqual([{ skuId: products.freeReports, disabledPlans: [] }]);
});

it('without a free seat it fails, and says that a seat is missing', async () => {
  await settle();
  await world.change((state) => (state.subscribedSkus[0].prepaidUnits.enabled = 0));
  expect(await restore()).toEqual([
    {
      result: 'failed',
      detail: 'No licence of this product is free. Free or buy one, then assign it to the guest by hand.',
    },
  ]);
});

it('a product that the tenant no longer has fails', async () => {
  await settle();
  await world.change((state) => state.subscribedSkus.shift());
  expect(resultsOf(await restore())).toEqual(['failed']);
});

it('a new guest who is not known everywhere is waited for', async () => {
  await world.settings({ replicationMs: 60 * 60_000 });
  const late = await world.invite('mara@hotmail.example');
  expect(await license.restore(grants, late, world.outside)).toMatchObject([
    { result: 'retry', detail: 'graph answered 404 Request_ResourceNotFound' },
  ]);
});
