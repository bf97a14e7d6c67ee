import { groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, type Json } from './support';

let tenant: TestTenant;

beforeAll(async () => {
  tenant = await TestTenant.start();
});
afterAll(() => tenant.close());

const users = (query: Record<string, string>, headers: Record<string, string> = {}) =>
  tenant.graph('GET', `/users?${new URLSearchParams(query).toString()}`, undefined, headers);
const names = (answer: { body: Json }): string[] => answer.body.value.map((user: Json) => user.displayName);
const eventual = { consistencylevel: 'eventual' };

test.each([
  ["mail eq 'MARA.lindqvist@ostsund.example'", ['Mara Lindqvist']],
  ["otherMails/any(x:x eq 'leo.fontaine@gmail.example')", ['Leo Fontaine']],
  ["proxyAddresses/any(p:p eq 'smtp:ola.strand@fjellbekk.example')", ['Ola Strand']],
  ["userType eq 'Guest' and startswith(displayName,'P')", ['Priya Nair', 'Pavel Marek']],
  ["(department eq 'Finance' or department eq 'Production') and accountEnabled eq true", ['Linn Aas', 'Ola Strand']],
  [`id in ('${guests.leo}','${staff.operator}')`, ['Ola Strand', 'Leo Fontaine']],
  ["userPrincipalName eq 'leo.fontaine_gmail.example#EXT#@fjellbekk.onmicrosoft.com'", ['Leo Fontaine']],
  ["identities/any(i:i/issuer eq 'google.com')", ['Leo Fontaine']],
  ["creationType eq 'Invitation' and externalUserState eq 'PendingAcceptance'", ['Pavel Marek']],
  ["displayName eq 'O''Brien'", []],
])('filter %s', async ($filter, expected) => {
  const answer = await users({ $filter, $select: 'displayName' });
  expect(answer.status).toBe(200);
  expect(names(answer).sort()).toEqual([...expected].sort());
});

test.each([
  ["identities/any(i:i/issuer eq 'ExternalAzureAD')", 'Request_UnsupportedQuery'],
  ["identities/any(i:i/issuer eq 'MicrosoftAccount')", 'Request_UnsupportedQuery'],
  ["startswith(userType,'G')", 'Request_UnsupportedQuery'],
  ["endswith(mail,'example')", 'Request_UnsupportedQuery'],
  ["userType ne 'Guest'", 'Request_UnsupportedQuery'],
  ["aboutMe eq 'x'", 'Request_UnsupportedQuery'],
  ["colour eq 'x'", 'BadRequest'],
  ['mail eq', 'BadRequest'],
  ["mail eq 'a' extra", 'BadRequest'],
])('filter %s is refused as %s', async ($filter, code) => {
  const answer = await users({ $filter });
  expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
});

test('advanced operators need the header and the count', async () => {
  const $filter = "endswith(mail,'@ostsund.example')";
  expect((await users({ $filter }, eventual)).status).toBe(400);
  expect((await users({ $filter, $count: 'true' })).status).toBe(400);
  const answer = await users({ $filter, $count: 'true' }, eventual);
  expect(answer.body['@odata.count']).toBe(2);
  // Without the header the count is silently left out.
  expect((await users({ $count: 'true' })).body['@odata.count']).toBeUndefined();
});

test('without $select the default set is answered, with it exactly what was asked', async () => {
  const plain = await tenant.graph('GET', `/users/${guests.mara}`);
  expect(Object.keys(plain.body).sort()).toEqual(
    [
      '@odata.context',
      'businessPhones',
      'displayName',
      'givenName',
      'id',
      'jobTitle',
      'mail',
      'mobilePhone',
      'officeLocation',
      'preferredLanguage',
      'surname',
      'userPrincipalName',
    ].sort(),
  );
  const chosen = await tenant.graph('GET', `/users/${guests.mara}?$select=city,employeeId,imAddresses`);
  expect(chosen.body).toMatchObject({ city: 'Göteborg', employeeId: null, imAddresses: [] });
  expect(chosen.body.id).toBeUndefined();
  expect((await tenant.graph('GET', `/users/${guests.mara}?$select=colour`)).status).toBe(400);
});

