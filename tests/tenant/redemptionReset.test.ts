import { groups, guests } from '../../local/tenant/seed/ids';
import { TestTenant, Webhook, until, type Answer, type Json } from './support';

const { mara, ines, tomas, pavel } = guests;
const READER = '4a5d8f65-41da-4de4-8968-e035b65339cf';
const PRIVATE = 'ines@outlook.example';
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const patch = async (id: string, changes: object) => (await tenant.graph('PATCH', `/users/${id}`, changes)).status;
const reset = (id: string, address: string) => tenant.invite(address, { resetRedemption: true, invitedUser: { id } });
const userOf = async (id: string): Promise<Json> => (await tenant.state()).users.find((one: Json) => one.id === id);
const urlOf = ({ body }: Answer) => new URL(body.inviteRedeemUrl as string);
const open = (url: URL) => tenant.send('GET', url.pathname + url.search);
const choose = (url: URL, account: string) => {
  const fields = new URLSearchParams({ ...Object.fromEntries(url.searchParams), account });
  return tenant.send('POST', '/redeem/', fields.toString(), { 'content-type': 'application/x-www-form-urlencoded' });
};

describe('a reset', () => {
  test.each([
    ['accepted', ines],
    ['pending', pavel],
  ])('of a guest who is %s keeps id, name and access, and hears as a change', async (_what, id) => {
    const webhook = new Webhook();
    try {
      await tenant.graph('POST', '/subscriptions', {
        changeType: 'updated',
        notificationUrl: await webhook.start(),
        resource: '/users',
        expirationDateTime: new Date(Date.now() + 3_600_000).toISOString(),
      });
      await tenant.addMember(groups.finance, id);
      const before = await userOf(id);
      expect(await patch(id, { otherMails: [PRIVATE] })).toBe(204);
      const answer = await reset(id, PRIVATE);
      expect(answer).toMatchObject({ status: 201, body: { status: 'PendingAcceptance', invitedUser: { id } } });
      const after = await userOf(id);
      expect(after).toMatchObject({
        userPrincipalName: before.userPrincipalName,
        mail: before.mail,
        otherMails: [PRIVATE],
        externalUserState: 'PendingAcceptance',
        identities: [{ signInType: 'userPrincipalName', issuer: 'fjellbekk.onmicrosoft.com' }],
      });
      expect(after.identities).toHaveLength(1);
      const members = (await tenant.graph('GET', `/groups/${groups.finance}/members?$select=id`)).body.value;
      expect(members.map((member: Json) => member.id)).toContain(id);
      await until('the changes', () => webhook.notifications.length >= 2);
      expect(webhook.notifications.map((one) => [one.changeType, one.resourceData.id])).toEqual([
        ['updated', id],
        ['updated', id],
      ]);
    } finally {
      await webhook.stop();
    }
  });

  test('needs the address on mail or otherMails: one that is left in proxyAddresses alone does not count', async () => {
    expect(await patch(ines, { mail: PRIVATE, otherMails: [] })).toBe(204);
    expect((await userOf(ines)).proxyAddresses).toEqual([`SMTP:${PRIVATE}`, 'smtp:ines.duarte@lusomed.example']);
    expect((await reset(ines, 'ines.duarte@lusomed.example')).status).toBe(400);
    expect((await reset(ines, PRIVATE.toUpperCase())).status).toBe(201);
    expect(await patch(ines, { mail: null })).toBe(400);
  });

  test('sees addresses and roles as some replica has them', async () => {
    const lag = 3_600_000;
    await tenant.change((state) => {
      state.roleAssignments.push({ id: 'r', principalId: ines, roleDefinitionId: READER, directoryScopeId: '/' });
    });
    await tenant.settings({ replicationMs: lag });
    expect(await patch(ines, { otherMails: [PRIVATE] })).toBe(204);
    await tenant.control('POST', 'clock', { advanceMs: lag + 1 });
    expect((await tenant.graph('DELETE', '/roleManagement/directory/roleAssignments/r')).status).toBe(204);
    expect((await reset(ines, PRIVATE)).status).toBe(403);
    await tenant.control('POST', 'clock', { advanceMs: lag + 1 });
    expect(await patch(ines, { otherMails: ['other@outlook.example'] })).toBe(204);
    expect((await reset(ines, 'other@outlook.example')).status).toBe(400);
    expect((await reset(ines, PRIVATE)).status).toBe(201);
  });

  test('is refused with an address that somebody else has', async () => {
    await patch(ines, { otherMails: ['jonas.eklund@outlook.example'] });
    const refused = await reset(ines, 'jonas.eklund@outlook.example');
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('proxyAddresses');
  });

  test('is refused for members of a restricted management administrative unit', async () => {
    await tenant.change((state) => {
      state.administrativeUnits.push({ id: 'vault', isMemberManagementRestricted: true, members: [ines], owners: [] });
    });
    expect((await reset(ines, 'ines.duarte@lusomed.example')).status).toBe(403);
  });
});

