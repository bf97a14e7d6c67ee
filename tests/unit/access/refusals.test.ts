import { accessKinds, enabledKinds } from '../../../access';
import { permissionsToRestore, type AccessKind, type Attempt } from '../../../access/kind';
import { kindSchema, type Grant, type GrantKind } from '../../../domain/grants';
import type { ServiceError } from '../../../domain/serviceError';
import { azureOf, graphOf, QUOTED_ADDRESS, refusal, writesIn, outsideOf, type Call } from '../../support/recordedCalls';

const OLD = '01d00000-0000-4000-8000-000000000001';
const NEW = '0e000000-0000-4000-8000-000000000002';
const kinds = Object.values(accessKinds).filter((kind) => kind.calls.restore.length > 0);

const EXTENSION = 'extension_0123456789abcdef0123456789abcdef_badge';

/** What a grant of each kind that writes remembers. */
const data: Partial<Record<GrantKind, Record<string, unknown>>> = {
  profile: { value: 'Analyst' },
  directoryExtension: { value: 'B-1' },
  openExtension: { value: { colour: 'blue' } },
  customSecurityAttribute: { value: 'Certified' },
  manager: { value: 'manager' },
  directReport: {},
  sponsor: {},
  sponsorOf: {},
  groupMembership: {},
  groupOwnership: {},
  directoryRole: { roleDefinitionId: 'role', directoryScopeId: '/' },
  appRole: { resourceId: 'resource', appRoleId: 'role' },
  pimDirectoryRole: { list: 'eligible', value: null, roleDefinitionId: 'role', directoryScopeId: '/' },
  pimGroup: {
    list: 'active',
    value: '2099-01-01T00:00:00Z',
    groupId: 'group',
    accessId: 'member',
    roleAssignable: false,
  },
  teamsChannel: { teamId: 'team', channelId: '19:channel@thread.tacv2', roles: [] },
  conditionalAccess: { policyId: 'policy', list: 'exclude', oldId: OLD },
  license: { skuId: 'sku', value: [] },
  accessPackage: { accessPackageId: 'package', assignmentPolicyId: 'policy', value: null, delivers: [] },
  delegatedPermission: { clientId: 'client', resourceId: 'resource', value: ['User.Read'] },
  applicationOwnership: { collection: 'applications', id: 'application' },
  administrativeUnit: { restricted: false },
  azureRole: { scope: '/subscriptions/s', roleDefinitionId: '/roleDefinitions/r' },
  pimAzureRole: {
    list: 'eligible',
    scope: '/subscriptions/s',
    roleDefinitionId: '/roleDefinitions/r',
    value: { until: null, condition: null },
  },
  keyVaultPolicy: {
    vaultId: '/subscriptions/s/vaults/v',
    tenantId: 'tenant',
    principalId: 'old',
    value: { keys: ['get'], secrets: [], certificates: [], storage: [] },
  },
};

/** Keys of kinds that read something in them; others have any. */
const keys: Partial<Record<GrantKind, string>> = {
  profile: 'jobTitle',
  directoryExtension: EXTENSION,
  customSecurityAttribute: 'Calibration.Level',
};

/** What a kind finds where it looks before it writes, other than an object with the new guest's id. */
const looks: Partial<Record<GrantKind, object>> = {
  conditionalAccess: { id: 'policy', conditions: { users: { excludeUsers: [OLD] } } },
};

/** What is read before something is written: a guest who has nothing yet. */
function readingOf({ method }: Pick<Call, 'method'>, kind: GrantKind): unknown {
  if (method === 'GET') return looks[kind] ?? { id: NEW, usageLocation: 'NO', properties: {} };
  if (method === 'LIST') return [];
  return method === 'QUERY' ? { value: [{ name: EXTENSION, targetObjects: ['User'] }] } : undefined;
}

/**
 * Kinds that try again after any bad request: Microsoft does not document in which words an unknown user is refused in
 * a policy.
 */
