import { checkAddress } from '../../../activities/checks/addressChecks';
import { checkApp } from '../../../activities/checks/appChecks';
import { accessKinds } from '../../../access';
import type { ActivityDeps } from '../../../activities/activity';
import { checkAzure } from '../../../activities/checks/azureChecks';
import { checkProvider } from '../../../activities/checks/providerChecks';
import { checkGuest, GLOBAL_ADMINISTRATOR, type GuestToCheck } from '../../../activities/checks/guestChecks';
import type { Grant } from '../../../domain/grants';
import { createWorld, INVITED_ADDRESS, MIGRATION_ID, OLD_ID, oldGuest } from '../../support/activityWorld';
import {
  APP_SERVICE_PRINCIPAL_ID,
  azure as scopes,
  azureRoles,
  guests,
  numbered,
} from '../../../local/tenant/seed/ids';
import { azureWorld, listOf, type AzureWorld } from '../../support/azureWorld';
import { azureOf, graphOf, refusal, silent, type Answer } from '../../support/recordedCalls';

const { displayName, mail, userType, externalUserState, identities } = oldGuest();
const guest: GuestToCheck = { id: OLD_ID, displayName, mail, userType, externalUserState, identities };
const isRoleList = (path: string) => path.includes(`roleDefinitionId eq '${GLOBAL_ADMINISTRATOR}'`);

async function administratorRow(answer: Answer) {
  const { deps } = await createWorld();
  const rows = await checkGuest(guest, { ...deps, graph: graphOf(answer) });
  return rows.find(({ id }) => id === 'not-last-global-administrator');
}

describe('the last Global Administrator', () => {
  const holders = (ids: string[]) => (): unknown => ids.map((principalId) => ({ principalId }));

  it('is found whatever the caller skips: the check asks the directory', async () => {
    expect(await administratorRow(holders([OLD_ID.toUpperCase()]))).toMatchObject({ ok: false, severity: 'blocking' });
  });

  it.each([[[]], [['a', 'b']], [[OLD_ID, 'a']]])('passes when the holders are %j', async (ids) => {
    expect(await administratorRow(holders(ids))).toMatchObject({ ok: true });
  });

  it('is not ruled out when the app may not look', async () => {
    const row = await administratorRow(({ path }) => {
      if (isRoleList(path)) throw refusal(403, 'Authorization_RequestDenied');
      return [];
    });
    expect(row).toMatchObject({ ok: false, severity: 'blocking' });
  });
});

describe('a privileged guest', () => {
  const grant = (kind: Grant['kind'], data: Grant['data'] = {}): Grant => ({ kind, key: 'key', name: 'name', data });
  const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = '7be44c8a-adaf-4e2a-84d6-ab2649e08a13';

  async function roleRow(grants: Grant[], held: string[]) {
    const { deps } = await createWorld();
    const answer: Answer = () => held.map((roleDefinitionId) => ({ roleDefinitionId }));
    const rows = await checkApp({ grants, refused: [] }, 'recreate', { ...deps, graph: graphOf(answer) });
    return rows.find(({ id }) => id === 'app-role-for-privileged-guest');
  }

  it.each<[string, Grant]>([
    ['a lasting role', grant('directoryRole')],
    ['a role that the guest is eligible for', grant('pimDirectoryRole', { list: 'eligible', value: null })],
    ['a role for a time', grant('pimDirectoryRole', { list: 'active', value: '2099-01-01T00:00:00Z' })],
    ['membership of a role-assignable group', grant('groupMembership', { roleAssignable: true })],
    ['eligibility for a role-assignable group', grant('pimGroup', { list: 'eligible', roleAssignable: true })],
    ['ownership of one for a time', grant('pimGroup', { list: 'active', roleAssignable: true })],
  ])('%s needs a directory role of the app', async (_what, held) => {
    expect(await roleRow([held], [])).toMatchObject({ ok: false, severity: 'blocking' });
    expect(await roleRow([held], ['95e79109-95c0-4d8e-aee3-d01accf2d47b'])).toMatchObject({ ok: false });
    for (const role of [PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR]) {
      expect(await roleRow([held], [role])).toMatchObject({ ok: true });
    }
  });

  it('is not one who belongs to other groups, through PIM or without it', async () => {
    const plain = [grant('groupMembership', { roleAssignable: false }), grant('pimGroup', { roleAssignable: false })];
    expect(await roleRow(plain, [])).toMatchObject({ ok: true });
  });
});

