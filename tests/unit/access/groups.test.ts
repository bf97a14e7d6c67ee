import { groupMembership } from '../../../access/groupMembership';
import { groupOwnership } from '../../../access/groupOwnership';
import { permissionsToRestore } from '../../../access/kind';
import type { Grant } from '../../../domain/grants';
import {
  azureOf,
  graphOf,
  notFound,
  refusal,
  silent,
  writesIn,
  type Call,
  outsideOf,
} from '../../support/recordedCalls';

const OLD = '01d00000-0000-4000-8000-000000000001';
const NEW = '0e000000-0000-4000-8000-000000000002';
const azure = azureOf(silent);

const security = {
  id: 'g-security',
  displayName: 'Readers',
  groupTypes: [],
  securityEnabled: true,
  mailEnabled: false,
};
const unified = { ...security, id: 'g-unified', displayName: 'Project', groupTypes: ['Unified'], mailEnabled: true };
const dynamic = {
  ...security,
  id: 'g-dynamic',
  groupTypes: ['DynamicMembership'],
  membershipRule: 'user.department -eq "Maths"',
};
const onPremises = { ...security, id: 'g-on-premises', onPremisesSyncEnabled: true };
const mailEnabled = { ...security, id: 'g-mail', mailEnabled: true };
const roleAssignable = { ...security, id: 'g-role', isAssignableToRole: true };
const nameless = { id: 'g-hidden', displayName: null };

/** Groups of a guest in a tenant where PIM manages none of them. */
const directory =
  (groups: readonly object[]) =>
  ({ path }: Call): unknown =>
    path.startsWith('/identityGovernance/') ? [] : groups;

/** Adds a user to lists of groups as Graph does: 204, 400 for who is there already, 404 for no such group. */
function groupService(lists: Record<string, Set<string>>) {
  return (call: Call): unknown => {
    const [, id = '', list = ''] = /^\/groups\/([^/]+)\/(members|owners)\/\$ref$/.exec(call.path) ?? [];
    const present = lists[id];
    if (call.method !== 'POST' || present === undefined) throw notFound();
    const user = (call.body as { '@odata.id': string })['@odata.id'].split('/').pop() ?? '';
    if (present.has(user)) {
      throw refusal(
        400,
        'Request_BadRequest',
        `One or more added object references already exist for the following modified properties: '${list}'.`,
      );
    }
    present.add(user);
    return undefined;
  };
}

