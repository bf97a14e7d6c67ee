import { conditionalAccess } from '../../../access/conditionalAccess';
import { permissionsToRestore, type Outside } from '../../../access/kind';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import { conditionalAccessPolicies, guests, staff } from '../../../local/tenant/seed/ids';
import { defaultPermissions } from '../../../local/tenant/store/settings';
import { graphOf, outsideOf, writesIn } from '../../support/recordedCalls';
import { tenantInProcess, type InProcess } from '../../support/tenantInProcess';

const { ines, mara, tomas } = guests;
const { guestsNeedMfa, blockPortal } = conditionalAccessPolicies;
const HOUR_MS = 3_600_000;
const mayRead = defaultPermissions.filter((permission) => permission !== 'Policy.ReadWrite.ConditionalAccess');
const mayChange = [...mayRead, 'Policy.ReadWrite.ConditionalAccess'];

interface Policy {
  id: string;
  modifiedDateTime: string | null;
  conditions: { users: { includeUsers: string[]; excludeUsers: string[] } };
}

let tenant: InProcess;
let outside: Outside;

beforeEach(async () => {
  tenant = tenantInProcess();
  outside = outsideOf({ graph: tenant.graph, azure: tenant.azure, rewriteConditionalAccess: true });
  await settings({ grantedPermissions: mayChange });
});
afterEach(() => tenant.close());

const settings = (change: object) => tenant.control('PUT', 'settings', change);
const faults = (...list: object[]) => tenant.control('PUT', 'faults', list);
const capture = (id: string) => conditionalAccess.capture(id, outside);
const restore = (grants: readonly Grant[], id = ines) => conditionalAccess.restore(grants, id, outside);
const resultsOf = async (grants: readonly Grant[]) => (await restore(grants)).map((one) => one.result);

async function policies(): Promise<Policy[]> {
  return ((await tenant.state()) as unknown as { conditionalAccessPolicies: Policy[] }).conditionalAccessPolicies;
}

async function usersOf(policyId: string): Promise<Policy['conditions']['users']> {
  const policy = (await policies()).find(({ id }) => id === policyId);
  if (policy === undefined) throw new Error('no such policy');
  return policy.conditions.users;
}

/** Changes a policy like an administrator in the portal. */
async function setUsers(policyId: string, change: Partial<Policy['conditions']['users']>): Promise<void> {
  const state = await tenant.state();
  const list = (state as unknown as { conditionalAccessPolicies: Policy[] }).conditionalAccessPolicies;
  Object.assign(list.find(({ id }) => id === policyId)?.conditions.users ?? {}, change);
  await tenant.control('PUT', 'state', state);
}

const patches = async (): Promise<number> =>
  (await tenant.requests()).filter(({ method, status }) => method === 'PATCH' && status < 300).length;

describe('capture', () => {
  it('finds the lists that name the guest, in one request', async () => {
    const grants = await capture(mara);
    expect(grants).toEqual([
      {
        kind: 'conditionalAccess',
        key: `${guestsNeedMfa}/exclude`,
        name: 'Guests need a second factor',
        data: { policyId: guestsNeedMfa, list: 'exclude', oldId: mara },
      },
      {
        kind: 'conditionalAccess',
        key: `${blockPortal}/include`,
        name: 'No portal away from the plant',
        data: { policyId: blockPortal, list: 'include', oldId: mara },
      },
    ]);
    expect(await tenant.requests()).toHaveLength(1);
    expect(await capture(ines)).toEqual([]);
  });

  it('without the rewrite each grant says what to do, names the policy and warns', async () => {
    outside = { ...outside, rewriteConditionalAccess: false };
    const grants = await capture(mara);
    const [exclusion, inclusion] = grants.map(({ instruction }) => instruction);
    expect(exclusion).toContain('"Guests need a second factor", under Users, Exclude');
    expect(exclusion).toContain('may be locked out');
    expect(inclusion).toContain('"No portal away from the plant", under Users, Include');
    expect(inclusion).toContain('gets by without what it demands');
    expect(permissionsToRestore(conditionalAccess, grants)).toEqual([]);
  });

  it('the rewrite needs three permissions', async () => {
    const needed = permissionsToRestore(conditionalAccess, await capture(mara)).map(({ anyOf }) => anyOf[0]);
    expect(needed).toEqual(['Policy.ReadWrite.ConditionalAccess', 'Policy.Read.All', 'Application.Read.All']);
  });

  it('a missing permission is thrown', async () => {
    await settings({ grantedPermissions: ['Directory.Read.All'] });
    await expect(capture(mara)).rejects.toMatchObject({ status: 403 });
  });
});