describe('the invited address', () => {
  async function failedRows(answer: Answer, heldBy?: string) {
    const world = await createWorld();
    if (heldBy !== undefined) await world.records.createMigration({ ...world.row(), id: heldBy });
    const of = { ...world.deps, graph: graphOf(answer) };
    if (heldBy !== undefined) await checkAddress(INVITED_ADDRESS, guest, { ...world.row(), id: heldBy }, of);
    const rows = await checkAddress(INVITED_ADDRESS.toUpperCase(), guest, world.row(), of);
    expect(world.row().id).toBe(MIGRATION_ID);
    return rows.filter(({ ok }) => !ok).map(({ id, severity }) => `${severity} ${id}`);
  }

  it('passes when nobody holds it', async () => {
    expect(await failedRows(() => [])).toEqual([]);
  });

  it('must not be in a domain of the directory itself: Graph would refuse it after the purge', async () => {
    const answer: Answer = ({ path }) =>
      path.startsWith('/organization') ? [{ verifiedDomains: [{ name: 'Personal.example' }] }] : [];
    expect(await failedRows(answer)).toEqual(['blocking invite-address-usable']);
  });

  it('is not judged by domains that the app may not read', async () => {
    const answer: Answer = ({ path }) => {
      if (path.startsWith('/organization')) throw refusal(403, 'Authorization_RequestDenied');
      return [];
    };
    expect(await failedRows(answer)).toEqual([]);
  });

  it('must not be the sign-in name of somebody without a mailbox', async () => {
    const answer: Answer = ({ path }) =>
      path.includes('userPrincipalName eq') ? [{ id: 'b0000000-0000-4000-8000-000000000001' }] : [];
    expect(await failedRows(answer)).toEqual(['blocking invite-address-free']);
  });

  it('must not be the one that another migration invites at the time', async () => {
    expect(await failedRows(() => [], 'm-other')).toEqual(['blocking invite-address-free']);
  });
});

