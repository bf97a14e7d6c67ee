import { guests } from '../../local/tenant/seed/ids';
import { roleTemplates } from '../../local/tenant/directory/roles';
import { isWrite } from '../support/requestLog';
import { switchInProcess, type SwitchOptions, type Switched } from '../support/switchInProcess';
import type { InProcess } from '../support/tenantInProcess';
import { everybodyElse, wholeTenant } from '../support/wholeTenant';

const DAY_MS = 86_400_000;
const open: Switched[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((run) => run.close()));
});

async function reset(options: Partial<SwitchOptions> = {}): Promise<Switched> {
  const run = await switchInProcess({ guestId: guests.tomas, strategy: 'reset', ...options });
  open.push(run);
  return run;
}

/** The same in all runs, which are compared. */
const weekEnd = new Date(Math.ceil(Date.now() / DAY_MS + 7) * DAY_MS).toISOString();

/** Gives the guest a lasting role, and one for a week through PIM. */
async function giveRoles(tenant: InProcess): Promise<void> {
  const { graph } = tenant;
  const of = { principalId: guests.tomas, directoryScopeId: '/' };
  const lasting = { ...of, roleDefinitionId: roleTemplates.userAdministrator };
  await graph.write('POST', '/roleManagement/directory/roleAssignments', lasting);
  await graph.write('POST', '/roleManagement/directory/roleAssignmentScheduleRequests', {
    ...of,
    action: 'adminAssign',
    justification: 'for a week',
    roleDefinitionId: roleTemplates.guestInviter,
    scheduleInfo: {
      startDateTime: new Date(tenant.tenant.clock.now()).toISOString(),
      expiration: { type: 'afterDateTime', endDateTime: weekEnd },
    },
  });
  tenant.catchUp();
}

/** What the tenant holds, without what every reset changes: the account's addresses and identities. */
const comparable = (state: Switched['after']) => wholeTenant(state, guests.tomas);
const user = (state: Switched['after']) => state.users.find(({ id }) => id === guests.tomas);
const rolesOf = (state: Switched['after']): string[] =>
  (state['roleAssignments'] as { principalId: string; roleDefinitionId: string }[])
    .filter(({ principalId }) => principalId === guests.tomas)
    .map(({ roleDefinitionId }) => roleDefinitionId)
    .sort();