describe('the rewrite', () => {
  it('puts the new guest in the place of the old one and leaves everything else', async () => {
    const grants = await capture(mara);
    const before = await policies();
    expect(await restore(grants)).toEqual([
      { result: 'restored', detail: '' },
      { result: 'restored', detail: '' },
    ]);
    const text = JSON.stringify(before.map((policy) => ({ ...policy, modifiedDateTime: 0 })));
    const after = (await policies()).map((policy) => ({ ...policy, modifiedDateTime: 0 }));
    expect(JSON.stringify(after)).toBe(text.replaceAll(mara, ines));
    expect(compareAccess(grants, await capture(ines))).toEqual({ equal: 2, missing: [], extra: [] });
    // A policy that does not name the guest was not touched.
    expect((await policies()).filter(({ modifiedDateTime }) => modifiedDateTime !== null)).toHaveLength(2);
  });

  it('run again it finds the new guest and writes nothing', async () => {
    const grants = await capture(mara);
    await restore(grants);
    expect(await resultsOf(grants)).toEqual(['alreadyPresent', 'alreadyPresent']);
    expect(await patches()).toBe(2);
  });

  it('an answer that was lost is found as done', async () => {
    const grants = await capture(mara);
    await faults({ method: 'PATCH', path: guestsNeedMfa, kind: 'lostAck' });
    const [lost] = await restore(grants);
    expect(lost).toMatchObject({ result: 'retry', detail: expect.stringContaining('Guests need a second factor') });
    expect(await resultsOf(grants)).toEqual(['alreadyPresent', 'alreadyPresent']);
    expect((await usersOf(guestsNeedMfa)).excludeUsers).toEqual([staff.secondAdministrator, ines]);
  });

  it('a policy that somebody changed meanwhile is left as it is', async () => {
    const grants = await capture(mara);
    await setUsers(blockPortal, { includeUsers: [tomas] });
    const [, changed] = await restore(grants);
    expect(changed).toMatchObject({ result: 'manual', detail: expect.stringContaining('under Include any more') });
    expect((await usersOf(blockPortal)).includeUsers).toEqual([tomas]);
    expect(await patches()).toBe(1);
  });

  it('keeps what others added to the policy since the capture', async () => {
    const grants = await capture(mara);
    await setUsers(guestsNeedMfa, { excludeUsers: [staff.secondAdministrator, mara, tomas] });
    expect(await resultsOf(grants)).toEqual(['restored', 'restored']);
    expect((await usersOf(guestsNeedMfa)).excludeUsers).toEqual([staff.secondAdministrator, ines, tomas]);
  });

  it('where somebody added the new guest by hand, the stale id goes', async () => {
    const grants = await capture(mara);
    await setUsers(guestsNeedMfa, { excludeUsers: [mara, staff.secondAdministrator, ines] });
    expect(await resultsOf(grants)).toEqual(['alreadyPresent', 'restored']);
    expect((await usersOf(guestsNeedMfa)).excludeUsers).toEqual([ines, staff.secondAdministrator]);
  });

  it('both lists of a policy are one change', async () => {
    await setUsers(blockPortal, { excludeUsers: [mara] });
    const grants = (await capture(mara)).filter(({ key }) => key.startsWith(blockPortal));
    expect(await resultsOf(grants)).toEqual(['restored', 'restored']);
    expect(await usersOf(blockPortal)).toMatchObject({ includeUsers: [ines, tomas], excludeUsers: [ines] });
    expect(await patches()).toBe(1);
  });

  it('a list alone never brings the old id back into the other one', async () => {
    await setUsers(blockPortal, { excludeUsers: [mara] });
    const [first, second] = (await capture(mara)).filter(({ key }) => key.startsWith(blockPortal));
    expect(await resultsOf(first === undefined ? [] : [first])).toEqual(['restored']);
    expect(await usersOf(blockPortal)).toMatchObject({ includeUsers: [ines, tomas], excludeUsers: [ines] });
    expect(await resultsOf(second === undefined ? [] : [second])).toEqual(['alreadyPresent']);
  });

  it('a policy that is gone needs nothing', async () => {
    const grants = await capture(mara);
    const state = await tenant.state();
    const list = state as unknown as { conditionalAccessPolicies: Policy[] };
    list.conditionalAccessPolicies = list.conditionalAccessPolicies.filter(({ id }) => id !== blockPortal);
    await tenant.control('PUT', 'state', state);
    const [, gone] = await restore(grants);
    expect(gone).toMatchObject({ result: 'manual', detail: expect.stringContaining('does not exist any more') });
  });

  it('a new guest that is not known everywhere is tried again', async () => {
    const grants = await capture(mara);
    await settings({ replicationMs: HOUR_MS });
    const invited = (await tenant.graph.write('POST', '/invitations', {
      invitedUserEmailAddress: 'mara@outlook.example',
      inviteRedirectUrl: 'https://portal.example/',
    })) as { invitedUser: { id: string } };
    const attempts = await restore(grants, invited.invitedUser.id);
    expect(attempts.map(({ result }) => result)).toEqual(['retry', 'retry']);
    await tenant.control('POST', 'clock', { advanceMs: HOUR_MS + 1 });
    const later = await restore(grants, invited.invitedUser.id);
    expect(later.map(({ result }) => result)).toEqual(['restored', 'restored']);
  });

  it('a refusal says what to do by hand, in no words of the service', async () => {
    const grants = await capture(mara);
    await settings({ grantedPermissions: mayRead });
    const attempts = await restore(grants);
    expect(attempts.map(({ result }) => result)).toEqual(['failed', 'failed']);
    expect(attempts[0]?.detail).toContain('under Users, Exclude, replace the old guest');
    expect(attempts[0]?.detail).toContain('403');
    expect(JSON.stringify(attempts)).not.toContain('Insufficient privileges');
  });

  it('gets through the limit of one request a second', async () => {
    const grants = await capture(mara);
    await settings({ throttling: 'microsoft' });
    expect(await resultsOf(grants)).toEqual(['restored', 'restored']);
    expect((await tenant.requests()).filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  }, 20_000);

  it('is tried again later where the limit is used up by others', async () => {
    const grants = await capture(mara);
    await faults({ method: 'PATCH', path: 'conditionalAccess', times: 99, kind: 'status', status: 429 });
    expect((await restore(grants.slice(0, 1))).map(({ result }) => result)).toEqual(['retry']);
    expect(await patches()).toBe(0);
  }, 20_000);

  it('switched off since the capture it writes nothing and says what to do', async () => {
    const grants = await capture(mara);
    const graph = graphOf(() => undefined);
    const attempts = await conditionalAccess.restore(grants, ines, outsideOf({ graph }));
    expect(attempts.map(({ result }) => result)).toEqual(['manual', 'manual']);
    expect(attempts[1]?.detail).toContain('under Users, Include');
    expect(writesIn(graph.calls)).toEqual([]);
  });

  it('refuses a grant whose data is not what was captured', async () => {
    const [grant] = await capture(mara);
    if (grant === undefined) throw new Error('nothing captured');
    await expect(restore([{ ...grant, data: { ...grant.data, oldId: 'All' } }])).rejects.toThrow();
    expect(await patches()).toBe(0);
  });
});