describe('the provider that the invited address leads to', () => {
  const order = (...names: string[]) => ({
    invitationRedemptionIdentityProviderConfiguration: { primaryIdentityProviderPrecedenceOrder: names },
  });
  const usual = order('azureActiveDirectory', 'externalFederation', 'socialIdentityProviders');

  /** A directory with this policy, in which Entra tenants have verified `contoso.example`. */
  const directory =
    (policy: unknown = usual): Answer =>
    ({ path }) => {
      if (path === '/policies/crossTenantAccessPolicy/default') return policy;
      if (path.endsWith("(domainName='contoso.example')")) return { tenantId: 'b0000000-0000-4000-8000-000000000001' };
      throw refusal(404, 'Request_ResourceNotFound');
    };
  const rowOf = async (address: string, answer: Answer = directory()) => {
    const [row, ...others] = await checkProvider(address, graphOf(answer));
    expect(others).toEqual([]);
    expect(row).toMatchObject({ id: 'address-leads-to-personal-account', severity: 'warning' });
    return row;
  };

  it.each(['a@outlook.com', 'a@Hotmail.co.uk', 'a@live.nl', 'a@outlook.com.br', 'a@msn.com'])(
    '%s is one of Microsoft: nobody is asked',
    async (address) => {
      expect(await rowOf(address, silent)).toMatchObject({ ok: true });
    },
  );

  it.each(['a@outlook.example', 'a@live.com.contoso.com', 'a@mylive.com'])('%s is not', async (address) => {
    expect(await rowOf(address)).toMatchObject({ ok: true, detail: expect.stringContaining('No Entra tenant') });
  });

  it('a domain that an Entra tenant has verified is warned of, with what comes first', async () => {
    expect(await rowOf('a@Contoso.example')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('looked for first'),
    });
    const later = directory(order('socialIdentityProviders', 'azureActiveDirectory'));
    expect((await rowOf('a@contoso.example', later))?.detail).not.toContain('looked for first');
  });

  it('an address of Google is warned of where social providers are in the order', async () => {
    expect(await rowOf('a@gmail.com')).toMatchObject({ ok: false, detail: expect.stringContaining('Google') });
    expect(await rowOf('a@gmail.com', directory({}))).toMatchObject({ ok: false });
    expect(await rowOf('a@gmail.com', directory(order('azureActiveDirectory')))).toMatchObject({ ok: true });
  });

  it('what the app may not see was not checked, and the row says so', async () => {
    const answer: Answer = ({ path }) => {
      if (path.startsWith('/policies')) return usual;
      throw refusal(403, 'Authorization_RequestDenied');
    };
    expect(await rowOf('a@contoso.example', answer)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('not checked'),
      fix: expect.stringContaining('CrossTenantInformation.ReadBasic.All'),
    });
  });

  it('a directory that does not answer is asked again', async () => {
    const answer: Answer = () => {
      throw refusal(503, 'ServiceUnavailable');
    };
    await expect(checkProvider('a@contoso.example', graphOf(answer))).rejects.toThrow('503');
  });
});

it('mails through a mailbox need their permission before anything is deleted', async () => {
  const { deps } = await createWorld();
  const rowWith = async (invitationMail: 'microsoft' | 'mailbox') => {
    const settings = { ...deps.settings, invitationMail };
    const rows = await checkApp({ grants: [], refused: [] }, 'recreate', { ...deps, settings });
    return rows.find(({ id }) => id === 'app-permissions');
  };
  expect(await rowWith('microsoft')).toMatchObject({ ok: true });
  expect(await rowWith('mailbox')).toMatchObject({
    ok: false,
    severity: 'blocking',
    detail: expect.stringContaining('Mail.Send'),
  });
});

