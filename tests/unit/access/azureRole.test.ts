import fc from 'fast-check';
import { assignmentName, azureRole, visibleScopes } from '../../../access/azureRole';
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
const SUBSCRIPTION = '/subscriptions/5b000000-0000-4000-8000-000000000001';
const GROUP = '/providers/Microsoft.Management/managementGroups/mg-1';
const READER = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`;
const CONDITION = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'";
const graph = graphOf(silent);

interface Assignment {
  id: string;
  properties: Record<string, unknown>;
}

function assignment(scope: string, name: string, more: object = {}): Assignment {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  return { id, properties: { scope, roleDefinitionId: READER, principalId: OLD, ...more } };
}

/** Resource Manager: one subscription, one management group, and the assignments given. */
function manager(assignments: Assignment[], more: (call: Call) => unknown = () => undefined) {
  return azureOf((call) => {
    const answer = more(call);
    if (answer !== undefined) return answer;
    if (call.path.startsWith('/subscriptions?')) return [{ id: SUBSCRIPTION }];
    if (call.path.includes('managementGroups?')) return [{ id: GROUP }];
    if (call.method === 'LIST') return assignments;
    if (call.path.startsWith(READER)) return { properties: { roleName: 'Reader' } };
    if (call.method === 'PUT') return put(assignments, call);
    throw notFound();
  });
}

/** One assignment a name, and one a triple of scope, role and principal, as Resource Manager keeps it. */
function put(assignments: Assignment[], { path, body }: Call): unknown {
  const id = path.split('?')[0] ?? '';
  const { properties } = body as { properties: Record<string, unknown> };
  const scope = id.slice(0, id.indexOf('/providers/Microsoft.Authorization'));
  const before = assignments.find((one) => one.id === id);
  const { principalId, roleDefinitionId } = properties;
  if (before !== undefined && before.properties['principalId'] !== principalId) {
    throw refusal(400, 'RoleAssignmentUpdateNotPermitted', 'Not allowed to be updated.', { service: 'azure' });
  }
  const same = assignments.find(
    (one) =>
      one.properties['scope'] === scope &&
      one.properties['principalId'] === principalId &&
      one.properties['roleDefinitionId'] === roleDefinitionId,
  );
  if (before === undefined && same !== undefined) {
    throw refusal(409, 'RoleAssignmentExists', 'The role assignment already exists.', { service: 'azure' });
  }
  if (before === undefined) assignments.push({ id, properties: { ...properties, scope } });
  return {};
}

function results(attempts: { result: string }[]): string[] {
  return attempts.map((attempt) => attempt.result);
}

describe('the name of a restored assignment', () => {
  const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  it('is a valid GUID for whatever scope, role and principal', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uuid(), (scope, role, principal) => {
        expect(assignmentName(scope, role, principal)).toMatch(guid);
      }),
    );
  });

  it('differs by principal, by role and by scope', () => {
    const names = [
      assignmentName(SUBSCRIPTION, READER, OLD),
      assignmentName(SUBSCRIPTION, READER, NEW),
      assignmentName(GROUP, READER, NEW),
      assignmentName(SUBSCRIPTION, `${READER}0`, NEW),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it('is the same for every try, whatever the case of its parts', () => {
    const name = assignmentName(SUBSCRIPTION, READER, NEW);
    expect(assignmentName(SUBSCRIPTION.toUpperCase(), READER.toUpperCase(), NEW.toUpperCase())).toBe(name);
  });
});

describe('capture', () => {
  it('takes an assignment that shows at several scopes once, and only those of the guest itself', async () => {
    const throughGroup = assignment(SUBSCRIPTION, 'b', { principalId: 'a-group' });
    const azure = manager([assignment(SUBSCRIPTION, 'a'), throughGroup]);
    const grants = await azureRole.capture(OLD, outsideOf({ graph, azure }));
    expect(grants).toEqual([
      {
        kind: 'azureRole',
        key: `${SUBSCRIPTION}|acdd72a7-3385-48ef-bd42-f606fba81ae7`,
        name: 'Reader',
        scope: SUBSCRIPTION,
        data: { scope: SUBSCRIPTION, roleDefinitionId: READER },
      },
    ]);
    const lists = azure.calls.filter((call) => call.path.includes('roleAssignments?'));
    expect(lists.map((call) => call.path.split('/providers/Microsoft.Authorization')[0])).toEqual([
      SUBSCRIPTION,
      GROUP,
    ]);
    for (const { path } of lists) expect(path).toContain(`$filter=principalId eq '${OLD}'`);
    expect(writesIn(azure.calls)).toEqual([]);
  });

  it('keeps condition, its version and the description', async () => {
    const kept = { condition: CONDITION, conditionVersion: '2.0', description: 'until autumn' };
    const [grant] = await azureRole.capture(OLD, outsideOf({ graph, azure: manager([assignment(GROUP, 'a', kept)]) }));
    expect(grant?.data).toEqual({ scope: GROUP, roleDefinitionId: READER, ...kept });
  });

  it('names a role that is gone by its id', async () => {
    const azure = manager([assignment(GROUP, 'a', { roleDefinitionId: '/roleDefinitions/gone' })]);
    expect((await azureRole.capture(OLD, outsideOf({ graph, azure })))[0]?.name).toBe('gone');
  });

  it('an app without rights at management groups sees its subscriptions; another failure is thrown', async () => {
    const answering = (status: number) =>
      manager([], ({ path }) => {
        if (path.includes('managementGroups?')) throw refusal(status, 'AuthorizationFailed', '', { service: 'azure' });
        return undefined;
      });
    expect(await visibleScopes(answering(403))).toEqual([SUBSCRIPTION]);
    await expect(visibleScopes(answering(500))).rejects.toThrow('azure answered 500');
  });
});

describe('restore', () => {
  const kept = { condition: CONDITION, conditionVersion: '2.0', description: 'until autumn' };
  const grants: Grant[] = [
    { kind: 'azureRole', key: 'k1', name: 'Reader', data: { scope: SUBSCRIPTION, roleDefinitionId: READER, ...kept } },
    { kind: 'azureRole', key: 'k2', name: 'Reader', data: { scope: '/', roleDefinitionId: READER } },
  ];

  it('assigns to the new guest under a name of its own, with the condition, and leaves the old assignment', async () => {
    const there = [assignment(SUBSCRIPTION, assignmentName(SUBSCRIPTION, READER, OLD), kept)];
    const azure = manager(there);
    expect(results(await azureRole.restore(grants, NEW, outsideOf({ graph, azure })))).toEqual([
      'restored',
      'restored',
    ]);
    const name = assignmentName(SUBSCRIPTION, READER, NEW);
    expect(writesIn(azure.calls)[0]).toEqual({
      method: 'PUT',
      path: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=2022-04-01`,
      body: { properties: { roleDefinitionId: READER, principalId: NEW, principalType: 'User', ...kept } },
    });
    expect(there).toHaveLength(3);
  });

  it('at the root scope the address does not begin with two slashes', async () => {
    const azure = manager([]);
    await azureRole.restore(grants.slice(1), NEW, outsideOf({ graph, azure }));
    expect(writesIn(azure.calls)[0]?.path).toMatch(/^\/providers\/Microsoft\.Authorization\/roleAssignments\//);
  });

  it('a second run makes no second assignment', async () => {
    const there: Assignment[] = [];
    const azure = manager(there);
    await azureRole.restore(grants, NEW, outsideOf({ graph, azure }));
    await azureRole.restore(grants, NEW, outsideOf({ graph, azure }));
    expect(there).toHaveLength(2);
  });

  it('an assignment that somebody else made under another name is already present', async () => {
    const azure = manager([assignment(SUBSCRIPTION, 'by-hand', { principalId: NEW })]);
    expect(results(await azureRole.restore(grants.slice(0, 1), NEW, outsideOf({ graph, azure })))).toEqual([
      'alreadyPresent',
    ]);
  });
});
