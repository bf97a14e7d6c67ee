import { roleTemplates } from '../directory/roles';
import { azureRoles, customRoles } from './ids';

const builtIn = (templateId: string, displayName: string, description: string) => ({
  id: templateId,
  templateId,
  displayName,
  description,
  isBuiltIn: true,
  isEnabled: true,
  resourceScopes: ['/'],
  version: '1',
  rolePermissions: [{ allowedResourceActions: ['microsoft.directory/users/standard/read'], condition: null }],
});

/** Built-in directory roles (with their real template ids) and one custom role. */
export const directoryRoleDefinitions = [
  builtIn(roleTemplates.globalAdministrator, 'Global Administrator', 'Can manage all aspects of the directory.'),
  builtIn(roleTemplates.privilegedRoleAdministrator, 'Privileged Role Administrator', 'Can manage role assignments.'),
  builtIn(
    roleTemplates.privilegedAuthenticationAdministrator,
    'Privileged Authentication Administrator',
    'Can manage authentication methods of any user, administrators included.',
  ),
  builtIn(roleTemplates.authenticationAdministrator, 'Authentication Administrator', 'Can reset sign-in methods.'),
  builtIn(roleTemplates.userAdministrator, 'User Administrator', 'Can manage users and groups.'),
  builtIn(roleTemplates.groupsAdministrator, 'Groups Administrator', 'Can manage groups and group settings.'),
  builtIn(roleTemplates.helpdeskAdministrator, 'Helpdesk Administrator', 'Can reset passwords of non-administrators.'),
  builtIn(roleTemplates.directoryReaders, 'Directory Readers', 'Can read basic directory information.'),
  builtIn(roleTemplates.guestInviter, 'Guest Inviter', 'Can invite guests.'),
  builtIn(roleTemplates.messageCenterReader, 'Message Center Reader', 'Can read message center posts.'),
  builtIn(roleTemplates.passwordAdministrator, 'Password Administrator', 'Can reset passwords.'),
  builtIn(roleTemplates.reportsReader, 'Reports Reader', 'Can read sign-in and audit reports.'),
  builtIn(roleTemplates.usageSummaryReportsReader, 'Usage Summary Reports Reader', 'Can read usage summaries.'),
  builtIn('9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3', 'Application Administrator', 'Can manage applications.'),
  builtIn('f2ef992c-3afb-46b9-b7cf-a126ee74c451', 'Global Reader', 'Can read everything, change nothing.'),
  builtIn('5d6b6bb7-de71-4623-b4af-96380a352509', 'Security Reader', 'Can read security information.'),
  builtIn('194ae4cb-b126-40b2-bd5b-6091b380977d', 'Security Administrator', 'Can manage security settings.'),
  builtIn('69091246-20e8-4a56-aa4d-066075b2a7a8', 'Teams Administrator', 'Can manage Microsoft Teams.'),
  {
    ...builtIn(customRoles.supplierAuditor, 'Supplier Auditor', 'Can read applications of suppliers.'),
    isBuiltIn: false,
    version: null,
  },
];

/** @param pim settings of Privileged Identity Management for the role; absent = Microsoft's defaults */
const azureRole = (name: string, roleName: string, actions: readonly string[], more: object = {}, pim?: object) => ({
  id: `/providers/Microsoft.Authorization/roleDefinitions/${name}`,
  name,
  type: 'Microsoft.Authorization/roleDefinitions',
  properties: {
    roleName,
    type: 'BuiltInRole',
    description: '',
    assignableScopes: ['/'],
    permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [], ...more }],
  },
  ...(pim === undefined ? {} : { pim }),
});

const blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers';

/** Azure's built-in roles that the seed uses, with the permissions that matter here. */
export const azureRoleDefinitions = [
  azureRole(azureRoles.owner, 'Owner', ['*']),
  azureRole(azureRoles.contributor, 'Contributor', ['*'], {
    notActions: ['Microsoft.Authorization/*/Delete', 'Microsoft.Authorization/*/Write'],
  }),
  // PIM's settings for this role let people be eligible for good.
  azureRole(azureRoles.reader, 'Reader', ['*/read'], {}, { eligible: {} }),
  azureRole(azureRoles.userAccessAdministrator, 'User Access Administrator', [
    '*/read',
    'Microsoft.Authorization/*',
    'Microsoft.Support/*',
  ]),
  azureRole(azureRoles.rbacAdministrator, 'Role Based Access Control Administrator', [
    '*/read',
    'Microsoft.Authorization/roleAssignments/write',
    'Microsoft.Authorization/roleAssignments/delete',
  ]),
  azureRole(azureRoles.blobDataContributor, 'Storage Blob Data Contributor', [`${blobs}/read`, `${blobs}/write`], {
    dataActions: [`${blobs}/blobs/read`, `${blobs}/blobs/write`],
  }),
  azureRole(azureRoles.blobDataReader, 'Storage Blob Data Reader', [`${blobs}/read`], {
    dataActions: [`${blobs}/blobs/read`],
  }),
  azureRole(azureRoles.monitoringReader, 'Monitoring Reader', ['*/read', 'Microsoft.Support/*']),
  azureRole(
    azureRoles.keyVaultContributor,
    'Key Vault Contributor',
    ['Microsoft.Authorization/*/read', 'Microsoft.KeyVault/*', 'Microsoft.Resources/subscriptions/resourceGroups/read'],
    { notActions: ['Microsoft.KeyVault/locations/deletedVaults/purge/action', 'Microsoft.KeyVault/managedHsms/*'] },
  ),
];
