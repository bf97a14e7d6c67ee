import { checkAddress } from '../../../activities/checks/addressChecks';
import { checkApp } from '../../../activities/checks/appChecks';
import { checkAzure } from '../../../activities/checks/azureChecks';
import { checkGuest, GLOBAL_ADMINISTRATOR, type GuestToCheck } from '../../../activities/checks/guestChecks';
import type { Grant } from '../../../domain/grants';
import { createWorld, INVITED_ADDRESS, MIGRATION_ID, OLD_ID, oldGuest } from '../../support/activityWorld';
import { azureOf, graphOf, refusal, type Answer } from '../../support/recordedCalls';

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
    const rows = await checkApp({ grants, refused: [] }, { ...deps, graph: graphOf(answer) });
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

it('a refusal at hundreds of Azure scopes still fits into the row', async () => {
  const { deps } = await createWorld();
  const grants = Array.from({ length: 300 }, (_, n): Grant => {
    const scope = `/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/${'long-name-'.repeat(8)}${n}`;
    return { kind: 'azureRole', key: scope, name: 'Reader', scope, data: {} };
  });
  const answer: Answer = ({ path }) => (path.startsWith('/subscriptions?') ? [{ id: '/subscriptions/s' }] : []);
  const [row] = await checkAzure(grants, [], { ...deps, azure: azureOf(answer) });
  expect(row).toMatchObject({ ok: false, severity: 'blocking' });
  expect(row?.detail).toContain('and 290 more');
  expect(row?.detail.length).toBeLessThan(2000);
});
