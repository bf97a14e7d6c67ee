import { groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

const { mara, ines, tomas } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const setPolicy = (change: (policies: Json) => void) => tenant.change(change);

const blockDomains = (...domains: string[]) =>
  setPolicy((state) => {
    state.b2bManagementPolicy.definition = [
      JSON.stringify({
        B2BManagementPolicy: {
          InvitationsAllowedAndBlockedDomainsPolicy: { AllowedDomains: [], BlockedDomains: domains },
        },
      }),
    ];
  });

test('an invitation answers 201 with the new user and keeps the link out of mails unless asked', async () => {
  const silent = await tenant.invite('new.guest@outlook.example');
  expect(silent.status).toBe(201);
  expect(silent.body).toMatchObject({
    status: 'PendingAcceptance',
    invitedUserEmailAddress: 'new.guest@outlook.example',
  });
  expect(await tenant.control('GET', 'mailbox')).toEqual([]);
  const mailed = await tenant.invite('other.guest@outlook.example', {
    sendInvitationMessage: true,
    invitedUserMessageInfo: {
      customizedMessageBody: 'Please come.',
      ccRecipients: [{ emailAddress: { address: 'host@fjellbekk.example' } }],
    },
  });
  const mailbox = await tenant.control('GET', 'mailbox');
  expect(mailbox.map((mail: { to: string }) => mail.to)).toEqual([
    'other.guest@outlook.example',
    'host@fjellbekk.example',
  ]);
  expect(mailbox[0]).toEqual({
    at: expect.any(String),
    to: 'other.guest@outlook.example',
    subject: expect.stringContaining('Fjellbekk Instruments'),
    inviteRedeemUrl: mailed.body.inviteRedeemUrl,
    userId: mailed.body.invitedUser.id,
  });
  // The text of an application's own is dropped by Microsoft, so it is nowhere in the mail.
  expect(JSON.stringify(mailbox)).not.toContain('Please come.');
});

test('an existing guest is answered with the user they have', async () => {
  const before = (await tenant.state()).users.length;
  const again = await tenant.invite('ines.duarte@lusomed.example');
  expect(again).toMatchObject({ status: 201, body: { status: 'Completed', invitedUser: { id: ines } } });
  expect((await tenant.state()).users).toHaveLength(before);
});

test('a deleted guest does not hold the address', async () => {
  await tenant.graph('DELETE', `/users/${ines}`);
  const { body } = await tenant.invite('ines.duarte@lusomed.example');
  expect(body.invitedUser.id).not.toBe(ines);
});

test.each([
  ['a plus address', 'mara+private@outlook.example'],
  ['a dot at the end', 'mara.@outlook.example'],
  ['a missing domain', 'mara'],
  ['a quote', '"mara"@outlook.example'],
])('%s is refused', async (_what, address) => {
  expect(await tenant.invite(address)).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
});

test('required values are required', async () => {
  expect((await tenant.graph('POST', '/invitations', { inviteRedirectUrl: 'https://x.example' })).status).toBe(400);
  expect((await tenant.invite('a@outlook.example', { inviteRedirectUrl: 'portal' })).status).toBe(400);
  expect((await tenant.graph('POST', '/invitations')).status).toBe(400);
});

test('nobody is invited when the tenant forbids invitations', async () => {
  await setPolicy((state) => (state.authorizationPolicy.allowInvitesFrom = 'none'));
  const refused = await tenant.invite('a@outlook.example');
  expect(refused.status).toBe(403);
  expect(refused.body.error.message).toContain('Guest invitations not allowed for your company');
});

test('restricted to guest inviters, the app needs that role', async () => {
  await setPolicy((state) => (state.authorizationPolicy.allowInvitesFrom = 'adminsAndGuestInviters'));
  expect((await tenant.invite('a@outlook.example')).status).toBe(403);
});

test('blocked domains are refused', async () => {
  await blockDomains('outlook.example');
  const refused = await tenant.invite('a@outlook.example');
  expect(refused.body.error.message).toContain('blocked by your invitation policy');
  expect((await tenant.invite('a@hotmail.example')).status).toBe(201);
});

test('cross-tenant settings of a partner decide for its domains', async () => {
  await setPolicy((state) => {
    const blocked = { accessType: 'blocked', targets: [{ target: 'AllUsers', targetType: 'user' }] };
    state.crossTenantAccessPolicy.partners = [
      { tenantId: state.externalOrganizations[0].id, b2bCollaborationInbound: { usersAndGroups: blocked } },
    ];
  });
  const refused = await tenant.invite('somebody@ostsund.example');
  expect(refused.body.error.message).toContain('blocked by cross-tenant access settings');
  expect((await tenant.invite('somebody@lusomed.example')).status).toBe(201);
});

test('the own domain, employees and other objects cannot be invited', async () => {
  const own = await tenant.invite('somebody.new@fjellbekk.example');
  expect(own.body.error.message).toContain('verified domain of this directory');
  await tenant.change((state) => {
    state.users.find((user: Json) => user.id === staff.operator).otherMails = ['ola@outlook.example'];
    state.groups.find((group: Json) => group.id === groups.finance).proxyAddresses = ['SMTP:finance@mail.example'];
  });
  const employee = await tenant.invite('ola@outlook.example');
  expect(employee.status).toBe(400);
  expect(employee.body.error.message).toContain(`already exists in the directory as object ID: ${staff.operator}`);
  expect((await tenant.invite('finance@mail.example')).status).toBe(400);
});

test('a blocked guest answers 412', async () => {
  await tenant.graph('PATCH', `/users/${ines}`, { accountEnabled: false });
  const refused = await tenant.invite('ines.duarte@lusomed.example');
  expect(refused.status).toBe(412);
  expect(refused.body.error.message).toContain('blocked from signing in');
});

test('a contact with the address leaves the guest without proxyAddresses', async () => {
  const { body } = await tenant.invite('goods.reception@harbourfreight.example');
  const user = await tenant.graph('GET', `/users/${body.invitedUser.id as string}?$select=proxyAddresses,mail`);
  expect(user.body).toMatchObject({ proxyAddresses: [], mail: 'goods.reception@harbourfreight.example' });
});

test('sponsors are kept; more than five or unknown ones are refused', async () => {
  const sponsor = (id: string) => ({ '@odata.type': '#microsoft.graph.user', id });
  const { body } = await tenant.invite('a@outlook.example', { invitedUserSponsors: [sponsor(staff.projectLead)] });
  const sponsors = await tenant.graph('GET', `/users/${body.invitedUser.id as string}/sponsors?$select=id`);
  expect(sponsors.body.value).toMatchObject([{ id: staff.projectLead }]);
  const six = Object.values(staff).slice(0, 6).map(sponsor);
  expect((await tenant.invite('b@outlook.example', { invitedUserSponsors: six })).status).toBe(400);
  const unknown = [sponsor('00000000-0000-4000-8000-000000000000')];
  expect((await tenant.invite('c@outlook.example', { invitedUserSponsors: unknown })).status).toBe(404);
});

test('a taken user principal name gets a number', async () => {
  const moved = { mail: 'ines@elsewhere.example', otherMails: [], proxyAddresses: [] };
  await tenant.change((state) => {
    Object.assign(
      state.users.find((user: Json) => user.id === ines),
      moved,
    );
  });
  const { body } = await tenant.invite('ines.duarte@lusomed.example');
  expect(body.invitedUser.userPrincipalName).toBe('ines.duarte_lusomed.example1#EXT#@fjellbekk.onmicrosoft.com');
});

describe('resetting the redemption', () => {
  const reset = (id: string, address: string) => tenant.invite(address, { resetRedemption: true, invitedUser: { id } });

  test('keeps the user and their access and waits for a new redemption', async () => {
    await tenant.graph('PATCH', `/users/${tomas}`, { otherMails: ['tomas@outlook.example'] });
    const answer = await reset(tomas, 'tomas@outlook.example');
    expect(answer).toMatchObject({ status: 201, body: { status: 'PendingAcceptance', invitedUser: { id: tomas } } });
    const user = (await tenant.state()).users.find((one: Json) => one.id === tomas);
    expect(user.externalUserState).toBe('PendingAcceptance');
    expect(user.identities).toHaveLength(1);
    const { body } = await tenant.graph('GET', `/users/${tomas}/memberOf/microsoft.graph.group?$select=id`);
    expect(body.value).toContainEqual({ id: groups.projectAurora });
  });

  test('needs the address on the user', async () => {
    const refused = await reset(tomas, 'tomas@outlook.example');
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain("doesn't match any emails on the user object");
  });

  test('is refused while the user holds a role', async () => {
    expect((await reset(mara, 'mara.lindqvist@ostsund.example')).status).toBe(403);
  });

  test('needs User.ReadWrite.All', async () => {
    await tenant.settings({ grantedPermissions: ['User.Invite.All'] });
    tenant.forgetTokens();
    expect((await reset(tomas, 'tomas.berger@ostsund.example')).status).toBe(403);
    expect((await tenant.invite('someone@outlook.example')).status).toBe(201);
  });

  test('needs the id of an existing guest', async () => {
    const missing = { resetRedemption: true };
    expect((await tenant.invite('tomas.berger@ostsund.example', missing)).status).toBe(400);
    expect((await reset('00000000-0000-4000-8000-000000000000', 'a@outlook.example')).status).toBe(404);
  });
});

test('a tenant whose invitations Microsoft blocks refuses every one, also a reset, until the block ends', async () => {
  await tenant.settings({ invitationsBlocked: true });
  const refused = [
    await tenant.invite('new.guest@outlook.example'),
    await tenant.invite('ines.duarte@lusomed.example', { resetRedemption: true, invitedUser: { id: ines } }),
  ];
  for (const { status, body } of refused) {
    expect([status, body.error.code]).toEqual([403, 'Forbidden']);
    expect(body.error.message).toMatch(/^Invitations are blocked for this directory/);
  }
  expect(await tenant.control('GET', 'mailbox')).toEqual([]);
  await tenant.settings({ invitationsBlocked: false });
  expect((await tenant.invite('new.guest@outlook.example')).status).toBe(201);
});
