import { accessKinds, enabledKinds } from '../../../access';
import { permissionsToRestore, type AccessKind, type Attempt } from '../../../access/kind';
import { kindSchema, type Grant, type GrantKind } from '../../../domain/grants';
import type { ServiceError } from '../../../domain/serviceError';
import { azureOf, graphOf, QUOTED_ADDRESS, refusal, writesIn, outsideOf } from '../../support/recordedCalls';

const NEW = '0e000000-0000-4000-8000-000000000002';
const kinds = Object.values(accessKinds).filter((kind) => kind.calls.restore.length > 0);

/** What a grant of each kind that writes remembers. */
const data: Partial<Record<GrantKind, Record<string, unknown>>> = {
  profile: { value: 'Analyst' },
  groupMembership: {},
  groupOwnership: {},
  directoryRole: { roleDefinitionId: 'role', directoryScopeId: '/' },
  appRole: { resourceId: 'resource', appRoleId: 'role' },
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

/** What a look before the write finds: nothing of the kind yet. */
const nothing = { id: NEW, properties: {} };

/** Restores one grant of a kind while its service refuses every write. */
async function attemptAt(accessKind: AccessKind, error: ServiceError): Promise<Attempt> {
  const { kind } = accessKind;
  const stored = data[kind];
  if (stored === undefined) throw new Error(`What does a grant of the kind ${kind} remember? Add it to the table.`);
  const grant: Grant = { kind, key: kind === 'profile' ? 'jobTitle' : 'key', name: 'name', data: stored };
  const answer = ({ method }: { method: string }) => {
    if (method === 'GET') return nothing;
    if (method === 'LIST') return [];
    throw error;
  };
  const [graph, azure] = [graphOf(answer), azureOf(answer)];
  const [attempt, ...more] = await accessKind.restore([grant], NEW, outsideOf({ graph, azure }));
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
    expect(attempt).toEqual({
      result: 'failed',
      detail: 'graph answered 403 Authorization_RequestDenied. The app may not do this; grant it by hand.',
    });
  });

  it('another bad request: failed, without the words of the service', async () => {
    const attempt = await attemptAt(kind, refusal(400, 'Request_BadRequest', 'The quota is used up.'));
    expect(attempt).toMatchObject({ result: 'failed' });
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