describe('a reset', () => {
  it('without roles: the same object, nothing deleted, nothing lost, another identity', async () => {
    const run = await reset();
    expect(run.record).toMatchObject({ outcome: 'completed', strategy: 'reset', error: null });
    expect(run.record.guest.newId).toBe(guests.tomas);
    expect(user(run.after)?.identities).toEqual(
      expect.arrayContaining([expect.objectContaining({ issuer: 'MicrosoftAccount' })]),
    );
    const { captured, restored, alreadyPresent, manual, failed } = run.record.access;
    expect(captured).toBe(restored + alreadyPresent + manual + failed);
    expect({ restored, failed }).toEqual({ restored: 0, failed: 0 });
    expect(run.record.comparison).toMatchObject({ missing: [], extra: [] });
    expect(run.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect(everybodyElse(run.after, [guests.tomas])).toEqual(everybodyElse(run.before, [guests.tomas]));
  });

  it('with roles: they are away while the guest has to accept, and back afterwards', async () => {
    const seen: string[][] = [];
    const run = await reset({
      prepare: giveRoles,
      meanwhile: async (tenant) => {
        seen.push(rolesOf(await tenant.state()));
      },
    });
    expect(run.record).toMatchObject({ outcome: 'completed', error: null, access: { failed: 0, restored: 2 } });
    expect(rolesOf(run.before)).toHaveLength(2);
    expect(seen).toEqual([[]]);
    expect(rolesOf(run.after)).toEqual(rolesOf(run.before));
    expect(everybodyElse(run.after, [guests.tomas])).toEqual(everybodyElse(run.before, [guests.tomas]));
  });

  it('that the directory refuses for good is undone: roles and addresses are as before', async () => {
    const run = await reset({
      prepare: async (tenant) => {
        await giveRoles(tenant);
        const refusal = { code: 'Forbidden', message: 'Generic authorization exception.' };
        const fault = { method: 'POST', path: '^/v1.0/invitations$', times: 200, kind: 'status', status: 403 };
        await tenant.control('PUT', 'faults', [{ ...fault, body: { error: refusal } }]);
      },
    });
    expect(run.record).toMatchObject({ outcome: 'failed', error: { code: 'reset-refused' }, resetAttemptedAt: null });
    expect(rolesOf(run.after)).toEqual(rolesOf(run.before));
    expect(user(run.after)).toEqual(user(run.before));
  });

  it('that meets a block of all invitations is undone: nobody waits for months without roles', async () => {
    const run = await reset({
      prepare: async (tenant) => {
        await giveRoles(tenant);
        await tenant.control('PUT', 'settings', { invitationsBlocked: true });
      },
    });
    expect(run.record).toMatchObject({ outcome: 'rejected', error: { code: 'invitations-blocked' } });
    expect(rolesOf(run.after)).toEqual(rolesOf(run.before));
    expect(user(run.after)).toEqual(user(run.before));
  });

  it('of a guest in a role-assignable group is refused before anything is touched', async () => {
    const run = await reset({ guestId: guests.mara });
    expect(run.record).toMatchObject({ outcome: 'rejected', error: { code: 'preflight-failed' } });
    expect(run.requests.filter(isWrite)).toEqual([]);
  });

  it('keeps a wrong account from the roles', async () => {
    const run = await reset({ prepare: giveRoles, account: 'work', endAt: 'needsOperator' });
    expect(run.record.phase).toBe('needsOperator');
    expect(rolesOf(run.after)).toEqual([]);
    expect(run.record.invitation?.rounds).toBe(3);
  });
});

describe('auto', () => {
  it('resets a guest whom a reset suits, and the report says why', async () => {
    const run = await reset({ strategy: 'auto', prepare: giveRolesThatLast });
    expect(run.record).toMatchObject({ outcome: 'completed', strategy: 'reset' });
    expect(run.report.recommendation?.reason).toContain('taken away until the guest has accepted');
  });

  it('recreates a guest whom Graph may refuse to reset, and the report says why', async () => {
    const run = await reset({ strategy: 'auto', prepare: giveRoles });
    expect(run.record).toMatchObject({ strategy: 'recreate', error: null });
    expect(run.record.guest.newId).not.toBe(guests.tomas);
    expect(run.report.recommendation?.reason).toContain('directory roles in PIM');
  });
});

async function giveRolesThatLast({ graph }: InProcess): Promise<void> {
  const lasting = { principalId: guests.tomas, directoryScopeId: '/', roleDefinitionId: roleTemplates.guestInviter };
  await graph.write('POST', '/roleManagement/directory/roleAssignments', lasting);
}

it('the answer of each write of a reset with roles is lost in turn: nothing happens twice (invariant 6)', async () => {
  const undisturbed = await reset({ prepare: giveRoles });
  const expected = comparable(undisturbed.after);
  const places = undisturbed.requests.filter(isWrite);
  expect(places.length).toBeGreaterThan(5);
  const seen = new Map<string, number>();
  for (const { method, path } of places) {
    const skip = seen.get(`${method} ${path}`) ?? 0;
    seen.set(`${method} ${path}`, skip + 1);
    const pattern = path.replaceAll(/[.$()+]/g, String.raw`\$&`).replace(/roleAssignments\/.*/, 'roleAssignments/.*');
    const disturbed = await reset({
      prepare: async (tenant) => {
        await giveRoles(tenant);
        await tenant.control('PUT', 'faults', [{ method, path: `^${pattern}$`, skip, kind: 'lostAck' }]);
      },
    });
    expect(disturbed.tenant.tenant.faults.list()).toEqual([]);
    expect(disturbed.record).toMatchObject({ outcome: 'completed', error: null });
    expect(comparable(disturbed.after)).toEqual(expected);
  }
  process.stdout.write(`answers of a reset lost in turn: ${places.length}\n`);
});