describe('Azure', () => {
  const kinds = ['azureRole', 'pimAzureRole', 'keyVaultPolicy'] as const;
  let world: AzureWorld;
  let deps: ActivityDeps;
  beforeEach(async () => {
    world = azureWorld();
    deps = { ...(await createWorld()).deps, azure: world.azure };
  });
  afterEach(() => world.close());

  const maras = async (): Promise<Grant[]> => {
    const grants = await Promise.all(kinds.map((kind) => accessKinds[kind].capture(guests.mara, world.outside)));
    return grants.flat();
  };

  /** The app's role assignments as given: scope and role of each. */
  const appHolds = (...held: (readonly [scope: string, role: string])[]): Promise<void> =>
    world.change((state) => {
      const rows = listOf(state, 'azureRoleAssignments') as { properties: Record<string, unknown> }[];
      const others = rows.filter(({ properties }) => properties['principalId'] !== APP_SERVICE_PRINCIPAL_ID);
      const own = held.map(([scope, role], n) => ({
        id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${numbered('b2000000', n)}`,
        name: numbered('b2000000', n),
        properties: { scope, principalId: APP_SERVICE_PRINCIPAL_ID, roleDefinitionId: `/roleDefinitions/${role}` },
      }));
      return { ...state, azureRoleAssignments: [...others, ...own] };
    });

  it('passes where the app may do all that this guest needs, with one look a scope', async () => {
    const grants = await maras();
    await world.control('DELETE', 'requests');
    const rows = await checkAzure(grants, [], deps);
    expect(rows).toMatchObject([{ id: 'azure-permissions', ok: true }]);
    const looks = (await world.requests()).filter(({ path }) => path.endsWith('/permissions'));
    const held = new Set([...grants.map(({ scope }) => scope), scopes.rootManagementGroup]);
    expect(looks).toHaveLength(held.size);
  });

  it.each([
    ['azureRole', azureRoles.keyVaultContributor, 'assign Azure roles at', 'Role Based Access Control Administrator'],
    ['pimAzureRole', azureRoles.rbacAdministrator, 'assign Azure roles in PIM at', 'User Access Administrator'],
    ['keyVaultPolicy', azureRoles.rbacAdministrator, 'write access policies at', 'Key Vault Contributor'],
  ] as const)(
    'blocks for the kind %s where the app may not write it, unless it is skipped',
    async (kind, role, what, fix) => {
      const grants = (await maras()).filter((grant) => grant.kind === kind);
      await appHolds([scopes.rootManagementGroup, role], [scopes.rootManagementGroup, azureRoles.reader]);
      const [row, ...more] = await checkAzure(grants, [], deps);
      expect(row).toMatchObject({ ok: false, severity: 'blocking' });
      expect(row?.detail).toContain(what);
      expect(row?.fix).toContain(`Assign "${fix}" to the app there, or skip the kind ${kind}.`);
      expect(more).toEqual([]);
      expect(await checkAzure(grants, [kind], deps)).toMatchObject([{ ok: true }]);
    },
  );

  it('warns where the app sees a scope and not what is in it, and where it cannot tidy up', async () => {
    const grants = (await maras()).filter(({ kind }) => kind === 'azureRole');
    await world.change((state) => ({
      ...state,
      azureRoleDefinitions: [
        ...listOf(state, 'azureRoleDefinitions'),
        {
          id: `/roleDefinitions/${numbered('c0500000', 7)}`,
          name: numbered('c0500000', 7),
          properties: {
            roleName: 'Assigner',
            permissions: [{ actions: ['*/read', 'Microsoft.Authorization/roleAssignments/write'] }],
          },
        },
      ],
    }));
    await appHolds(
      [scopes.plantsManagementGroup, numbered('c0500000', 7)],
      [scopes.rootManagementGroup, azureRoles.blobDataReader],
    );
    const [row] = await checkAzure(grants, [], deps);
    expect(row).toMatchObject({ ok: false, severity: 'warning' });
    expect(row?.detail).toContain('What the old guest leaves behind cannot be removed at');
    expect(row?.detail).toContain(
      `The app does not see everything of the kind azureRole, so it may not be captured, at: ${scopes.rootManagementGroup}.`,
    );
  });

  it('needs nothing for grants that are left to people', async () => {
    await appHolds([scopes.rootManagementGroup, azureRoles.reader]);
    const grants = (await maras()).map((grant) => ({ ...grant, instruction: 'by hand' }));
    expect(await checkAzure(grants, [], deps)).toMatchObject([{ ok: true }]);
  });

  it('warns an app that sees nothing, and asks nothing when all of Azure is skipped', async () => {
    await appHolds();
    expect(await checkAzure([], [], deps)).toMatchObject([{ ok: false, severity: 'warning' }]);
    await world.control('DELETE', 'requests');
    expect(await checkAzure([], kinds, deps)).toEqual([]);
    expect(await world.requests()).toEqual([]);
  });
});

it('a refusal at hundreds of Azure scopes still fits into the row', async () => {
  const { deps } = await createWorld();
  const grants = Array.from({ length: 300 }, (_, n): Grant => {
    const scope = `/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/${'long-name-'.repeat(8)}${n}`;
    return { kind: 'azureRole', key: scope, name: 'Reader', scope, data: {} };
  });
  const answer: Answer = ({ path }) => (path.startsWith('/subscriptions?') ? [{ id: '/subscriptions/s' }] : []);
  const [row] = await checkAzure(grants, [], { ...deps, azure: azureOf(answer) });
  expect(row).toMatchObject({ ok: false, severity: 'blocking' });
  expect(row?.detail).toContain('and 298 more');
  expect(row?.detail.length).toBeLessThan(2000);
});
