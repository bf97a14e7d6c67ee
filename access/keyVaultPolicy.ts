import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Azure } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import { quoted, searchIndex } from './azureIndex';
import { removeOrphan } from './azureOrphan';
import { LISTED_SCOPES, lastSegment, listAt, placesFor, same, visibleScopes } from './azureScopes';
import { alreadyPresent, oneByOne, restored, type AccessKind, type Attempt } from './kind';

const VERSION = 'api-version=2022-07-01';

/** A vault in the spelling of Microsoft's documents. */
const VAULT =
  '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.KeyVault/vaults/{vaultName}';

const rowShape = z.object({ id: z.string() });
const permissions = z.object({
  keys: z.array(z.string()).nullish(),
  secrets: z.array(z.string()).nullish(),
  certificates: z.array(z.string()).nullish(),
  storage: z.array(z.string()).nullish(),
});
const policyShape = z.object({
  tenantId: z.string(),
  objectId: z.string(),
  /** The application through which the identity acts; its policy then is another one than that of the identity alone. */
  applicationId: z.string().nullish(),
  permissions: permissions,
});
type Policy = z.infer<typeof policyShape>;
const vaultShape = z.object({
  id: z.string(),
  properties: z.object({
    enableRbacAuthorization: z.boolean().nullish(),
    accessPolicies: z.array(policyShape).nullish(),
  }),
});
type Vault = z.infer<typeof vaultShape>;

const names = ['keys', 'secrets', 'certificates', 'storage'] as const;
const valueShape = z.strictObject({
  keys: z.array(z.string()),
  secrets: z.array(z.string()),
  certificates: z.array(z.string()),
  storage: z.array(z.string()),
});
type Value = z.infer<typeof valueShape>;

const policyData = z.strictObject({
  vaultId: z.string().startsWith('/subscriptions/'),
  tenantId: z.string().min(1),
  applicationId: z.string().min(1).optional(),
  /** Whose policy was captured. */
  principalId: z.string().min(1),
  value: valueShape,
});
type PolicyData = z.infer<typeof policyData>;

/**
 * Access policies of Key Vaults. Vaults that use Azure roles instead ignore their policies, and so does this kind: the
 * roles come back with the kind azureRole. `add` merges permissions into what is there and takes nothing away.
 */
export const keyVaultPolicy: AccessKind = {
  kind: 'keyVaultPolicy',
  title: 'Key Vault access policies',
  calls: {
    capture: [
      'POST /providers/Microsoft.ResourceGraph/resources',
      'GET /subscriptions',
      'GET /providers/Microsoft.Management/managementGroups',
      'GET /subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/vaults',
      `GET ${VAULT}`,
    ],
    restore: [`GET ${VAULT}`, `PUT ${VAULT}/accessPolicies/{operationKind}`],
  },
  limits:
    'Only in vaults that the app may read and whose policies it may write. The entry of the purged guest is removed once the new one exists; where that is refused it stays behind and names nobody.',
  capturePermissions: [],
  restorePermissions: [],
  async capture(guestId, { azure }, expected) {
    const vaults = expected === undefined ? await allVaults(guestId, azure) : await expectedVaults(expected, azure);
    return vaults.flatMap((vault) => grantsIn(vault, guestId)).map((grant) => atLeast(grant, expected ?? []));
  },
  restore(grants, newId, { azure }) {
    return oneByOne(grants, async (grant) => {
      const data = policyData.parse(grant.data);
      const vault = await azure.read(`${data.vaultId}?${VERSION}`, vaultShape);
      const attempt = await add(data, vault, newId, azure);
      if (attempt.result !== 'restored' && attempt.result !== 'alreadyPresent') return attempt;
      return { ...attempt, detail: `${attempt.detail} ${await orphanOf(data, newId, azure)}`.trim() };
    });
  },
};

/**
 * Vaults that may name the guest. The index finds them in all of Azure, but lags, so it only says which to read; the
 * vaults of the first visible subscriptions are listed in any case, and those of all where there is no index.
 */
async function allVaults(guestId: string, azure: Azure): Promise<Vault[]> {
  const query =
    "resources | where type =~ 'microsoft.keyvault/vaults' " +
    `| where tostring(properties.accessPolicies) contains ${quoted(guestId)} | project id | order by id asc`;
  const [found, visible] = await Promise.all([searchIndex(azure, query, rowShape), visibleScopes(azure)]);
  const subscriptions = visible.filter((scope) => scope.toLowerCase().startsWith('/subscriptions/'));
  const places = placesFor(found === undefined ? subscriptions : subscriptions.slice(0, LISTED_SCOPES));
  const listed = await listAt(places, (scope) =>
    azure.readAll(`${scope}/providers/Microsoft.KeyVault/vaults?${VERSION}`, vaultShape),
  );
  const known = new Set(listed.map(({ id }) => id.toLowerCase()));
  const unread = (found ?? []).map(({ id }) => id).filter((id) => !known.has(id.toLowerCase()));
  return [...listed, ...(await readVaults(unread, azure))];
}

