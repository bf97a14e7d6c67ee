import { parse } from 'csv-parse/sync';
import type { Report } from '../../domain/migration';
import { demoGuest, workGuests } from '../support/demoGuest';
import { LocalStack, until, type TenantState } from '../support/localStack';
import { accessOf, tenantView } from '../support/tenantView';

const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start();
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant());

/** The guest of the seed who holds most, in a tenant changed as asked. */
async function prepared(
  change: (state: TenantState, guest: TenantState['users'][number]) => void,
): Promise<{ guest: ReturnType<typeof demoGuest>; state: TenantState }> {
  const guest = demoGuest(await stack.state());
  await stack.freshTenant((state) => {
    const user = state.users.find(({ id }) => id === guest.id);
    if (user === undefined) throw new Error('the seed has changed');
    change(state, user);
  });
  return { guest, state: await stack.state() };
}

async function expectUntouched(state: TenantState): Promise<void> {
  expect(tenantView(await stack.state(), null)).toEqual(tenantView(state, null));
}

async function reportOf(id: string): Promise<Report> {
  return (await stack.api('GET', `/migrations/${id}/report`)).json as Report;
}

describe('nobody is deleted who could not be brought back', () => {
  it('the only Global Administrator is rejected also when the caller skips directory roles', async () => {
    const { guest, state } = await prepared((tenant, user) => {
      tenant.roleAssignments = tenant.roleAssignments.filter((row) => row.roleDefinitionId !== GLOBAL_ADMINISTRATOR);
      tenant.roleAssignments.push({
        id: 'only-administrator',
        principalId: user.id,
        roleDefinitionId: GLOBAL_ADMINISTRATOR,
        directoryScopeId: '/',
      });
    });
    const { id } = await stack.begin({
      guest: guest.id,
      inviteEmail: guest.personal,
      skipAccess: ['directoryRole'],
    });
    const ended = await stack.ended(id);
    expect(ended.checks.filter((row) => !row.ok && row.severity === 'blocking').map((row) => row.id)).toEqual([
      'not-last-global-administrator',
    ]);
    await expectUntouched(state);
  });

  it.each([
    ['is the sign-in name of a member without a mailbox', 'nadia@login.example', 'invite-address-free'],
    ['is in a domain of the directory', undefined, 'invite-address-usable'],
  ])('an address that %s is refused before anything is touched', async (_name, address, check) => {
    const { guest, state } = await prepared((tenant, user) => {
      const member = tenant.users.find((one) => one.userType === 'Member' && one.id !== user.id);
      Object.assign(member ?? {}, { userPrincipalName: 'nadia@login.example', mail: null, proxyAddresses: [] });
    });
    const domains = (state['organization'] as { verifiedDomains: { name: string }[] }).verifiedDomains;
    const inviteEmail = address ?? `somebody.new@${domains[0]?.name ?? ''}`;
    const ended = await stack.ended((await stack.begin({ guest: guest.id, inviteEmail })).id);
    expect(ended).toMatchObject({ outcome: 'rejected', error: { detail: `Failed: ${check}.` } });
    await expectUntouched(state);
  });

  it('a second guest for an address that is being invited is rejected: two guests would become one', async () => {
    const { guest, state } = await prepared(() => undefined);
    const second = workGuests(state).find(({ id }) => id !== guest.id);
    const first = await stack.begin({ guest: guest.id, inviteEmail: guest.personal });
    const waiting = await stack.waiting(first.id);
    const rejected = await stack.begin({ guest: second?.id, inviteEmail: guest.personal.toUpperCase() });
    expect(await stack.ended(rejected.id)).toMatchObject({
      outcome: 'rejected',
      error: { detail: 'Failed: invite-address-free.' },
    });
    await stack.redeem(String(waiting.guest.newId));
    expect(await stack.ended(first.id)).toMatchObject({ outcome: 'completedWithGaps' });
    const after = await stack.state();
    expect(after.users.some(({ id }) => id === second?.id)).toBe(true);
    expect(accessOf(after, String(second?.id))).toEqual(accessOf(state, String(second?.id)));
  });
});

it('a sponsor who is gone by the time of the invitation does not cost the guest the invitation', async () => {
  // The worst case: the guest is the sponsor, and is purged.
  const { guest } = await prepared((_tenant, user) => Object.assign(user, { sponsors: [user.id] }));
  const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal });
  expect(ended).toMatchObject({ status: 'Succeeded', guest: { oldId: guest.id } });
  const sent = (await stack.requests()).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/invitations'),
  );
  expect(sent.map(({ status }) => status)).toEqual([404, 201]);
});

it('a purge that is tried and never arrives does not leave the guest of a stopped run in the recycle bin', async () => {
  const { guest, state } = await prepared(() => undefined);
  const purge = `/directory/deletedItems/${guest.id}$`;
  await stack.faults([{ method: 'DELETE', path: purge, kind: 'status', status: 503, times: 1000 }]);
  const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal });
  await until('the purge to be tried', async () =>
    (await stack.requests()).some((one) => one.method === 'DELETE' && new RegExp(purge).test(one.path)),
  );
  expect((await stack.host('POST', `/runtime/durable/instances/${id}/terminate?reason=test`)).status).toBe(202);
  await until('the sweeper to end it', async () => {
    await stack.advance(60_000);
    return (await stack.migration(id)).phase === 'ended';
  });
  expect(await stack.migration(id)).toMatchObject({ error: { code: 'engine-stopped' } });
  await expectUntouched(state);
});

it('names of every spelling, and hundreds of grants, come through whole; none becomes a formula', async () => {
  const names = ['=1+1', '+SUM(A1)', '-2', '@cmd', '\t=2', 'a, "b";\r\nc', '😀 Ünï\u0007çödé', "o'hara's", '  '];
  const many = Array.from({ length: 300 }, (_, n) => `Many ${n}`);
  const { guest } = await prepared((tenant, user) => {
    const template = tenant.groups.find(
      (group) => group['isAssignableToRole'] !== true && group['membershipRule'] === undefined,
    );
    [...names, ...many].forEach((displayName, n) => {
      tenant.groups.push({
        ...structuredClone(template),
        id: `6a000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
        displayName,
        mail: null,
        mailNickname: `hostile${n}`,
        groupTypes: [],
        securityEnabled: true,
        mailEnabled: false,
        onPremisesSyncEnabled: null,
        members: [user.id],
        owners: [],
      });
    });
  });
  const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal });
  const { captured, restored, alreadyPresent, manual, failed } = ended.access;
  expect(captured).toBeGreaterThan(names.length + many.length);
  expect(restored + alreadyPresent + manual + failed).toBe(captured);
  expect(failed).toBe(0);
  const rows = (await reportOf(ended.id)).grants.filter((row) => row.key.startsWith('6a000000'));
  expect(rows.map((row) => row.name).sort()).toEqual([...names, ...many].sort());
  const csv = (await stack.api('GET', `/migrations/${ended.id}/report?format=csv`)).text;
  const cells = parse<Record<string, string>>(csv, { columns: true, record_delimiter: '\r\n' });
  expect(cells).toHaveLength(captured);
  expect(cells.flatMap((row) => Object.values(row)).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  const history = await stack.history(ended.id);
  const parts = history.map((event) => JSON.stringify(event).length);
  expect(Math.max(...parts)).toBeLessThan(16 * 1024);
  process.stdout.write(`history of ${captured} grants: ${history.length} events\n`);
}, 60_000);
