import { administrativeUnit } from '../../../access/administrativeUnit';
import type { Grant } from '../../../domain/grants';
import { administrativeUnits, APP_SERVICE_PRINCIPAL_ID, guests } from '../../../local/tenant/seed/ids';
import { accessWorld, grantsOfMara, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';
import { graphOf, outsideOf } from '../../support/recordedCalls';

const PRIVILEGED_ROLE_ADMINISTRATOR = 'e8611ab8-c189-46e8-94e1-60213ab1f814';
let world: AccessWorld;
let grants: Grant[];

beforeEach(async () => {
  world = await accessWorld();
  grants = await grantsOfMara(administrativeUnit, world);
});
afterEach(() => world.tenant.close());

const writable = (): Grant[] => grants.filter(({ instruction }) => instruction === undefined);
const restore = () => world.restore(administrativeUnit, writable());
const members = async (unit: string): Promise<string[]> =>
  (await world.rows('administrativeUnits')).find((one: Rows) => one.id === unit).members;

it('captures units; one by rule quotes its rule', () => {
  expect(grants.map(({ key, name, instruction }) => [key, name, instruction === undefined])).toEqual([
    [administrativeUnits.suppliers, 'Suppliers', true],
    [administrativeUnits.qualityDynamic, 'Quality People', false],
  ]);
  expect(grants[1]?.instruction).toBe(
    'The unit is dynamic: it follows its rule, user.department -eq "Quality". ' +
      "It will take the guest in again by itself if the guest's profile attributes are restored.",
  );
  expect(JSON.stringify(grants)).not.toContain(guests.mara);
});

it('a rule that could not be read is said to be so, and one with an address is quoted without it', async () => {
  const instructionFor = async (membershipRule: string | null): Promise<string> => {
    const unit = { id: 'unit', membershipType: 'Dynamic', membershipRule };
    const [found] = await administrativeUnit.capture(guests.mara, outsideOf({ graph: graphOf(() => [unit]) }));
    return found?.instruction ?? '';
  };
  expect(await instructionFor(null)).toBe('The unit is dynamic: it follows its rule, which could not be read.');
  const quoted = await instructionFor('user.mail -eq "mara@ostsund.example"');
  expect(quoted).toContain('"…@ostsund.example"');
  expect(quoted).not.toContain('mara@');
});

it('adds the new guest once, and compares as equal; the rule takes the guest in by the restored attribute', async () => {
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect((await world.compare(administrativeUnit, grants)).missing.map(({ name }) => name)).toEqual(['Quality People']);
  await world.outside.graph.write('PATCH', `/users/${world.newId}`, { department: 'Quality' });
  expect(await world.compare(administrativeUnit, grants)).toEqual({ equal: 2, missing: [], extra: [] });
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect((await members(administrativeUnits.suppliers)).filter((id) => id === world.newId)).toHaveLength(1);
});

it('finds a membership whose answer was lost', async () => {
  await world.faults({ method: 'POST', path: '/members/\\$ref$', kind: 'lostAck' });
  expect(resultsOf(await restore())).toEqual(['retry']);
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
});

it('waits for a new guest who is not known everywhere', async () => {
  await world.settings({ replicationMs: 60 * 60_000 });
  const late = await world.invite('mara@hotmail.example');
  const attempts = () => administrativeUnit.restore(writable(), late, world.outside);
  expect(resultsOf(await attempts())).toEqual(['retry']);
  await world.advance(61);
  expect(resultsOf(await attempts())).toEqual(['restored']);
});

describe('a unit under restricted management', () => {
  const { restricted } = administrativeUnits;
  const grant: Grant = { kind: 'administrativeUnit', key: restricted, name: 'Restricted', data: { restricted: true } };

  it('is recognised', async () => {
    await world.change((state) => {
      state.administrativeUnits.find((one: Rows) => one.id === restricted).members.push(guests.mara);
    });
    expect(await grantsOfMara(administrativeUnit, world)).toContainEqual(grant);
  });

  it('is left to a role holder when the app holds no such role, and restored when it does', async () => {
    const [attempt] = await world.restore(administrativeUnit, [grant]);
    expect(attempt?.result).toBe('manual');
    expect(attempt?.detail).toContain('a Privileged Role Administrator');
    await world.change((state) => {
      state.roleAssignments.push({
        id: 'app-privileged-role-administrator',
        principalId: APP_SERVICE_PRINCIPAL_ID,
        roleDefinitionId: PRIVILEGED_ROLE_ADMINISTRATOR,
        directoryScopeId: '/',
      });
    });
    expect(resultsOf(await world.restore(administrativeUnit, [grant]))).toEqual(['restored']);
    expect(await members(restricted)).toEqual([world.newId]);
  });
});

it('fails without the permission', async () => {
  await world.settings({ grantedPermissions: ['Directory.Read.All'] });
  expect(resultsOf(await restore())).toEqual(['failed']);
});
