import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import { alreadyPresent, oneByOne, attemptOfError, restored, type AccessKind, type Attempt } from './kind';

const consentShape = z.object({
  id: z.string(),
  clientId: z.string(),
  consentType: z.string(),
  resourceId: z.string(),
  scope: z.string().nullish(),
});
type Consent = z.infer<typeof consentShape>;
const applicationShape = z.object({ displayName: z.string().nullish() });
const consentData = z.strictObject({
  clientId: z.string().min(1),
  resourceId: z.string().min(1),
  value: z.array(z.string().min(1)),
});

/**
 * What a guest consented to: an application acting for them at an API. Consents for everybody are not the guest's.
 * Scopes are only added. A new guest who consented to more in the meantime keeps that, and it compares as equal.
 */
export const delegatedPermission: AccessKind = {
  kind: 'delegatedPermission',
  title: 'Delegated permissions',
  calls: {
    capture: ['GET /users/{user-id}/oauth2PermissionGrants', 'GET /servicePrincipals/{servicePrincipal-id}'],
    restore: [
      'GET /users/{user-id}/oauth2PermissionGrants',
      'POST /oauth2PermissionGrants',
      'PATCH /oauth2PermissionGrants/{oAuth2PermissionGrant-id}',
    ],
  },
  limits: 'Consents given by an administrator for everybody do not belong to a guest.',
  capturePermissions: [
    { anyOf: ['Directory.Read.All', 'DelegatedPermissionGrant.ReadWrite.All'], why: 'read what a guest consented to' },
    { anyOf: ['Application.Read.All', 'Directory.Read.All'], why: 'name the applications a guest consented to' },
  ],
  restorePermissions: [
    {
      anyOf: ['DelegatedPermissionGrant.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'give consents to the new guest',
    },
  ],
  async capture(guestId, { graph }, expected = []) {
    const own = await readConsents(guestId, graph);
    const names = await namesOf([...new Set(own.flatMap(({ clientId, resourceId }) => [clientId, resourceId]))], graph);
    return own.map((consent) => grantOf(consent, names, expected));
  },
  async restore(grants, newId, { graph }) {
    const present = await readConsents(newId, graph).catch(attemptOfError);
    return oneByOne(grants, async (grant): Promise<Attempt> => {
      if ('result' in present) return present;
      const { clientId, resourceId, value } = consentData.parse(grant.data);
      const consent = present.find((one) => keyOf(one) === grant.key);
      if (consent === undefined) {
        const scope = value.join(' ');
        const body = { clientId, consentType: 'Principal', principalId: newId, resourceId, scope };
        await graph.write('POST', '/oauth2PermissionGrants', body);
        return restored;
      }
      const scopes = scopesOf(consent);
      if (covers(scopes, value)) return alreadyPresent;
      // A PATCH replaces the scopes: those that are there have to be in it.
      const scope = [...new Set([...scopes, ...value])].join(' ');
      await graph.write('PATCH', `/oauth2PermissionGrants/${consent.id}`, { scope });
      return restored;
    });
  },
};

async function readConsents(userId: string, graph: Graph): Promise<Consent[]> {
  const all = await graph.readAll(`/users/${userId}/oauth2PermissionGrants`, consentShape);
  return all.filter(({ consentType }) => consentType === 'Principal');
}

async function namesOf(ids: readonly string[], graph: Graph): Promise<Map<string, string>> {
  const names = await Promise.all(
    ids.map(async (id): Promise<[string, string]> => {
      try {
        const { displayName } = await graph.read(`/servicePrincipals/${id}?$select=id,displayName`, applicationShape);
        return [id, displayName ?? id];
      } catch (error) {
        if (isNotFound(error)) return [id, id];
        throw error;
      }
    }),
  );
  return new Map(names);
}

function grantOf(consent: Consent, names: ReadonlyMap<string, string>, expected: readonly Grant[]): Grant {
  const { clientId, resourceId } = consent;
  const key = keyOf(consent);
  const scopes = scopesOf(consent);
  const before = consentData.safeParse(expected.find((grant) => grant.key === key)?.data).data?.value;
  return {
    kind: 'delegatedPermission',
    key,
    name: `${names.get(clientId) ?? clientId}: ${names.get(resourceId) ?? resourceId}`,
    data: { clientId, resourceId, value: before !== undefined && covers(scopes, before) ? before : scopes },
  };
}

function keyOf({ clientId, resourceId }: Consent): string {
  return `${clientId}/${resourceId}`;
}

/** The scopes in order; Graph writes them with spaces between and often one in front. */
function scopesOf({ scope }: Consent): string[] {
  return [...new Set((scope ?? '').split(/\s+/).filter((one) => one !== ''))].sort();
}

function covers(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => scopes.includes(scope));
}
