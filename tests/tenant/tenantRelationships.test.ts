import { guests, TENANT_ID } from '../../local/tenant/seed/ids';
import { isBeyondSubset } from '../support/graphContract/beyondSubset';
import { TestTenant, type Json } from './support';

let tenant: TestTenant;

beforeAll(async () => {
  tenant = await TestTenant.start();
});
afterAll(() => tenant.close());

const pathOf = (domain: string) => `/tenantRelationships/findTenantInformationByDomainName(domainName='${domain}')`;
const find = (domain: string) => tenant.graph('GET', pathOf(domain));

test('a domain that another tenant has verified answers who that is, in any spelling', async () => {
  const found = await find('ostsund.example');
  expect(found.status).toBe(200);
  expect(found.body).toEqual({
    '@odata.context': `${tenant.url}/v1.0/$metadata#microsoft.graph.tenantInformation`,
    tenantId: 'e0000000-0000-4000-8000-000000000001',
    defaultDomainName: 'ostsund.example',
    displayName: 'Östsund Mätteknik',
    federationBrandName: null,
  });
  expect((await find('OSTSUND.example')).body.tenantId).toBe(found.body.tenantId);
});

test('guests with work accounts come from such domains, the others do not', async () => {
  const { users } = await tenant.state();
  const statuses = new Map<string, number>();
  for (const user of users.filter(({ userType }: Json) => userType === 'Guest')) {
    const [, domain = ''] = (user.mail as string).split('@');
    statuses.set(user.id, (await find(domain)).status);
  }
  const { mara, tomas, ines, pavel } = guests;
  const found = [...statuses].filter(([, status]) => status === 200).map(([id]) => id);
  expect(found.sort()).toEqual([mara, tomas, ines, pavel].sort());
  expect([...statuses.values()].filter((status) => status === 404)).toHaveLength(4);
});

test('consumer domains, subdomains and unknown domains answer 404', async () => {
  for (const domain of ['outlook.example', 'lab.ostsund.example', 'nowhere.example']) {
    expect(await find(domain)).toMatchObject({ status: 404, body: { error: { code: 'Request_ResourceNotFound' } } });
  }
});

test('an address is no domain', async () => {
  expect((await find('mara@ostsund.example')).status).toBe(400);
  expect((await find('ostsund')).status).toBe(400);
});

test('the own domains lead to the own tenant', async () => {
  expect((await find('fjellbekk.onmicrosoft.com')).body).toMatchObject({
    tenantId: TENANT_ID,
    defaultDomainName: 'fjellbekk.example',
  });
});

test('a tenant may have a default domain that is not its first, and a brand', async () => {
  await tenant.change((state) => {
    Object.assign(state.externalOrganizations[1], { defaultDomainName: 'luso.example', federationBrandName: 'Luso' });
  });
  expect((await find('lusomed.example')).body).toMatchObject({
    defaultDomainName: 'luso.example',
    federationBrandName: 'Luso',
  });
});

test('only the function answers, not a path that looks like it', async () => {
  expect(
    (await tenant.graph('GET', '/tenantRelationships/findTenantInformationByDomainName/ostsund.example')).status,
  ).toBe(400);
  expect((await tenant.graph('GET', '/tenantRelationships')).status).toBe(400);
  expect(isBeyondSubset('GET', `/v1.0${pathOf('x.example')}`)).toBe(true);
  expect(isBeyondSubset('GET', `/v1.0${pathOf('')}`)).toBe(false);
});

test('the permission is needed', async () => {
  await tenant.settings({ grantedPermissions: ['Directory.Read.All', 'Policy.Read.All'] });
  tenant.forgetTokens();
  expect((await find('ostsund.example')).status).toBe(403);
});