describe('roles keep an application from resetting', () => {
  const status = async (resetRefusedFor?: string) => {
    await tenant.settings({ resetRefusedFor: resetRefusedFor ?? 'roles' });
    return (await reset(ines, 'ines.duarte@lusomed.example')).status;
  };
  const schedule = {
    id: '9100aaaa-0000-4000-8000-000000000001',
    principalId: ines,
    roleDefinitionId: READER,
    directoryScopeId: '/',
    scheduleInfo: { startDateTime: '2024-01-01T00:00:00Z', expiration: { type: 'noExpiration' } },
  };

  test('that the user was assigned, for a part of the directory too', async () => {
    await tenant.change((state) => {
      const directoryScopeId = `/administrativeUnits/${state.administrativeUnits[0].id}`;
      state.roleAssignments.push({ id: 'r', principalId: ines, roleDefinitionId: READER, directoryScopeId });
    });
    expect([await status(), await status('directRoles'), await status('rolesAndEligible')]).toEqual([403, 403, 403]);
  });

  test('that PIM has made active', async () => {
    await tenant.change((state) => state.roleAssignmentSchedules.push({ ...schedule, assignmentType: 'Activated' }));
    expect([await status(), await status('directRoles')]).toEqual([403, 403]);
  });

  test('that come through a group, unless only direct ones count', async () => {
    await tenant.change((state) =>
      state.groups.find(({ id }: Json) => id === groups.roleAssignable).members.push(ines),
    );
    expect([await status('rolesAndEligible'), await status(), await status('directRoles')]).toEqual([403, 403, 201]);
  });

  test('that the user is merely eligible for, if these count', async () => {
    await tenant.change((state) => state.roleEligibilitySchedules.push(schedule));
    expect([await status('rolesAndEligible'), await status()]).toEqual([403, 201]);
  });

  test('of a group that the user is merely eligible for, if these count', async () => {
    await tenant.change((state) => {
      const { roleDefinitionId, directoryScopeId, ...rest } = schedule;
      expect([roleDefinitionId, directoryScopeId]).toEqual([READER, '/']);
      state.groupEligibilitySchedules.push({ ...rest, groupId: groups.roleAssignable, accessId: 'member' });
    });
    expect([await status('rolesAndEligible'), await status()]).toEqual([403, 201]);
  });
});

test('addresses of role holders and of members or owners of role-assignable groups need a role of the application', async () => {
  const change = (id: string) => patch(id, { otherMails: [`${id}@outlook.example`] });
  await tenant.change((state) => {
    const group = state.groups.find(({ id }: Json) => id === groups.roleAssignable);
    group.members.push(tomas);
    group.owners = [...(group.owners ?? []), ines];
  });
  expect([await change(mara), await change(tomas), await change(ines)]).toEqual([204, 204, 204]);
  await tenant.change((state) => {
    state.roleAssignments = state.roleAssignments.filter(
      ({ id }: Json) => id !== 'app-privileged-authentication-administrator',
    );
  });
  expect([await change(mara), await change(tomas), await change(ines), await change(pavel)]).toEqual([
    403, 403, 403, 204,
  ]);
  // The page names otherMails, not mail.
  expect(await patch(ines, { mail: PRIVATE })).toBe(204);
});

