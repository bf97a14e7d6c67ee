import { keyVaultPolicy } from '../../../access/keyVaultPolicy';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import { APP_SERVICE_PRINCIPAL_ID, TENANT_ID, azure as scopes, guests, numbered } from '../../../local/tenant/seed/ids';
import {
  azureOfOthers,
  azureWorld,
  keys,
  listOf,
  restoreAll,
  results,
  type AzureWorld,
} from '../../support/azureWorld';

const { mara, tomas } = guests;
const archive = numbered('a9922222', 2);
const calibration = scopes.calibrationVault.toLowerCase();
const portal = scopes.portalVault.toLowerCase();
const version = 'api-version=2022-07-01';

let world: AzureWorld;
beforeEach(() => {
  world = azureWorld();
});
afterEach(() => world.close());

const capture = (id: string, expected?: readonly Grant[]): Promise<Grant[]> =>
  keyVaultPolicy.capture(id, world.outside, expected);

async function only(key: string): Promise<Grant[]> {
  const found = (await capture(mara)).filter((grant) => grant.key === key);
  expect(found).toHaveLength(1);
  return found;
}

interface Entry {
  objectId: string;
  applicationId?: string;
  permissions: Record<string, string[]>;
}

async function entriesOf(objectId: string): Promise<(Entry & { vault: unknown })[]> {
  return listOf(await world.state(), 'azureResources').flatMap(({ name, properties }) =>
    ((properties as { accessPolicies?: Entry[] } | undefined)?.accessPolicies ?? [])
      .filter((entry) => entry.objectId === objectId)
      .map((entry) => ({ vault: name, ...entry })),
  );
}

const change = (operation: string, vault: string, objectId: string, permissions: object): Promise<unknown> =>
  world.azure.put(`${vault}/accessPolicies/${operation}?${version}`, {
    properties: { accessPolicies: [{ tenantId: TENANT_ID, objectId, permissions }] },
  });

/** A tenant whose vault uses Azure roles instead of its policies. */
const useRoles = (vault: string): Promise<void> =>
  world.change((state) => ({
    ...state,
    azureResources: listOf(state, 'azureResources').map((one) =>
      one['id'] === vault
        ? { ...one, properties: { ...(one['properties'] as object), enableRbacAuthorization: true } }
        : one,
    ),
  }));

describe('capture', () => {
  it('takes the policies of the guest, alone and through applications, with permissions in one spelling', async () => {
    const grants = await capture(mara);
    expect(keys(grants)).toEqual([calibration, `${calibration}|${archive}`, portal].sort());
    expect(grants.find(({ key }) => key === calibration)).toEqual({
      kind: 'keyVaultPolicy',
      key: calibration,
      name: 'kv-calibration',
      scope: scopes.calibrationVault,
      data: {
        vaultId: scopes.calibrationVault,
        tenantId: TENANT_ID,
        principalId: mara,
        value: { keys: ['get', 'list', 'verify'], secrets: ['get', 'list'], certificates: [], storage: [] },
      },
    });
  });

  it('finds a policy that the index does not show yet, and not one that it still shows', async () => {
    await world.settings({ resourceGraphLagMs: 3_600_000 });
    await change('add', scopes.portalVault, guests.ines, { secrets: ['get'] });
    await change('remove', scopes.portalVault, mara, { certificates: ['get', 'list'] });
    expect(keys(await capture(guests.ines))).toEqual([portal]);
    expect(keys(await capture(mara))).not.toContain(portal);
  });

  it('finds a vault beyond the first fifty subscriptions through the index', async () => {
    const subscriptions = Array.from({ length: 80 }, (_, n) => `/subscriptions/${numbered('50b11111', n)}`);
    const last = `${subscriptions.at(-1) ?? ''}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-far`;
    await world.change((state) => ({
      ...state,
      azureSubscriptions: [
        ...listOf(state, 'azureSubscriptions'),
        ...subscriptions.map((id) => ({ id, subscriptionId: id.slice(15), displayName: id, state: 'Enabled' })),
      ],
      azureResources: listOf(state, 'azureResources').flatMap((one) =>
        one['id'] === scopes.portalVault ? [one, { ...one, id: last, name: 'kv-far' }] : [one],
      ),
    }));
    expect(keys(await capture(mara))).toContain(last.toLowerCase());
    await world.faults({ path: 'ResourceGraph', kind: 'status', status: 403, times: 9 });
    expect(keys(await capture(mara))).toContain(last.toLowerCase());
  });

  it('an app that may not read vaults is refused', async () => {
    await world.faults({ path: 'KeyVault/vaults', kind: 'status', status: 403, times: 99 });
    await expect(capture(mara)).rejects.toMatchObject({ status: 403 });
  });

  it('when verifying, the vaults of what was restored are read; one that is gone is missing', async () => {
    const grants = await capture(mara);
    await world.change((state) => ({
      ...state,
      azureResources: listOf(state, 'azureResources').filter(({ id }) => id !== scopes.portalVault),
    }));
    expect(compareAccess(grants, await capture(mara, grants)).missing.map(({ key }) => key)).toEqual([portal]);
  });
});

