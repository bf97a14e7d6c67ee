import { TENANT_ID, azure, guests, numbered, staff } from './ids';

interface Permissions {
  readonly keys?: readonly string[];
  readonly secrets?: readonly string[];
  readonly certificates?: readonly string[];
  readonly storage?: readonly string[];
}

const policy = (objectId: string, permissions: Permissions, applicationId?: string) => ({
  tenantId: TENANT_ID,
  objectId,
  ...(applicationId === undefined ? {} : { applicationId }),
  permissions: { keys: [], secrets: [], certificates: [], storage: [], ...permissions },
});

const vault = (id: string, accessPolicies: readonly object[], enableRbacAuthorization = false) => ({
  id,
  name: id.slice(id.lastIndexOf('/') + 1),
  type: 'Microsoft.KeyVault/vaults',
  location: 'norwayeast',
  properties: {
    tenantId: TENANT_ID,
    sku: { family: 'A', name: 'standard' },
    vaultUri: `https://${id.slice(id.lastIndexOf('/') + 1)}.vault.azure.net/`,
    enableSoftDelete: true,
    enableRbacAuthorization,
    accessPolicies,
  },
});

/** Client id of the application "Measurement Archive", on whose behalf Mara may do more than alone. */
const archiveClient = numbered('a9922222', 2);

/** Key Vaults: two with access policies, spelled as people and tools spell them, and one that ignores its own. */
export const keyVaults = [
  vault(azure.calibrationVault, [
    policy(staff.labManager, { keys: ['all'], secrets: ['all'], certificates: ['all'] }),
    policy(guests.mara, { keys: ['Get', 'List', 'Verify'], secrets: ['get', 'list'] }),
    policy(guests.mara, { keys: ['sign'] }, archiveClient),
  ]),
  vault(azure.portalVault, [
    policy(guests.tomas, { secrets: ['Get'] }),
    policy(guests.mara, { certificates: ['get', 'list'] }),
    policy(staff.projectLead, { secrets: ['get', 'list', 'set', 'delete'] }),
  ]),
  vault(azure.rolesVault, [policy(guests.mara, { secrets: ['get'] })], true),
];