describe('links', () => {
  test('of a second invitation and of the first lead to the same user, where the newest one leads', async () => {
    const first = await tenant.invite('new.guest@outlook.example');
    const second = await tenant.invite('new.guest@outlook.example', { inviteRedirectUrl: 'https://second.example/' });
    expect(second).toMatchObject({ status: 201, body: { invitedUser: { id: first.body.invitedUser.id } } });
    expect(urlOf(second).href).not.toBe(urlOf(first).href);
    expect((await choose(urlOf(first), 'personal')).text).toContain('https://second.example/');
    expect((await open(urlOf(second))).status).toBe(410);
  });

  test('from before a reset lead nowhere, those from after it do', async () => {
    const { body } = await tenant.invite('wrong.person@outlook.example');
    const id = body.invitedUser.id as string;
    const before = [new URL(body.inviteRedeemUrl), urlOf(await tenant.invite('wrong.person@outlook.example'))];
    await choose(before[0] as URL, 'work');
    expect((await userOf(id)).externalUserState).toBe('Accepted');
    await patch(id, { otherMails: ['right.person@outlook.example'] });
    const after = urlOf(await reset(id, 'right.person@outlook.example'));
    for (const url of before) {
      expect((await open(url)).status).toBe(410);
      expect((await choose(url, 'work')).text).toContain('A newer invitation');
    }
    expect((await userOf(id)).externalUserState).toBe('PendingAcceptance');
    const again = urlOf(await tenant.invite('right.person@outlook.example'));
    expect((await open(again)).text).toContain('right.person@outlook.example');
    expect((await choose(after, 'personal')).status).toBe(200);
    expect((await userOf(id)).identities[0].issuer).toBe('MicrosoftAccount');
  });

  test('that a reset made useless stay so when the state is loaded again', async () => {
    const old = urlOf(await tenant.invite('new.guest@outlook.example'));
    const { invitations } = await tenant.state();
    await reset(invitations[0].userId, 'new.guest@outlook.example');
    await tenant.change(() => undefined);
    expect((await choose(old, 'personal')).status).toBe(410);
  });
});

describe('a guest in the recycle bin', () => {
  test('cannot accept, shows state and identities there when asked for, and can accept after the restore', async () => {
    const invited = await tenant.invite('new.guest@outlook.example');
    const id = invited.body.invitedUser.id as string;
    await tenant.graph('DELETE', `/users/${id}`);
    expect((await choose(urlOf(invited), 'personal')).status).toBe(409);
    expect((await tenant.send('POST', '/_tenant/redeem', { userId: id, account: 'personal' })).status).toBe(404);
    const bin = `/directory/deletedItems/${id}`;
    const found = await tenant.graph('GET', `${bin}?$select=id,externalUserState,identities,mail,otherMails`);
    expect(found.body).toMatchObject({
      id,
      externalUserState: 'PendingAcceptance',
      identities: [{ signInType: 'userPrincipalName', issuer: 'fjellbekk.onmicrosoft.com' }],
      mail: 'new.guest@outlook.example',
      otherMails: ['new.guest@outlook.example'],
    });
    expect((await tenant.graph('GET', bin)).body).not.toHaveProperty('identities');
    expect((await tenant.graph('POST', `${bin}/restore`)).status).toBe(200);
    expect((await choose(urlOf(invited), 'personal')).status).toBe(200);
    expect((await userOf(id)).externalUserState).toBe('Accepted');
  });

  test('may hold their address, until purged', async () => {
    await tenant.settings({ deletedGuestsHoldAddress: true });
    await tenant.graph('DELETE', `/users/${ines}`);
    const refused = await tenant.invite('ines.duarte@lusomed.example');
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('proxyAddresses');
    await tenant.graph('DELETE', `/directory/deletedItems/${ines}`);
    expect((await tenant.invite('ines.duarte@lusomed.example')).status).toBe(201);
  });
});
