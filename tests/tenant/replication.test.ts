import { appRoles, azure, azureRoles, groups, guests, servicePrincipals } from '../../local/tenant/seed/ids';
import { TestTenant } from './support';

const { ines, tomas } = guests;
/** So long that no request of a test sees a younger replica by chance. */
const lag = 3_600_000;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
  await tenant.settings({ replicationMs: lag });
});
afterEach(() => tenant.close());

/** Replicas have certainly caught up once the clock has passed the longest lag. */
const catchUp = () => tenant.control('POST', 'clock', { advanceMs: lag + 1 });

/** Statuses of many attempts: with no time passing on the replicas, old and new state alternate. */
async function statuses(count: number, attempt: () => Promise<{ status: number }>): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let index = 0; index < count; index++) seen.add((await attempt()).status);
  return seen;
}

const inviteSomebody = async (): Promise<string> =>
  (await tenant.invite('new.guest@outlook.example')).body.invitedUser.id as string;

test('reads right after a write see sometimes the old, sometimes the new state, and in the end the new one', async () => {
  const id = await inviteSomebody();
  await tenant.control('POST', 'clock', { advanceMs: lag / 2 });
  const seen = await statuses(60, () => tenant.graph('GET', `/users/${id}`));
  expect([...seen].sort()).toEqual([200, 404]);
  await catchUp();
  expect(await statuses(20, () => tenant.graph('GET', `/users/${id}`))).toEqual(new Set([200]));
});

test('a new guest cannot be changed or added anywhere until replicated', async () => {
  const id = await inviteSomebody();
  const change = await tenant.graph('PATCH', `/users/${id}`, { city: 'Porto' });
  expect(change.status).toBe(404);
  const member = await tenant.addMember(groups.finance, id);
  expect(member.status).toBe(400);
  expect(member.body.error.message).toContain("objects being referenced don't exist");
  const appRole = await tenant.graph(
    'POST',
    `/servicePrincipals/${servicePrincipals.supplierPortal}/appRoleAssignedTo`,
    {
      principalId: id,
      resourceId: servicePrincipals.supplierPortal,
      appRoleId: appRoles.portalReader,
    },
  );
  expect(appRole).toMatchObject({ status: 400, body: { error: { message: 'Not a valid reference update.' } } });
  const role = await tenant.graph('POST', '/roleManagement/directory/roleAssignments', {
    principalId: id,
    roleDefinitionId: '95e79109-95c0-4d8e-aee3-d01accf2d47b',
    directoryScopeId: '/',
  });
  expect(role.status).toBe(404);
  await catchUp();
  expect((await tenant.addMember(groups.finance, id)).status).toBe(204);
});

test('Azure knows a new principal only when told its type', async () => {
  const id = await inviteSomebody();
  const path = `${azure.labSubscription}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`;
  const properties = {
    roleDefinitionId: `${azure.labSubscription}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.reader}`,
    principalId: id,
  };
  const refused = await tenant.arm('PUT', path, { properties });
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'PrincipalNotFound' } } });
  expect((await tenant.arm('PUT', path, { properties: { ...properties, principalType: 'User' } })).status).toBe(201);
});

test('a purge right after the deletion answers 404 until the recycle bin is replicated', async () => {
  await tenant.graph('DELETE', `/users/${ines}`);
  const first = await tenant.graph('DELETE', `/directory/deletedItems/${ines}`);
  expect(first.status).toBe(404);
  expect((await tenant.state()).deletedUsers).toHaveLength(1);
  await catchUp();
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${ines}`)).status).toBe(204);
});

test('resetting right after adding the address says that the address is missing', async () => {
  await tenant.graph('PATCH', `/users/${tomas}`, { otherMails: ['tomas@outlook.example'] });
  const reset = () => tenant.invite('tomas@outlook.example', { resetRedemption: true, invitedUser: { id: tomas } });
  expect((await reset()).body.error.message).toContain("doesn't match any emails");
  await catchUp();
  expect((await reset()).status).toBe(201);
});

test('writes are judged by the truth: a deletion cannot happen twice', async () => {
  expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(204);
  expect((await tenant.graph('DELETE', `/users/${ines}`)).status).toBe(404);
  expect((await tenant.addMember(groups.finance, tomas)).status).toBe(204);
  expect((await tenant.addMember(groups.finance, tomas)).status).toBe(400);
});

test('advanced queries lag the most', async () => {
  await inviteSomebody();
  await tenant.control('POST', 'clock', { advanceMs: lag - 2_000 });
  const query = new URLSearchParams({ $filter: "mail eq 'new.guest@outlook.example'", $count: 'true' });
  const answer = await tenant.graph('GET', `/users?${query.toString()}`, undefined, { consistencylevel: 'eventual' });
  expect(answer.body.value).toEqual([]);
});
