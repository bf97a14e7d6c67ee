import { conditionalAccess } from '../../../access/conditionalAccess';
import { createActivities } from '../../../activities';
import type { ActivityDeps } from '../../../activities/activity';
import { reservationOf } from '../../../activities/locks';
import { conditionalAccessPolicies, guests, staff } from '../../../local/tenant/seed/ids';
import { defaultPermissions } from '../../../local/tenant/store/settings';
import { createWorld, membership, MIGRATION_ID } from '../../support/activityWorld';
import { outsideOf } from '../../support/recordedCalls';
import { tenantInProcess, type InProcess } from '../../support/tenantInProcess';

/** Pavel was invited and has not accepted; Jonas signs in with a personal account. */
const { mara: OLD_ID, pavel: INVITED, jonas: REDEEMED, tomas } = guests;
const { guestsNeedMfa, blockPortal } = conditionalAccessPolicies;
const settled = { ok: true, value: { retry: false, afterSeconds: 0 } };
const refuseChanges = { method: 'PATCH', path: 'conditionalAccess', times: 9, kind: 'status' };
const lockId = reservationOf(`conditionalAccess/${guestsNeedMfa}`);

let tenant: InProcess;

beforeEach(async () => {
  tenant = tenantInProcess();
  const grantedPermissions = [...defaultPermissions, 'Policy.ReadWrite.ConditionalAccess'];
  await tenant.control('PUT', 'settings', { grantedPermissions });
});
afterEach(() => tenant.close());

const faults = (...list: object[]) => tenant.control('PUT', 'faults', list);

/** Users conditions of the two policies that name the old guest. */
async function policies(): Promise<{ excluded: string[]; included: string[] }> {
  const state = (await tenant.state()) as unknown as {
    conditionalAccessPolicies: { id: string; conditions: { users: Record<string, string[]> } }[];
  };
  const usersOf = (wanted: string) =>
    state.conditionalAccessPolicies.find(({ id }) => id === wanted)?.conditions.users ?? {};
  return {
    excluded: usersOf(guestsNeedMfa)['excludeUsers'] ?? [],
    included: usersOf(blockPortal)['includeUsers'] ?? [],
  };
}

const asTheyWere = { excluded: [staff.secondAdministrator, OLD_ID], included: [OLD_ID, tomas] };
const rewrittenFor = (id: string) => ({ excluded: [staff.secondAdministrator, id], included: [id, tomas] });

/** A migration whose guest was just invited: two grants of policies and a membership, over the simulated tenant. */
async function invited({ newId = INVITED, captured = true, now = true }: Partial<Invited> = {}) {
  const outside = outsideOf({ graph: tenant.graph, azure: tenant.azure, rewriteConditionalAccess: captured });
  const grants = await conditionalAccess.capture(OLD_ID, outside);
  const world = await createWorld({ guest: { oldId: OLD_ID, newId, displayName: null } });
  const account = { displayName: 'Mara', userPrincipalName: 'mara', mail: null, preferredLanguage: null };
  const guest = { id: OLD_ID, ...account, createdDateTime: null, identities: [] };
  const snapshotHash = await world.storeSnapshot({ guest, grants: [...grants, membership] });
  const deps: ActivityDeps = {
    ...world.deps,
    graph: tenant.graph,
    azure: tenant.azure,
    settings: { ...world.deps.settings, rewriteConditionalAccess: now },
  };
  const activities = createActivities(deps);
  const log = { info: () => undefined, warn: () => undefined };
  const input = { migrationId: MIGRATION_ID, newId, snapshotHash };
  await tenant.control('DELETE', 'requests');
  return {
    world,
    rewrite: (change: object = {}) => activities.rewriteConditionalAccess({ ...input, ...change }, log),
    restore: () => activities.restoreGrants({ ...input, indexes: [0, 1], lastTry: false }, log),
    results: () => world.records.readGrantResults(MIGRATION_ID),
  };
}

interface Invited {
  newId: string;
  /** Whether the rewrite was on when the guest was captured, and whether it is on now. */
  captured: boolean;
  now: boolean;
}

