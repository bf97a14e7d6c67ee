import { delegatedPermission } from '../../../access/delegatedPermission';
import type { Grant } from '../../../domain/grants';
import { guests, servicePrincipals } from '../../../local/tenant/seed/ids';
import { accessWorld, grantsOfMara, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';

const { supplierPortal, microsoftGraph } = servicePrincipals;
const KEY = `${supplierPortal}/${microsoftGraph}`;
let world: AccessWorld;
let grants: Grant[];

beforeEach(async () => {
  world = await accessWorld();
  grants = await grantsOfMara(delegatedPermission, world);
});
afterEach(() => world.tenant.close());

const restore = () => world.restore(delegatedPermission, grants);
const scopes = async (): Promise<string[]> =>
  (await world.rows('oauth2PermissionGrants'))
    .filter((one: Rows) => one.principalId === world.newId)
    .map((one: Rows) => one.scope as string);

/** The new guest consents by themself. */
const consent = (scope: string) =>
  world.outside.graph.write('POST', '/oauth2PermissionGrants', {
    clientId: supplierPortal,
    consentType: 'Principal',
    principalId: world.newId,
    resourceId: microsoftGraph,
    scope,
  });

it('captures the own consents, named, with their scopes in order; consents for everybody are left out', async () => {
  await world.change((state) => (state.oauth2PermissionGrants[0].scope = ' User.Read openid  profile User.Read'));
  expect(await grantsOfMara(delegatedPermission, world)).toEqual([
    {
      kind: 'delegatedPermission',
      key: KEY,
      name: 'Supplier Portal: Microsoft Graph',
      data: { clientId: supplierPortal, resourceId: microsoftGraph, value: ['User.Read', 'openid', 'profile'] },
    },
  ]);
  await world.change((state) => (state.oauth2PermissionGrants[0].clientId = guests.leo));
  expect((await grantsOfMara(delegatedPermission, world))[0]?.name).toBe(`${guests.leo}: Microsoft Graph`);
});

it('is given once, and compares as equal', async () => {
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect(await world.compare(delegatedPermission, grants)).toEqual({ equal: 1, missing: [], extra: [] });
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect(await world.writes()).toHaveLength(1);
  expect(await scopes()).toEqual(['User.Read openid profile']);
});

it('whose answer was lost is found', async () => {
  await world.faults({ method: 'POST', path: '/oauth2PermissionGrants$', kind: 'lostAck' });
  expect(resultsOf(await restore())).toEqual(['retry']);
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect(await scopes()).toHaveLength(1);
});

it('adds the scopes that are missing to those that the new guest consented to', async () => {
  await consent('Mail.Read User.Read');
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect(await scopes()).toEqual(['Mail.Read User.Read openid profile']);
  expect(await world.compare(delegatedPermission, grants)).toEqual({ equal: 1, missing: [], extra: [] });
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
});

it('more scopes than before are left alone and compare as equal; fewer do not', async () => {
  await consent('profile openid User.Read Mail.Read');
  expect(resultsOf(await restore())).toEqual(['alreadyPresent']);
  expect((await world.compare(delegatedPermission, grants)).missing).toEqual([]);
  await world.change((state) => {
    state.oauth2PermissionGrants.find((one: Rows) => one.principalId === world.newId).scope = 'openid';
  });
  expect((await world.compare(delegatedPermission, grants)).missing).toHaveLength(1);
});

it('another consent at the same moment is looked at again', async () => {
  const { graph } = world.outside;
  const blind = { ...graph, readAll: () => Promise.resolve([]) };
  await consent('User.Read');
  const attempts = await delegatedPermission.restore(grants, world.newId, { ...world.outside, graph: blind });
  expect(resultsOf(attempts)).toEqual(['retry']);
  expect(resultsOf(await restore())).toEqual(['restored']);
  expect(await scopes()).toEqual(['User.Read openid profile']);
});

it('waits for a new guest who is not known everywhere', async () => {
  await world.settings({ replicationMs: 60 * 60_000 });
  const late = await world.invite('mara@hotmail.example');
  const attempts = () => delegatedPermission.restore(grants, late, world.outside);
  expect(resultsOf(await attempts())).toEqual(['retry']);
  await world.advance(61);
  expect(resultsOf(await attempts())).toEqual(['restored']);
});

it('fails when the app may not do it, and when the scopes are too many', async () => {
  await consent('x'.repeat(3840));
  expect(resultsOf(await restore())).toEqual(['failed']);
  await world.settings({ grantedPermissions: ['Directory.Read.All'] });
  const [attempt] = await restore();
  expect(attempt).toMatchObject({ result: 'failed' });
  expect(attempt?.detail).toContain('grant it by hand');
});