function expectedVaults(expected: readonly Grant[], azure: Azure): Promise<Vault[]> {
  return readVaults([...new Set(expected.flatMap(({ scope }) => scope ?? []))], azure);
}

/** The vaults as they are; one that is gone is left out. */
async function readVaults(ids: readonly string[], azure: Azure): Promise<Vault[]> {
  const vaults = await Promise.all(
    ids.map(async (id): Promise<Vault[]> => {
      try {
        return [await azure.read(`${id}?${VERSION}`, vaultShape)];
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  return vaults.flat();
}

function grantsIn({ id, properties }: Vault, guestId: string): Grant[] {
  if (properties.enableRbacAuthorization === true) return [];
  return policiesOf(properties, guestId).flatMap((policy): Grant[] => {
    const value = valueOf(policy);
    if (names.every((name) => value[name].length === 0)) return [];
    const applicationId = policy.applicationId ?? undefined;
    const application = applicationId === undefined ? {} : { applicationId };
    const { tenantId, objectId: principalId } = policy;
    return [
      {
        kind: 'keyVaultPolicy',
        key: [id, ...(applicationId === undefined ? [] : [applicationId])].join('|').toLowerCase(),
        name: lastSegment(id) + (applicationId === undefined ? '' : ` through the application ${applicationId}`),
        scope: id,
        data: { vaultId: id, tenantId, ...application, principalId, value },
      },
    ];
  });
}

/** Permissions beyond those of the old guest stay, so that a policy which covers them compares as equal. */
function atLeast(grant: Grant, expected: readonly Grant[]): Grant {
  const before = policyData.safeParse(expected.find(({ key }) => key === grant.key)?.data).data?.value;
  const now = policyData.parse(grant.data).value;
  if (before === undefined || !names.every((name) => covers(now[name], before[name]))) return grant;
  return { ...grant, data: { ...grant.data, value: before } };
}

function policiesOf({ accessPolicies }: Vault['properties'], objectId: string): Policy[] {
  return (accessPolicies ?? []).filter((policy) => same(policy.objectId, objectId));
}

/** Permissions in one spelling and order; tools write them with and without capitals. */
function valueOf({ permissions: given }: Policy): Value {
  const normal = (list: readonly string[] | null | undefined): string[] =>
    [...new Set((list ?? []).map((permission) => permission.toLowerCase()))].sort();
  return {
    keys: normal(given.keys),
    secrets: normal(given.secrets),
    certificates: normal(given.certificates),
    storage: normal(given.storage),
  };
}

/** The policy of an identity, alone or through the application that the captured policy names. */
function policyFor(vault: Vault, objectId: string, { applicationId }: PolicyData): Policy | undefined {
  return policiesOf(vault.properties, objectId).find((policy) => same(policy.applicationId ?? '', applicationId ?? ''));
}

async function add(data: PolicyData, vault: Vault, newId: string, azure: Azure): Promise<Attempt> {
  if (vault.properties.enableRbacAuthorization === true) {
    const detail = 'The vault uses Azure roles now and ignores access policies; assign a role by hand if it is needed.';
    return { result: 'manual', detail };
  }
  const there = policyFor(vault, newId, data);
  const had = there === undefined ? undefined : valueOf(there);
  if (had !== undefined && names.every((name) => covers(had[name], data.value[name]))) return alreadyPresent;
  await azure.put(`${data.vaultId}/accessPolicies/add?${VERSION}`, bodyOf(data, newId, data.value));
  const more = had !== undefined && names.some((name) => had[name].some((one) => !data.value[name].includes(one)));
  return more ? { ...restored, detail: 'The new guest had other permissions there, which stay.' } : restored;
}

function covers(had: readonly string[], wanted: readonly string[]): boolean {
  return had.includes('all') || wanted.every((permission) => had.includes(permission));
}

function bodyOf({ tenantId, applicationId }: PolicyData, objectId: string, given: Value): unknown {
  const application = applicationId === undefined ? {} : { applicationId };
  return { properties: { accessPolicies: [{ tenantId, objectId, ...application, permissions: given }] } };
}

/** `remove` takes away the permissions that it names, as they are spelled, so the entry is sent as the vault has it. */
async function orphanOf(data: PolicyData, newId: string, azure: Azure): Promise<string> {
  if (same(data.principalId, newId)) return '';
  return removeOrphan('The policy of the old guest', async () => {
    const vault = await azure.read(`${data.vaultId}?${VERSION}`, vaultShape);
    const old = policyFor(vault, data.principalId, data);
    if (old === undefined) return;
    const { keys, secrets, certificates, storage } = old.permissions;
    const spelled = {
      keys: keys ?? [],
      secrets: secrets ?? [],
      certificates: certificates ?? [],
      storage: storage ?? [],
    };
    await azure.put(`${data.vaultId}/accessPolicies/remove?${VERSION}`, bodyOf(data, old.objectId, spelled));
  });
}
