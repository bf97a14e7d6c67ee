import { roleTemplates } from '../directory/roles';
import { azureAssignment } from './azureAssignment';
import { azureRoleDefinitions, directoryRoleDefinitions } from './roleDefinitions';
import {
  APP_CLIENT_ID,
  APP_SERVICE_PRINCIPAL_ID,
  COMPANY_DOMAIN,
  TENANT_DOMAIN,
  TENANT_ID,
  azure,
  azureRoles,
  numbered,
  servicePrincipals,
} from './ids';

const allUsers = [{ target: 'AllUsers', targetType: 'user' }];
const allApplications = [{ target: 'AllApplications', targetType: 'application' }];
const allowed = {
  usersAndGroups: { accessType: 'allowed', targets: allUsers },
  applications: { accessType: 'allowed', targets: allApplications },
};
const blocked = {
  usersAndGroups: { accessType: 'blocked', targets: allUsers },
  applications: { accessType: 'blocked', targets: allApplications },
};

const organization = {
  id: TENANT_ID,
  displayName: 'Fjellbekk Instruments',
  city: 'Drammen',
  country: 'Norway',
  countryLetterCode: 'NO',
  createdDateTime: '2019-03-12T08:30:00Z',
  preferredLanguage: 'en',
  tenantType: 'AAD',
  // Microsoft Entra ID P2: without it there is no Privileged Identity Management.
  assignedPlans: [
    {
      servicePlanId: 'eec0eb4f-6444-4f95-aba0-50c24d67f998',
      service: 'AADPremiumService',
      capabilityStatus: 'Enabled',
      assignedDateTime: '2023-01-02T06:00:00Z',
    },
  ],
  verifiedDomains: [
    { name: TENANT_DOMAIN, isInitial: true, isDefault: false, type: 'Managed', capabilities: 'Email' },
    { name: COMPANY_DOMAIN, isInitial: false, isDefault: true, type: 'Managed', capabilities: 'Email' },
  ],
};

/** Everybody may invite, guests are limited as by default, no domain is excluded. */
const authorizationPolicy = {
  id: 'authorizationPolicy',
  displayName: 'Authorization Policy',
  description: 'Used to manage authorization related settings across the company.',
  allowInvitesFrom: 'everyone',
  allowedToSignUpEmailBasedSubscriptions: true,
  allowedToUseSSPR: true,
  allowEmailVerifiedUsersToJoinOrganization: false,
  allowUserConsentForRiskyApps: null,
  blockMsolPowerShell: false,
  guestUserRoleId: '10dae51f-b6af-4016-8d66-8c2a99b929b3',
  defaultUserRolePermissions: {
    allowedToCreateApps: true,
    allowedToCreateSecurityGroups: true,
    allowedToCreateTenants: true,
    allowedToReadBitlockerKeysForOwnedDevice: true,
    allowedToReadOtherUsers: true,
    permissionGrantPoliciesAssigned: [],
  },
};

const crossTenantAccessPolicy = {
  id: 'crossTenantAccessPolicy',
  displayName: 'CrossTenantAccessPolicy',
  allowedCloudEndpoints: [],
  default: {
    isServiceDefault: true,
    b2bCollaborationInbound: allowed,
    b2bCollaborationOutbound: allowed,
    b2bDirectConnectInbound: blocked,
    b2bDirectConnectOutbound: blocked,
    inboundTrust: {
      isMfaAccepted: false,
      isCompliantDeviceAccepted: false,
      isHybridAzureADJoinedDeviceAccepted: false,
    },
    automaticUserConsentSettings: { inboundAllowed: false, outboundAllowed: false },
    invitationRedemptionIdentityProviderConfiguration: {
      primaryIdentityProviderPrecedenceOrder: ['azureActiveDirectory', 'externalFederation', 'socialIdentityProviders'],
      fallbackIdentityProvider: 'defaultConfiguredIdp',
    },
  },
  partners: [],
};

const b2bManagementPolicy = {
  id: 'b2bManagementPolicy',
  displayName: 'B2B management policy',
  isOrganizationDefault: true,
  definition: [
    JSON.stringify({
      B2BManagementPolicy: {
        InvitationsAllowedAndBlockedDomainsPolicy: { AllowedDomains: [], BlockedDomains: [] },
      },
    }),
  ],
};

const application = (id: string, appId: string, displayName: string) => ({
  id,
  appId,
  displayName,
  appDisplayName: displayName,
  accountEnabled: true,
  appRoleAssignmentRequired: false,
  servicePrincipalType: 'Application',
  servicePrincipalNames: [appId],
  appRoles: [],
});

/** A tenant without people: the organization, its policies, the roles, and the application under test. */
export function emptyTenant(): Readonly<Record<string, unknown>> {
  return {
    organization,
    authorizationPolicy,
    crossTenantAccessPolicy,
    b2bManagementPolicy,
    roleDefinitions: directoryRoleDefinitions,
    azureRoleDefinitions,
    servicePrincipals: [
      application(servicePrincipals.microsoftGraph, '00000003-0000-0000-c000-000000000000', 'Microsoft Graph'),
      {
        ...application(APP_SERVICE_PRINCIPAL_ID, APP_CLIENT_ID, 'Entra Guest Switch'),
        servicePrincipalType: 'ManagedIdentity',
      },
    ],
    roleAssignments: [
      {
        id: 'app-privileged-authentication-administrator',
        principalId: APP_SERVICE_PRINCIPAL_ID,
        roleDefinitionId: roleTemplates.privilegedAuthenticationAdministrator,
        directoryScopeId: '/',
      },
    ],
    managementGroups: [
      {
        id: azure.rootManagementGroup,
        name: TENANT_ID,
        type: 'Microsoft.Management/managementGroups',
        properties: { tenantId: TENANT_ID, displayName: 'Tenant Root Group' },
      },
    ],
    azureRoleAssignments: [
      azureAssignment(
        numbered('a2000000', 1),
        azure.rootManagementGroup,
        azureRoles.userAccessAdministrator,
        APP_SERVICE_PRINCIPAL_ID,
        'ServicePrincipal',
      ),
      azureAssignment(
        numbered('a2000000', 2),
        azure.rootManagementGroup,
        azureRoles.reader,
        APP_SERVICE_PRINCIPAL_ID,
        'ServicePrincipal',
      ),
      azureAssignment(
        numbered('a2000000', 20),
        azure.rootManagementGroup,
        azureRoles.keyVaultContributor,
        APP_SERVICE_PRINCIPAL_ID,
        'ServicePrincipal',
      ),
    ],
  };
}