describe('restore', () => {
  it('gives everything to the new guest, removes what named the old one, and touches nobody else', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    const others = await azureOfOthers(world, [mara, newId]);
    await restoreAll(keyVaultPolicy, grants, newId, world.outside);
    expect(compareAccess(grants, await capture(newId, grants))).toEqual({ equal: 3, missing: [], extra: [] });
    expect(await azureOfOthers(world, [mara, newId])).toEqual(others);
    // What a vault ignores is not touched either.
    expect((await entriesOf(mara)).map(({ vault }) => vault)).toEqual(['kv-instruments']);
  });

  it('a second run finds everything present and writes nothing', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    await restoreAll(keyVaultPolicy, grants, newId, world.outside);
    const before = await entriesOf(newId);
    await world.control('DELETE', 'requests');
    expect(results(await keyVaultPolicy.restore(grants, newId, world.outside))).toEqual(
      grants.map(() => 'alreadyPresent'),
    );
    expect(await entriesOf(newId)).toEqual(before);
    expect((await world.requests()).filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('lost answers: the writes took effect, the second run doubles nothing', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    await world.faults({ method: 'PUT', path: 'accessPolicies/add', kind: 'lostAck', times: grants.length });
    expect(results(await keyVaultPolicy.restore(grants, newId, world.outside))).toEqual(grants.map(() => 'retry'));
    await world.faults({ method: 'PUT', path: 'accessPolicies/remove', kind: 'lostAck' });
    const again = await keyVaultPolicy.restore(grants, newId, world.outside);
    expect(results(again)).toEqual(grants.map(() => 'alreadyPresent'));
    expect(await entriesOf(newId)).toHaveLength(3);
    expect((await entriesOf(mara)).map(({ vault }) => vault)).toEqual(['kv-instruments']);
  });

  it('two restores at once merge and double nothing', async () => {
    const grants = await capture(mara);
    const newId = await world.switchGuest(mara);
    const runs = await Promise.all([1, 2].map(() => keyVaultPolicy.restore(grants, newId, world.outside)));
    for (const attempts of runs) expect(results(attempts)).not.toContain('failed');
    expect(compareAccess(grants, await capture(newId, grants)).missing).toEqual([]);
    expect(await entriesOf(newId)).toHaveLength(3);
  });

  it('other permissions of the new guest stay', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    await change('add', scopes.portalVault, newId, { secrets: ['Set'], certificates: ['Get'] });
    expect(await keyVaultPolicy.restore(grants, newId, world.outside)).toEqual([
      { result: 'restored', detail: 'The new guest had other permissions there, which stay.' },
    ]);
    const [entry] = await entriesOf(newId);
    expect(entry?.permissions).toMatchObject({ secrets: ['Set'], certificates: ['Get', 'list'] });
    expect(compareAccess(grants, await capture(newId, grants)).missing).toEqual([]);
  });

  it('more than was captured is already present', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    await change('add', scopes.portalVault, newId, { certificates: ['all'] });
    expect(results(await keyVaultPolicy.restore(grants, newId, world.outside))).toEqual(['alreadyPresent']);
    expect(compareAccess(grants, await capture(newId, grants)).missing).toEqual([]);
  });

  it('less than was captured compares as missing', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    await change('add', scopes.portalVault, newId, { certificates: ['get'], secrets: ['all'] });
    expect(compareAccess(grants, await capture(newId, grants)).missing.map(({ key }) => key)).toEqual([portal]);
  });

  it('a vault that uses roles by now is left to people', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    await useRoles(scopes.portalVault);
    const [attempt] = await keyVaultPolicy.restore(grants, newId, world.outside);
    expect(attempt).toMatchObject({ result: 'manual', detail: expect.stringContaining('uses Azure roles now') });
    expect(await entriesOf(newId)).toEqual([]);
  });

  it('where the guest kept the object id there is no orphan, and nothing is removed', async () => {
    const grants = await capture(mara);
    expect(results(await keyVaultPolicy.restore(grants, mara, world.outside))).toEqual(
      grants.map(() => 'alreadyPresent'),
    );
    expect(await entriesOf(mara)).toHaveLength(4);
  });

  it('only the entry of the captured identity is removed', async () => {
    const [grant] = await only(portal);
    const newId = await world.switchGuest(mara);
    await change('remove', scopes.portalVault, mara, { certificates: ['get', 'list'] });
    const before = await entriesOf(tomas);
    await restoreAll(keyVaultPolicy, grant === undefined ? [] : [grant], newId, world.outside);
    expect(await entriesOf(tomas)).toEqual(before);
    expect((await world.requests()).filter(({ path }) => path.endsWith('accessPolicies/remove'))).toHaveLength(1);
  });

  it('a removal that is refused changes the detail, not the result', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    const body = { error: { code: 'AuthorizationFailed', message: 'no' } };
    await world.faults({ path: 'accessPolicies/remove', kind: 'status', status: 403, body });
    expect(await keyVaultPolicy.restore(grants, newId, world.outside)).toEqual([
      {
        result: 'restored',
        detail: 'The policy of the old guest stays behind: azure answered 403 AuthorizationFailed.',
      },
    ]);
  });

  it('an app that may not write policies fails, with advice', async () => {
    const grants = await only(portal);
    const newId = await world.switchGuest(mara);
    await world.change((state) => ({
      ...state,
      azureRoleAssignments: listOf(state, 'azureRoleAssignments').filter(({ name, properties }) => {
        const { principalId } = properties as { principalId: string };
        return principalId !== APP_SERVICE_PRINCIPAL_ID || name === numbered('a2000000', 2);
      }),
    }));
    expect(await keyVaultPolicy.restore(grants, newId, world.outside)).toEqual([
      {
        result: 'failed',
        detail: 'azure answered 403 AuthorizationFailed. The app may not do this; grant it by hand.',
      },
    ]);
  });
});
