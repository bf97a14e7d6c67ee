import { guests } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

interface Invited {
  id: string;
  url: URL;
}

async function invited(address = 'new.guest@outlook.example'): Promise<Invited> {
  const { body } = await tenant.invite(address);
  return { id: body.invitedUser.id, url: new URL(body.inviteRedeemUrl) };
}

const open = (url: URL) => tenant.send('GET', url.pathname + url.search);

const choose = (url: URL, account: string) => {
  const fields = new URLSearchParams({ ...Object.fromEntries(url.searchParams), account });
  return tenant.send('POST', '/redeem/', fields.toString(), { 'content-type': 'application/x-www-form-urlencoded' });
};

const identities = async (id: string): Promise<Json> =>
  (await tenant.graph('GET', `/users/${id}?$select=identities,externalUserState,externalUserStateChangeDateTime`)).body;

test('opening the link only asks', async () => {
  const { id, url } = await invited();
  const page = await open(url);
  expect(page.status).toBe(200);
  expect(page.text).toContain('Fjellbekk Instruments invites you');
  expect(page.text).toContain('<html lang="en">');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  for (const account of ['personal', 'work', 'emailCode', 'google']) expect(page.text).toContain(`value="${account}"`);
  expect((await identities(id)).externalUserState).toBe('PendingAcceptance');
});

test.each([
  ['personal', 'MicrosoftAccount'],
  ['work', 'ExternalAzureAD'],
  ['emailCode', 'mail'],
  ['google', 'google.com'],
  ['federated', 'https://sts.outlook.example/adfs/services/trust'],
])('choosing %s leaves the issuer %s', async (account, issuer) => {
  const { id, url } = await invited();
  const done = await choose(url, account);
  expect(done.status).toBe(200);
  expect(done.text).toContain('https://portal.example/');
  const user = await identities(id);
  expect(user.externalUserState).toBe('Accepted');
  expect(user.identities).toMatchObject([
    { signInType: 'federated', issuer, issuerAssignedId: null },
    { signInType: 'userPrincipalName', issuer: 'fjellbekk.onmicrosoft.com' },
  ]);
});

test('a wrong ticket, user or tenant opens nothing', async () => {
  const { id, url } = await invited();
  for (const field of ['ticket', 'user', 'tenant']) {
    const wrong = new URL(url);
    wrong.searchParams.set(field, 'x');
    expect((await open(wrong)).status).toBe(404);
    expect((await choose(wrong, 'personal')).status).toBe(404);
  }
  expect((await choose(url, 'telepathy')).status).toBe(400);
  expect((await identities(id)).externalUserState).toBe('PendingAcceptance');
});

test('a second time says that it is accepted already', async () => {
  const { id, url } = await invited();
  await choose(url, 'personal');
  expect((await open(url)).status).toBe(410);
  const again = await choose(url, 'work');
  expect(again.status).toBe(409);
  expect(again.text).toContain('already been accepted');
  expect((await tenant.send('POST', '/_tenant/redeem', { userId: id, account: 'work' })).status).toBe(409);
});

test('links of removed guests, blocked accounts and blocked domains do not work', async () => {
  const { id, url } = await invited();
  await tenant.graph('PATCH', `/users/${id}`, { accountEnabled: false });
  expect((await choose(url, 'personal')).status).toBe(409);
  await tenant.graph('PATCH', `/users/${id}`, { accountEnabled: true });
  await tenant.change((state) => {
    state.b2bManagementPolicy.definition = [
      '{"B2BManagementPolicy":{"InvitationsAllowedAndBlockedDomainsPolicy":{"AllowedDomains":["ostsund.example"],"BlockedDomains":[]}}}',
    ];
  });
  expect((await choose(url, 'personal')).text).toContain('does not accept guests from this domain');
  await tenant.graph('DELETE', `/users/${id}`);
  expect((await choose(url, 'personal')).text).toContain('no longer valid');
});

test('a tenant may refuse personal accounts', async () => {
  await tenant.change((state) => {
    state.crossTenantAccessPolicy.default.invitationRedemptionIdentityProviderConfiguration.fallbackIdentityProvider =
      'emailOneTimePasscode';
  });
  const { url } = await invited();
  expect((await choose(url, 'personal')).status).toBe(409);
  expect((await choose(url, 'emailCode')).status).toBe(200);
});

test('the control call redeems too, once, and only invited guests', async () => {
  const { id } = await invited();
  const redeem = (userId: string, account = 'personal') => tenant.send('POST', '/_tenant/redeem', { userId, account });
  expect((await redeem(id)).status).toBe(200);
  expect((await redeem(id)).status).toBe(409);
  expect((await redeem('00000000-0000-4000-8000-000000000000')).status).toBe(404);
  expect((await redeem(guests.pavel, 'google')).status).toBe(200);
  expect((await redeem(guests.pavel, 'other')).status).toBe(400);
});

test('after a reset the guest redeems with another account', async () => {
  const { tomas } = guests;
  await tenant.graph('PATCH', `/users/${tomas}`, { otherMails: ['tomas@outlook.example'] });
  await tenant.invite('tomas@outlook.example', { resetRedemption: true, invitedUser: { id: tomas } });
  await tenant.control('POST', 'redeem', { userId: tomas, account: 'personal' });
  expect((await identities(tomas)).identities[0].issuer).toBe('MicrosoftAccount');
});

test('names of the organization are escaped', async () => {
  await tenant.change((state) => (state.organization.displayName = '<script>"&'));
  const { url } = await invited();
  expect((await open(url)).text).not.toContain('<script>');
});

test('the mailbox is a page for browsers, and JSON for everybody else', async () => {
  await tenant.invite('new.guest@outlook.example', { sendInvitationMessage: true });
  const [mail] = (await tenant.send('GET', '/_tenant/mailbox')).body;
  const page = await tenant.send('GET', '/_tenant/mailbox', undefined, { accept: 'text/html,application/xhtml+xml' });
  expect(page.headers['content-type']).toContain('text/html');
  const [, link] = /href="([^"]+)"/.exec(page.text) ?? [];
  expect(link?.replaceAll('&amp;', '&')).toBe(mail.inviteRedeemUrl);
  expect((await open(new URL(mail.inviteRedeemUrl))).status).toBe(200);
});