describe.each([
  { kind: groupMembership, noun: 'a member', list: 'members' },
  { kind: groupOwnership, noun: 'an owner', list: 'owners' },
])('$kind.title', ({ kind, noun, list }) => {
  const grant = (key: string): Grant => ({ kind: kind.kind, key, name: key, data: {} });

  async function captured(groups: object[]): Promise<Grant[]> {
    const typed = groups.map((group) => ({ '@odata.type': '#microsoft.graph.group', ...group }));
    return kind.capture(OLD, outsideOf({ graph: graphOf(directory(typed)), azure }));
  }

  it('captures groups by id, with their name; a group without a readable name by its id', async () => {
    const grants = await captured([security, unified, nameless]);
    expect(grants.map(({ key, name }) => [key, name])).toEqual([
      ['g-security', 'Readers'],
      ['g-unified', 'Project'],
      ['g-hidden', 'g-hidden'],
    ]);
  });

  it('asks for what decides about a group, of this guest only, and changes nothing', async () => {
    const graph = graphOf(directory([]));
    await kind.capture(OLD, outsideOf({ graph, azure }));
    expect(graph.calls.filter(({ path }) => !path.includes(OLD))).toEqual([]);
    const [call, ...more] = graph.calls.filter(({ path }) => path.startsWith('/users/'));
    expect(more).toEqual([]);
    expect(call?.path).toContain(`/users/${OLD}/`);
    for (const property of ['groupTypes', 'mailEnabled', 'isAssignableToRole', 'onPremisesSyncEnabled']) {
      expect(call?.path).toContain(property);
    }
    expect(writesIn(graph.calls)).toEqual([]);
  });

  it('no group type that an app can change becomes manual', async () => {
    const grants = await captured([security, unified, roleAssignable, nameless]);
    expect(grants.map((one) => one.instruction)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('an on-premises group is manual, and says where', async () => {
    const [found] = await captured([onPremises]);
    expect(found?.instruction).toBe(
      `The group is mastered on-premises: make the guest ${noun} in the local Active Directory.`,
    );
  });

  it('a mail-enabled group is manual, and says where', async () => {
    const [found] = await captured([mailEnabled]);
    expect(found?.instruction).toBe(`The group is mail-enabled: make the guest ${noun} in the Exchange admin center.`);
  });

  it('restores with the id of the new guest; a second run finds everything present', async () => {
    const lists = { 'g-1': new Set<string>(), 'g-2': new Set<string>() };
    const graph = graphOf(groupService(lists));
    const grants = [grant('g-1'), grant('g-2')];
    expect(await kind.restore(grants, NEW, outsideOf({ graph, azure }))).toMatchObject([
      { result: 'restored' },
      { result: 'restored' },
    ]);
    expect(writesIn(graph.calls)[0]).toEqual({
      method: 'POST',
      path: `/groups/g-1/${list}/$ref`,
      body: { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${NEW}` },
    });
    expect(await kind.restore(grants, NEW, outsideOf({ graph, azure }))).toMatchObject([
      { result: 'alreadyPresent' },
      { result: 'alreadyPresent' },
    ]);
    expect(lists).toEqual({ 'g-1': new Set([NEW]), 'g-2': new Set([NEW]) });
  });

  it('one group that is refused does not hold back the others, and the answers keep their order', async () => {
    const graph = graphOf(groupService({ 'g-1': new Set([NEW]), 'g-3': new Set() }));
    const attempts = await kind.restore([grant('g-1'), grant('g-2'), grant('g-3')], NEW, outsideOf({ graph, azure }));
    expect(attempts.map((attempt) => attempt.result)).toEqual(['alreadyPresent', 'retry', 'restored']);
  });

  it('needs the permission for role-assignable groups only when there is one, and none for manual grants', () => {
    const plain = { ...grant('g-1'), data: { roleAssignable: false } };
    const privileged = { ...grant('g-2'), data: { roleAssignable: true } };
    const names = (grants: Grant[]) => permissionsToRestore(kind, grants).map(({ anyOf }) => anyOf[0]);
    expect(names([])).toEqual([]);
    expect(names([{ ...privileged, instruction: 'by hand' }])).toEqual([]);
    expect(names([plain])).toHaveLength(1);
    expect(names([plain])).not.toContain('RoleManagement.ReadWrite.Directory');
    expect(names([plain, privileged])).toContain('RoleManagement.ReadWrite.Directory');
  });
});

it('a dynamic group is manual, and the instruction quotes its rule', async () => {
  const [found] = await groupMembership.capture(OLD, outsideOf({ graph: graphOf(directory([dynamic])), azure }));
  expect(found?.instruction).toContain('The group is dynamic');
  expect(found?.instruction).toContain('by itself if the guest');
  expect(found?.instruction).toContain('user.department -eq "Maths"');
});

it('the owner of a dynamic group can be set by an app', async () => {
  const owned = [{ '@odata.type': '#microsoft.graph.group', ...dynamic }];
  const [found] = await groupOwnership.capture(OLD, outsideOf({ graph: graphOf(directory(owned)), azure }));
  expect(found?.instruction).toBeUndefined();
});

it('memberships are asked for as groups only: roles and administrative units are other kinds', async () => {
  const graph = graphOf(() => []);
  await groupMembership.capture(OLD, outsideOf({ graph, azure }));
  expect(graph.calls[0]?.path).toContain('/memberOf/microsoft.graph.group?');
});

it('owned applications and devices are not taken for groups', async () => {
  const owned = [
    { '@odata.type': '#microsoft.graph.application', id: 'a-1', displayName: 'App' },
    { '@odata.type': '#microsoft.graph.group', ...security },
    { '@odata.type': '#microsoft.graph.servicePrincipal', id: 's-1', displayName: 'App' },
  ];
  const grants = await groupOwnership.capture(OLD, outsideOf({ graph: graphOf(directory(owned)), azure }));
  expect(grants.map((found) => found.key)).toEqual(['g-security']);
});
