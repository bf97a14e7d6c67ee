import { guests, groups, servicePrincipals, appRoles } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

const { ines } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start({ identityHeader: 'secret' });
});
afterEach(() => tenant.close());

const identity = (query: Record<string, string>, header: string | undefined = 'secret') =>
  tenant.send(
    'GET',
    `/msi/token?${new URLSearchParams({ 'api-version': '2019-08-01', ...query }).toString()}`,
    undefined,
    header === '' ? {} : { 'x-identity-header': header },
  );

const claimsOf = (token: string): Json => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const tokenFor = async (resource: string): Promise<string> =>
  (await identity({ resource })).body.access_token as string;

const get = (path: string, token: string) => tenant.send('GET', path, undefined, { authorization: `Bearer ${token}` });

describe('the token endpoint', () => {
  test('gives a token with the granted permissions as roles', async () => {
    const answer = await identity({ resource: 'https://graph.microsoft.com' });
    expect(answer.body).toMatchObject({ token_type: 'Bearer', resource: 'https://graph.microsoft.com' });
    const claims = claimsOf(answer.body.access_token);
    expect(claims).toMatchObject({ aud: 'https://graph.microsoft.com', appid: expect.any(String) });
    expect(claims.roles).toContain('User.Invite.All');
    expect(claims.exp - claims.iat).toBe(24 * 60 * 60);
  });

  test('needs its header, version, resource and the right client', async () => {
    const resource = 'https://graph.microsoft.com';
    expect((await identity({ resource }, 'wrong')).status).toBe(401);
    expect((await identity({ resource }, '')).status).toBe(401);
    expect((await identity({})).status).toBe(400);
    expect((await identity({ resource, 'api-version': '2017-09-01' })).status).toBe(400);
    expect((await identity({ resource, client_id: 'somebody-else' })).status).toBe(400);
  });
});

describe('a token', () => {
  test('is needed, must be genuine, meant for the service and not expired', async () => {
    const graph = await tokenFor('https://graph.microsoft.com');
    expect((await tenant.send('GET', '/v1.0/organization')).status).toBe(401);
    expect((await get('/v1.0/organization', graph)).status).toBe(200);
    const [header = '', payload = '', signature = ''] = graph.split('.');
    const grown = Buffer.from(JSON.stringify({ ...claimsOf(graph), roles: ['Everything'] })).toString('base64url');
    for (const forged of [`${header}.${grown}.${signature}`, `${header}.${payload}.`, `${header}.${payload}`, 'x']) {
      const refused = await get('/v1.0/organization', forged);
      expect(refused).toMatchObject({ status: 401, body: { error: { code: 'InvalidAuthenticationToken' } } });
    }
    expect((await get('/subscriptions?api-version=2022-12-01', graph)).status).toBe(401);
    const arm = await tokenFor('https://management.azure.com/');
    expect((await get('/v1.0/organization', arm)).status).toBe(401);
    expect((await get('/subscriptions?api-version=2022-12-01', arm)).status).toBe(200);
  });

  test('of the tenant address itself serves both', async () => {
    const both = await tokenFor(tenant.url);
    expect((await get('/v1.0/organization', both)).status).toBe(200);
    expect((await get('/subscriptions?api-version=2022-12-01', both)).status).toBe(200);
  });

  test('expires by real time', async () => {
    await tenant.settings({ tokenLifetimeSeconds: 1 });
    const token = await tokenFor('https://graph.microsoft.com');
    const { exp } = claimsOf(token);
    while (Date.now() <= exp * 1000) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await get('/v1.0/organization', token)).body.error.message).toContain('expired');
  });
});

test.each<[string, string, object | undefined, string[]]>([
  ['GET', '/users', undefined, ['Group.Read.All']],
  ['DELETE', `/users/${ines}`, undefined, ['User.Read.All', 'User.Invite.All']],
  ['PATCH', `/users/${ines}`, { city: 'Porto' }, ['User.Read.All']],
  ['POST', '/invitations', { invitedUserEmailAddress: 'a@b.example', inviteRedirectUrl: 'https://x.example' }, []],
  ['DELETE', `/directory/deletedItems/${ines}`, undefined, ['User.ReadWrite.All']],
  ['POST', `/groups/${groups.finance}/members/$ref`, {}, ['Group.Read.All', 'Directory.Read.All']],
  ['POST', `/groups/${groups.finance}/owners/$ref`, {}, ['GroupMember.ReadWrite.All']],
  ['POST', '/roleManagement/directory/roleAssignments', {}, ['RoleManagement.Read.Directory']],
  ['GET', '/policies/authorizationPolicy', undefined, ['Directory.Read.All']],
  ['GET', '/subscriptions', undefined, ['Group.Read.All']],
])('%s %s is refused without its permission', async (method, path, body, grantedPermissions) => {
  await tenant.settings({ grantedPermissions });
  const authorization = `Bearer ${await tokenFor('https://graph.microsoft.com')}`;
  const refused = await tenant.send(method, `/v1.0${path}`, body, { authorization });
  expect(refused.status).toBe(403);
  expect(refused.body.error).toMatchObject({
    code: 'Authorization_RequestDenied',
    message: 'Insufficient privileges to complete the operation.',
    innerError: { date: expect.stringMatching(/^[\d-]+T[\d:]+$/), 'request-id': refused.headers['request-id'] },
  });
});

test('assigning an app role needs two permissions', async () => {
  const body = { principalId: ines, resourceId: servicePrincipals.supplierPortal, appRoleId: appRoles.portalReader };
  const path = `/v1.0/servicePrincipals/${servicePrincipals.supplierPortal}/appRoleAssignedTo`;
  const attempt = async (...grantedPermissions: string[]) => {
    await tenant.settings({ grantedPermissions });
    const authorization = `Bearer ${await tokenFor('https://graph.microsoft.com')}`;
    return (await tenant.send('POST', path, body, { authorization })).status;
  };
  expect(await attempt('AppRoleAssignment.ReadWrite.All')).toBe(403);
  expect(await attempt('Application.Read.All')).toBe(403);
  expect(await attempt('AppRoleAssignment.ReadWrite.All', 'Application.Read.All')).toBe(201);
});

test('a permission granted later is in the next token only', async () => {
  await tenant.settings({ grantedPermissions: [] });
  const early = await tokenFor('https://graph.microsoft.com');
  await tenant.settings({ grantedPermissions: ['User.Read.All'] });
  expect((await get('/v1.0/users', early)).status).toBe(403);
  expect((await get('/v1.0/users', await tokenFor('https://graph.microsoft.com'))).status).toBe(200);
});

test('requests for another host name are refused', async () => {
  const refused = await tenant.send('GET', '/_tenant/state', undefined, { host: 'evil.example' });
  expect(refused.status).toBe(403);
});
