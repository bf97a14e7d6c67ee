import { applicationOwnership } from '../../../access/applicationOwnership';
import { permissionsToRestore } from '../../../access/kind';
import type { Grant } from '../../../domain/grants';
import { applications, guests, servicePrincipals, staff } from '../../../local/tenant/seed/ids';
import { accessWorld, grantsOfMara, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';

let world: AccessWorld;
let grants: Grant[];

beforeEach(async () => {
  world = await accessWorld();
  grants = await grantsOfMara(applicationOwnership, world);
});
afterEach(() => world.tenant.close());

const restore = () => world.restore(applicationOwnership, grants);
const owners = async (collection: string, id: string): Promise<string[]> =>
  (await world.rows(collection)).find((one: Rows) => one.id === id).owners;

it('captures registrations and enterprise applications, told apart; owned groups are another kind', () => {
  const archive = 'Measurement Archive';
  expect(grants.map(({ key, name }) => [key, name]).sort()).toEqual([
    [`applications/${applications.measurementArchive}`, `${archive} (app registration)`],
    [`servicePrincipals/${servicePrincipals.measurementArchive}`, `${archive} (enterprise application)`],
  ]);
  expect(JSON.stringify(grants)).not.toContain(guests.mara);
});

it('makes the new guest an owner once, and compares as equal', async () => {
  expect(resultsOf(await restore())).toEqual(['restored', 'restored']);
  expect(await world.compare(applicationOwnership, grants)).toEqual({ equal: 2, missing: [], extra: [] });
  expect(resultsOf(await restore())).toEqual(['alreadyPresent', 'alreadyPresent']);
  const all = [staff.labManager, guests.mara, world.newId];
  expect(await owners('applications', applications.measurementArchive)).toEqual(all);
  expect(await owners('servicePrincipals', servicePrincipals.measurementArchive)).toEqual(all);
});

it('finds an ownership whose answer was lost', async () => {
  await world.faults({ method: 'POST', path: '/owners/\\$ref$', kind: 'lostAck' });
  expect(resultsOf(await restore()).sort()).toEqual(['restored', 'retry']);
  expect(resultsOf(await restore())).toEqual(['alreadyPresent', 'alreadyPresent']);
});

it('waits for a new guest who is not known everywhere', async () => {
  await world.settings({ replicationMs: 60 * 60_000 });
  const late = await world.invite('mara@hotmail.example');
  const attempts = () => applicationOwnership.restore(grants, late, world.outside);
  expect(resultsOf(await attempts())).toEqual(['retry', 'retry']);
  await world.advance(61);
  expect(resultsOf(await attempts())).toEqual(['restored', 'restored']);
});

it('needs two permissions together, and fails without one of them', async () => {
  expect(permissionsToRestore(applicationOwnership, grants).map(({ anyOf }) => anyOf[0])).toEqual([
    'Application.ReadWrite.All',
    'Directory.Read.All',
  ]);
  await world.settings({ grantedPermissions: ['Application.ReadWrite.All'] });
  expect(resultsOf(await restore())).toEqual(['failed', 'failed']);
});