const writes = async (): Promise<string[]> =>
  (await tenant.requests()).filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('before the guest can sign in', () => {
  it('the policies name the new guest, and nothing else is restored', async () => {
    const { world, rewrite, results } = await invited();
    expect(await rewrite()).toEqual(settled);
    expect(await policies()).toEqual(rewrittenFor(INVITED));
    expect(await writes()).toEqual([
      `PATCH /v1.0/identity/conditionalAccess/policies/${guestsNeedMfa}`,
      `PATCH /v1.0/identity/conditionalAccess/policies/${blockPortal}`,
    ]);
    expect((await results()).map(({ index, result }) => [index, result])).toEqual([
      [0, 'restored'],
      [1, 'restored'],
    ]);
    expect(world.row().access).toMatchObject({ captured: 3, restored: 2 });
  });

  it('every change of a policy stands in the audit log, before and after, and nobody is left out', async () => {
    const { world, rewrite } = await invited();
    await rewrite();
    const entries = world.records.auditLog.map(({ by, action, stage, targetId, detail }) => [
      `${by} ${action} ${stage} ${targetId}`,
      detail,
    ]);
    expect(entries).toEqual([
      [`app rewriteConditionalAccess before ${guestsNeedMfa}`, ''],
      [`app rewriteConditionalAccess after ${guestsNeedMfa}`, 'restored'],
      [`app rewriteConditionalAccess before ${blockPortal}`, ''],
      [`app rewriteConditionalAccess after ${blockPortal}`, 'restored'],
    ]);
  });

  it('a second run finds the results and asks for nothing', async () => {
    const { rewrite } = await invited();
    await rewrite();
    await tenant.control('DELETE', 'requests');
    expect(await rewrite()).toEqual(settled);
    expect(await tenant.requests()).toEqual([]);
  });

  it('an answer that was lost is asked for again and found as done', async () => {
    const { rewrite, results } = await invited();
    await faults({ ...refuseChanges, path: guestsNeedMfa, times: 1, kind: 'lostAck' });
    expect(await rewrite()).toEqual({ ok: true, value: { retry: true, afterSeconds: 0 } });
    expect((await results()).map(({ index }) => index)).toEqual([1]);
    expect(await rewrite()).toEqual(settled);
    expect((await results()).map(({ result }) => result).sort()).toEqual(['alreadyPresent', 'restored']);
    expect(await policies()).toEqual(rewrittenFor(INVITED));
  });

  it('a refusal is left to the restore phase, where it may have been mended', async () => {
    const { rewrite, restore, results } = await invited({ newId: REDEEMED });
    await faults({ ...refuseChanges, status: 403 });
    expect(await rewrite()).toEqual(settled);
    expect(await results()).toEqual([]);
    await faults();
    expect(await restore()).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect((await results()).map(({ result }) => result)).toEqual(['restored', 'restored']);
    expect(await policies()).toEqual(rewrittenFor(REDEEMED));
  });

  it('what is done is left alone by the restore phase', async () => {
    const { rewrite, restore, results } = await invited({ newId: REDEEMED });
    await rewrite();
    const before = await results();
    await tenant.control('DELETE', 'requests');
    expect(await restore()).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect(await writes()).toEqual([]);
    expect(await results()).toEqual(before);
  });
});

describe('where the rewrite is off', () => {
  it('a guest who was captured without it gets nothing: people are told', async () => {
    const { rewrite, results } = await invited({ captured: false });
    expect(await rewrite()).toEqual(settled);
    expect(await results()).toEqual([]);
    expect(await tenant.requests()).toEqual([]);
  });

  it('switched off since the capture, neither this step nor the restore changes a policy', async () => {
    const { world, rewrite, restore, results } = await invited({ newId: REDEEMED, now: false });
    expect(await rewrite()).toEqual(settled);
    expect(await results()).toEqual([]);
    expect(await restore()).toEqual({ ok: true, value: { retry: [], afterSeconds: 0 } });
    expect((await results()).map(({ result }) => result)).toEqual(['manual', 'manual']);
    expect(await policies()).toEqual(asTheyWere);
    expect(world.records.auditLog).toEqual([]);
  });
});

describe('ids that are not those of this migration never reach a policy (invariant 8)', () => {
  it('a foreign guest, and a migration that has ended', async () => {
    const { world, rewrite } = await invited();
    await expect(rewrite({ newId: guests.ines })).rejects.toThrow('rewriteConditionalAccess: unexpected Error');
    await world.records.updateMigration(MIGRATION_ID, { phase: 'ended' });
    await expect(rewrite()).rejects.toThrow('rewriteConditionalAccess: unexpected Error');
    expect(await tenant.requests()).toEqual([]);
  });

  it('the old guest, even if the row says it is the new one', async () => {
    const { rewrite } = await invited({ newId: OLD_ID });
    await expect(rewrite()).rejects.toThrow('rewriteConditionalAccess: unexpected Error');
    expect(await tenant.requests()).toEqual([]);
  });

  it('a snapshot with another hash', async () => {
    const { rewrite } = await invited();
    expect(await rewrite({ snapshotHash: '0'.repeat(64) })).toMatchObject({ failure: { code: 'snapshot-unverified' } });
    expect(await policies()).toEqual(asTheyWere);
  });
});

describe('two migrations that change one policy', () => {
  it('who comes second tries again, and does not touch the policy meanwhile', async () => {
    const { world, rewrite, results } = await invited();
    const lock = { guestId: lockId, migrationId: 'm-other', lockedAt: world.deps.clock.now().toISOString() };
    await world.records.lockGuest(lock);
    expect(await rewrite()).toEqual({ ok: true, value: { retry: true, afterSeconds: 5 } });
    expect(await policies()).toEqual({ ...rewrittenFor(INVITED), excluded: asTheyWere.excluded });
    expect((await results()).map(({ index }) => index)).toEqual([1]);
    expect(world.records.locks.get(lockId)?.migrationId).toBe('m-other');
    await world.records.releaseGuest(lockId, 'm-other');
    expect(await rewrite()).toEqual(settled);
    expect(await policies()).toEqual(rewrittenFor(INVITED));
  });

  it('the lock is given back, also after a failure, and taken from who died with it', async () => {
    const { world, rewrite } = await invited();
    const lock = { guestId: lockId, migrationId: 'm-other', lockedAt: world.deps.clock.now().toISOString() };
    await world.records.lockGuest(lock);
    world.advanceSeconds(601);
    await faults({ ...refuseChanges, status: 500 });
    expect(await rewrite()).toMatchObject({ ok: true, value: { retry: true } });
    expect([...world.records.locks.keys()]).not.toContain(lockId);
    await faults();
    expect(await rewrite()).toEqual(settled);
    expect(await policies()).toEqual(rewrittenFor(INVITED));
  });
});