const patientKinds: readonly GrantKind[] = ['conditionalAccess'];

/** Restores one grant of a kind while its service refuses every write. */
async function attemptAt(accessKind: AccessKind, error: ServiceError): Promise<Attempt> {
  const { kind } = accessKind;
  const stored = data[kind];
  if (stored === undefined) throw new Error(`What does a grant of the kind ${kind} remember? Add it to the table.`);
  const grant: Grant = { kind, key: keys[kind] ?? 'key', name: 'name', data: stored };
  const answer = (call: Call) => {
    const read = readingOf(call, kind);
    if (read === undefined) throw error;
    return read;
  };
  const [graph, azure] = [graphOf(answer), azureOf(answer)];
  const outside = outsideOf({ graph, azure, rewriteConditionalAccess: true });
  const [attempt, ...more] = await accessKind.restore([grant], NEW, outside);
  expect(writesIn([...graph.calls, ...azure.calls])).toHaveLength(1);
  if (attempt === undefined || more.length > 0) throw new Error('One grant has one attempt.');
  return attempt;
}

describe.each(kinds)('$title: what a refusal means', (kind) => {
  it.each([
    ['404, the new guest is not known there yet', refusal(404, 'Request_ResourceNotFound')],
    ['an unknown reference', refusal(400, 'Request_BadRequest', "One of the objects being referenced don't exist.")],
    ['an invalid reference', refusal(400, 'Request_BadRequest', 'Not a valid reference update.')],
    ['an unknown principal', refusal(400, 'PrincipalNotFound', 'Principal does not exist in the directory.')],
    ['an outage', refusal(503, 'ServiceUnavailable')],
    ['no answer', refusal(0, 'timeout')],
    ['a token that is not taken', refusal(401, 'InvalidAuthenticationToken', 'Lifetime validation failed.')],
    ['a change by somebody else at that moment', refusal(409, 'Directory_ConcurrencyViolation')],
  ])('%s: try again later', async (_name, error) => {
    expect(await attemptAt(kind, error)).toMatchObject({ result: 'retry', afterSeconds: 0 });
  });

  it('throttling: try again after the time the service asked for', async () => {
    const error = refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 17 });
    expect(await attemptAt(kind, error)).toMatchObject({ result: 'retry', afterSeconds: 17 });
  });

  it('403: failed, with advice, without the words of the service', async () => {
    const attempt = await attemptAt(kind, refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges of'));
    expect(attempt.result).toBe('failed');
    expect(attempt.detail).toContain(
      'graph answered 403 Authorization_RequestDenied. The app may not do this; grant it by hand.',
    );
    expect(attempt.detail).not.toContain('Insufficient privileges');
  });

  it('another bad request: failed as a rule, without the words of the service', async () => {
    const attempt = await attemptAt(kind, refusal(400, 'Request_BadRequest', 'The quota is used up.'));
    expect(attempt.result).toBe(patientKinds.includes(kind.kind) ? 'retry' : 'failed');
    expect(attempt.detail).not.toContain('The quota is used up.');
    expect(attempt.detail).not.toContain(QUOTED_ADDRESS);
  });
});

it('there is a kind for each word of the domain, under its own name', () => {
  expect(Object.keys(accessKinds).sort()).toEqual([...kindSchema.options].sort());
  for (const [name, kind] of Object.entries(accessKinds)) expect(kind.kind).toBe(name);
});

it('skipped kinds are left out, and only those', () => {
  expect(enabledKinds([]).map((kind) => kind.kind)).toHaveLength(kindSchema.options.length);
  expect(enabledKinds(['profile', 'azureRole']).map((kind) => kind.kind)).toEqual(
    expect.not.arrayContaining(['profile', 'azureRole']),
  );
});

it('nothing to restore needs no permission', () => {
  for (const kind of kinds) expect(permissionsToRestore(kind, [])).toEqual([]);
});
