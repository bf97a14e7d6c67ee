import { checkAddress } from '../../../activities/checks/addressChecks';
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