test('users are found by user principal name when # is encoded', async () => {
  const name = 'leo.fontaine_gmail.example#EXT#@fjellbekk.onmicrosoft.com';
  expect((await tenant.graph('GET', `/users/${encodeURIComponent(name)}`)).body.id).toBe(guests.leo);
  expect((await tenant.graph('GET', `/users('${guests.leo}')`)).body.id).toBe(guests.leo);
  expect((await tenant.graph('GET', `/users/${guests.leo.toUpperCase()}`)).body.id).toBe(guests.leo);
});

test('pages follow each other without gaps', async () => {
  const seen: string[] = [];
  let path: string | undefined = '/users?$top=5&$select=id';
  let pages = 0;
  while (path !== undefined) {
    const answer: { body: Json } = await tenant.graph('GET', path);
    seen.push(...answer.body.value.map((user: { id: string }) => user.id));
    const next: string | undefined = answer.body['@odata.nextLink'];
    expect(next === undefined || next.startsWith(`${tenant.url}/v1.0/users?`)).toBe(true);
    path = next?.slice(`${tenant.url}/v1.0`.length);
    pages++;
  }
  expect(pages).toBe(4);
  expect(new Set(seen).size).toBe(17);
});

test('page sizes and unknown options are refused', async () => {
  expect((await users({ $top: '1000' })).status).toBe(400);
  expect((await users({ $top: '0' })).status).toBe(400);
  expect((await users({ $skiptoken: 'nonsense' })).status).toBe(400);
  expect((await users({ $search: '"displayName:x"' })).body.error.code).toBe('Request_UnsupportedQuery');
  expect((await users({ $colour: 'x' })).status).toBe(400);
  expect((await users({ $expand: 'messages' })).status).toBe(400);
});

test('sorting', async () => {
  const sorted = names(await users({ $orderby: 'displayName', $select: 'displayName' }));
  expect(sorted).toEqual([...sorted].sort((a, b) => a.localeCompare(b)));
  const both = { $orderby: 'displayName desc', $filter: "userType eq 'Guest'" };
  expect((await users(both)).status).toBe(400);
  expect(names(await users({ ...both, $count: 'true' }, eventual))[0]).toBe('Tomas Berger');
});

test('objects of any type by id', async () => {
  const ids = [guests.mara, groups.finance, '00000000-0000-4000-8000-000000000009'];
  const answer = await tenant.graph('POST', '/directoryObjects/getByIds', { ids, types: ['user', 'group'] });
  expect(answer.body.value.map((object: Json) => object['@odata.type'])).toEqual([
    '#microsoft.graph.user',
    '#microsoft.graph.group',
  ]);
  expect((await tenant.graph('GET', `/directoryObjects/${groups.finance}`)).body.displayName).toBe('Finance');
  expect((await tenant.graph('POST', '/directoryObjects/getByIds', { ids: [] })).status).toBe(400);
});

test('unknown paths and methods', async () => {
  const unknown = await tenant.graph('GET', '/usres');
  expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
  expect(unknown.body.error.message).toBe("Resource not found for the segment 'usres'.");
  expect((await tenant.graph('DELETE', '/organization')).status).toBe(405);
});

test('partners of the cross-tenant access policy', async () => {
  const tenantId = 'e0000000-0000-4000-8000-000000000001';
  await tenant.change((state) => (state.crossTenantAccessPolicy.partners = [{ tenantId, isServiceProvider: false }]));
  const path = '/policies/crossTenantAccessPolicy';
  expect((await tenant.graph('GET', `${path}/partners`)).body.value).toEqual([{ tenantId, isServiceProvider: false }]);
  expect((await tenant.graph('GET', `${path}/partners/${tenantId}`)).body).toMatchObject({ tenantId });
  expect((await tenant.graph('GET', `${path}/default`)).body.isServiceDefault).toBe(true);
  expect((await tenant.graph('GET', path)).body.partners).toBeUndefined();
});

test('the beta policy is under /beta only', async () => {
  expect((await tenant.graph('GET', '/policies/b2bManagementPolicies')).status).toBe(400);
  const authorization = `Bearer ${await tenant.token('https://graph.microsoft.com')}`;
  const beta = await tenant.send('GET', '/beta/policies/b2bManagementPolicies', undefined, { authorization });
  expect(beta.body.value[0].isOrganizationDefault).toBe(true);
});
