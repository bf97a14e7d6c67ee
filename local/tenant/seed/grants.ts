import { roleTemplates } from '../directory/roles';
import { azureAssignment } from './azureAssignment';
import {
  TENANT_ID,
  administrativeUnits,
  appRoles,
  azure,
  azureRoles,
  groups,
  guests,
  numbered,
  servicePrincipals,
  staff,
} from './ids';

const role = (id: string, value: string, displayName: string) => ({
  id,
  value,
  displayName,
  description: displayName,
  isEnabled: true,
  origin: 'Application',
  allowedMemberTypes: ['User'],
});

const application = (id: string, number: number, displayName: string, roles: object[], owners: string[] = []) => ({
  id,
  appId: numbered('a9922222', number),
  displayName,
  appDisplayName: displayName,
  accountEnabled: true,
  appRoleAssignmentRequired: true,
  servicePrincipalType: 'Application',
  servicePrincipalNames: [numbered('a9922222', number)],
  appRoles: roles,
  owners,
});

/** Applications with roles; the last one has none, so people get default access to it. */
export const applications = [
  application(
    servicePrincipals.supplierPortal,
    1,
    'Supplier Portal',
    [role(appRoles.portalEditor, 'Portal.Edit', 'Editor'), role(appRoles.portalReader, 'Portal.Read', 'Reader')],
    [staff.projectLead],
  ),
  application(
    servicePrincipals.measurementArchive,
    2,
    'Measurement Archive',
    [role(appRoles.archiveReader, 'Archive.Read', 'Archive reader')],
    [staff.labManager, guests.mara],
  ),
  application(servicePrincipals.timesheets, 3, 'Timesheets', [
    role(appRoles.timesheetSubmitter, 'Timesheet.Submit', 'Submitter'),
  ]),
  application(servicePrincipals.reportViewer, 4, 'Report Viewer', []),
];

const noRole = '00000000-0000-0000-0000-000000000000';

const appAccess = (number: number, principalId: string, name: string, resourceId: string, appRoleId: string) => ({
  id: `appRoleAssignment-${String(number).padStart(4, '0')}`,
  deletedDateTime: null,
  appRoleId,
  createdDateTime: '2024-01-09T11:40:00Z',
  principalDisplayName: name,
  principalId,
  principalType: 'User',
  resourceDisplayName: applications.find(({ id }) => id === resourceId)?.displayName ?? null,
  resourceId,
});

export const appRoleAssignments = [
  appAccess(1, guests.mara, 'Mara Lindqvist', servicePrincipals.supplierPortal, appRoles.portalEditor),
  appAccess(2, guests.mara, 'Mara Lindqvist', servicePrincipals.measurementArchive, appRoles.archiveReader),
  appAccess(3, guests.mara, 'Mara Lindqvist', servicePrincipals.reportViewer, noRole),
  appAccess(4, guests.tomas, 'Tomas Berger', servicePrincipals.supplierPortal, appRoles.portalReader),
  appAccess(5, staff.accountant, 'Linn Aas', servicePrincipals.timesheets, appRoles.timesheetSubmitter),
  appAccess(6, staff.projectLead, 'Sofia Bakke', servicePrincipals.measurementArchive, appRoles.archiveReader),
];

export const oauth2PermissionGrants = [
  {
    id: 'permissionGrant-0001',
    clientId: servicePrincipals.supplierPortal,
    consentType: 'Principal',
    principalId: guests.mara,
    resourceId: servicePrincipals.microsoftGraph,
    scope: 'User.Read openid profile',
  },
  {
    id: 'permissionGrant-0002',
    clientId: servicePrincipals.timesheets,
    consentType: 'AllPrincipals',
    principalId: null,
    resourceId: servicePrincipals.microsoftGraph,
    scope: 'User.Read',
  },
  {
    id: 'permissionGrant-0003',
    clientId: servicePrincipals.measurementArchive,
    consentType: 'Principal',
    principalId: guests.tomas,
    resourceId: servicePrincipals.microsoftGraph,
    scope: 'User.Read',
  },
];

const directoryRole = (number: number, principalId: string, roleDefinitionId: string, directoryScopeId = '/') => ({
  id: `roleAssignment-${String(number).padStart(4, '0')}`,
  principalId,
  roleDefinitionId,
  directoryScopeId,
});

export const roleAssignments = [
  directoryRole(1, staff.globalAdministrator, roleTemplates.globalAdministrator),
  directoryRole(2, staff.secondAdministrator, roleTemplates.globalAdministrator),
  directoryRole(3, staff.helpdesk, roleTemplates.helpdeskAdministrator),
  directoryRole(4, groups.roleAssignable, roleTemplates.reportsReader),
  directoryRole(5, guests.mara, roleTemplates.guestInviter),
  directoryRole(
    6,
    guests.mara,
    roleTemplates.helpdeskAdministrator,
    `/administrativeUnits/${administrativeUnits.suppliers}`,
  ),
];

const subscription = (id: string, displayName: string, managementGroupId: string) => ({
  id,
  subscriptionId: id.slice('/subscriptions/'.length),
  tenantId: TENANT_ID,
  displayName,
  state: 'Enabled',
  managementGroupId,
});

export const azureSubscriptions = [
  subscription(azure.productionSubscription, 'Fjellbekk Production', azure.plantsManagementGroup),
  subscription(azure.labSubscription, 'Fjellbekk Laboratories', azure.plantsManagementGroup),
];

/** Below the tenant's root group, which every tenant has. */
export const plantsManagementGroup = {
  id: azure.plantsManagementGroup,
  name: 'plants',
  type: 'Microsoft.Management/managementGroups',
  properties: {
    tenantId: TENANT_ID,
    displayName: 'Plants',
    details: { parent: { id: azure.rootManagementGroup, name: TENANT_ID, displayName: 'Tenant Root Group' } },
  },
};

const resource = (id: string, type: string) => ({
  id,
  name: id.slice(id.lastIndexOf('/') + 1),
  type,
  location: 'norwayeast',
});

export const azureResources = [
  resource(azure.measurementsGroup, 'Microsoft.Resources/resourceGroups'),
  resource(azure.portalGroup, 'Microsoft.Resources/resourceGroups'),
  resource(azure.measurementsStorage, 'Microsoft.Storage/storageAccounts'),
];

const ownContainer =
  "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR " +
  "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'aurora'))";

export const azureRoleAssignments = [
  azureAssignment(
    numbered('a2000000', 3),
    azure.productionSubscription,
    azureRoles.owner,
    staff.globalAdministrator,
    'User',
  ),
  azureAssignment(numbered('a2000000', 4), azure.labSubscription, azureRoles.owner, staff.labManager, 'User'),
  azureAssignment(
    numbered('a2000000', 5),
    azure.plantsManagementGroup,
    azureRoles.monitoringReader,
    guests.mara,
    'User',
    { description: 'Watches the calibration rigs' },
  ),
  azureAssignment(numbered('a2000000', 6), azure.labSubscription, azureRoles.reader, guests.mara, 'User'),
  azureAssignment(numbered('a2000000', 7), azure.measurementsGroup, azureRoles.blobDataReader, guests.mara, 'User', {
    condition: ownContainer,
  }),
  azureAssignment(
    numbered('a2000000', 8),
    azure.measurementsStorage,
    azureRoles.blobDataContributor,
    guests.mara,
    'User',
  ),
];
