import type { Comparison } from './filterSyntax';

/** What Graph knows about one type of object. */
export interface ObjectType {
  /** Collection of the store that holds such objects. */
  readonly collection: string;
  /** `#microsoft.graph.user`, … */
  readonly odataType: string;
  /** Name in Graph's messages. */
  readonly resource: string;
  /** Every property that can be selected. */
  readonly properties: readonly string[];
  /** Those of them that are lists: empty instead of null when unset. */
  readonly collections: readonly string[];
  /** Properties answered without `$select`. */
  readonly defaults: readonly string[];
  /** Operators that `$filter` supports, by property. */
  readonly filters: Readonly<Record<string, readonly Comparison[]>>;
}

const words = (list: string): string[] => list.trim().split(/\s+/);

const equality: readonly Comparison[] = ['eq', 'ne', 'in'];
const textual: readonly Comparison[] = [...equality, 'startswith'];
const address: readonly Comparison[] = [...textual, 'endswith'];
const dated: readonly Comparison[] = ['eq', 'ne', 'ge', 'le', 'in'];

const filtersFor = (groups: readonly (readonly [string, readonly Comparison[]])[]): ObjectType['filters'] =>
  Object.fromEntries(groups.flatMap(([names, operators]) => words(names).map((name) => [name, operators])));

const userLists = words(`assignedLicenses assignedPlans businessPhones identities imAddresses interests
  licenseAssignmentStates onPremisesProvisioningErrors otherMails pastProjects provisionedPlans proxyAddresses
  responsibilities schools serviceProvisioningErrors skills`);

export const userType: ObjectType = {
  collection: 'users',
  odataType: '#microsoft.graph.user',
  resource: 'User',
  collections: userLists,
  properties: [
    ...userLists,
    ...words(`id deletedDateTime aboutMe accountEnabled ageGroup authorizationInfo birthday city companyName
      consentProvidedForMinor country createdDateTime creationType customSecurityAttributes department
      deviceEnrollmentLimit displayName employeeHireDate employeeId employeeLeaveDateTime employeeOrgData employeeType
      externalUserState externalUserStateChangeDateTime faxNumber givenName hireDate isManagementRestricted
      isResourceAccount jobTitle lastPasswordChangeDateTime legalAgeGroupClassification mail mailNickname mobilePhone
      mySite officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes
      onPremisesImmutableId onPremisesLastSyncDateTime onPremisesSamAccountName onPremisesSecurityIdentifier
      onPremisesSyncEnabled onPremisesUserPrincipalName passwordPolicies passwordProfile postalCode
      preferredDataLocation preferredLanguage preferredName securityIdentifier showInAddressList signInActivity
      signInSessionsValidFromDateTime state streetAddress surname usageLocation userPrincipalName userType`),
  ],
  defaults: words(`id businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage
    surname userPrincipalName`),
  filters: filtersFor([
    ['mail userPrincipalName otherMails proxyAddresses', address],
    [
      `displayName givenName surname jobTitle department companyName city country state officeLocation postalCode
       mailNickname employeeId employeeType usageLocation preferredLanguage faxNumber mobilePhone businessPhones`,
      textual,
    ],
    [
      'id userType creationType externalUserState accountEnabled onPremisesSyncEnabled onPremisesImmutableId ageGroup',
      equality,
    ],
    ['createdDateTime externalUserStateChangeDateTime deletedDateTime employeeHireDate', dated],
  ]),
};

const groupLists = words(`assignedLabels assignedLicenses groupTypes onPremisesProvisioningErrors
  proxyAddresses resourceBehaviorOptions resourceProvisioningOptions serviceProvisioningErrors`);

const groupDefaults = [
  ...groupLists.filter((name) => name !== 'assignedLicenses' && name !== 'assignedLabels'),
  ...words(`id deletedDateTime classification createdDateTime description displayName expirationDateTime
    isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState
    onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName
    onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage renewedDateTime
    securityEnabled securityIdentifier theme uniqueName visibility`),
];

export const groupType: ObjectType = {
  collection: 'groups',
  odataType: '#microsoft.graph.group',
  resource: 'Group',
  collections: groupLists,
  properties: [
    ...groupDefaults,
    ...words(`assignedLicenses assignedLabels hasMembersWithLicenseErrors isArchived isManagementRestricted
      licenseProcessingState`),
  ],
  defaults: groupDefaults,
  filters: filtersFor([
    ['mail proxyAddresses', address],
    ['displayName description mailNickname', textual],
    ['id groupTypes mailEnabled securityEnabled isAssignableToRole onPremisesSyncEnabled visibility', equality],
    ['createdDateTime renewedDateTime deletedDateTime', dated],
  ]),
};

const servicePrincipalLists = words(`addIns alternativeNames appRoles keyCredentials notificationEmailAddresses
  oauth2PermissionScopes passwordCredentials replyUrls resourceSpecificApplicationPermissions servicePrincipalNames
  tags`);

const servicePrincipalProperties = [
  ...servicePrincipalLists,
  ...words(`id deletedDateTime accountEnabled appDescription appDisplayName appId applicationTemplateId
    appOwnerOrganizationId appRoleAssignmentRequired description disabledByMicrosoftStatus displayName
    homepage loginUrl logoutUrl notes preferredSingleSignOnMode servicePrincipalType signInAudience`),
];

export const servicePrincipalType: ObjectType = {
  collection: 'servicePrincipals',
  odataType: '#microsoft.graph.servicePrincipal',
  resource: 'ServicePrincipal',
  collections: servicePrincipalLists,
  properties: servicePrincipalProperties,
  defaults: servicePrincipalProperties,
  filters: filtersFor([
    ['displayName', textual],
    ['id appId servicePrincipalType accountEnabled', equality],
  ]),
};

const applicationLists = words(`addIns appRoles identifierUris keyCredentials passwordCredentials
  requiredResourceAccess tags`);

const applicationProperties = [
  ...applicationLists,
  ...words(`id deletedDateTime appId applicationTemplateId createdDateTime description disabledByMicrosoftStatus
    displayName groupMembershipClaims isFallbackPublicClient notes publisherDomain serviceManagementReference
    signInAudience`),
];

export const applicationType: ObjectType = {
  collection: 'applications',
  odataType: '#microsoft.graph.application',
  resource: 'Application',
  collections: applicationLists,
  properties: applicationProperties,
  defaults: applicationProperties,
  filters: filtersFor([
    ['displayName', textual],
    ['id appId signInAudience', equality],
  ]),
};

const plain = (
  collection: string,
  odataType: string,
  properties: string,
  filters: string,
  collections = '',
): ObjectType => ({
  collection,
  odataType: `#microsoft.graph.${odataType}`,
  resource: odataType.charAt(0).toUpperCase() + odataType.slice(1),
  properties: words(properties),
  collections: collections === '' ? [] : words(collections),
  defaults: words(properties),
  filters: filters === '' ? {} : filtersFor([[filters, textual]]),
});

export const administrativeUnitType = plain(
  'administrativeUnits',
  'administrativeUnit',
  `id deletedDateTime displayName description isMemberManagementRestricted membershipRule
   membershipRuleProcessingState membershipType visibility`,
  'id displayName',
);
export const directoryRoleType = plain(
  'directoryRoles',
  'directoryRole',
  'id deletedDateTime displayName description roleTemplateId',
  'id displayName roleTemplateId',
);
export const roleAssignmentType = plain(
  'roleAssignments',
  'unifiedRoleAssignment',
  'id principalId roleDefinitionId directoryScopeId appScopeId condition',
  'id principalId roleDefinitionId directoryScopeId',
);
export const roleDefinitionType = plain(
  'roleDefinitions',
  'unifiedRoleDefinition',
  'id description displayName isBuiltIn isEnabled resourceScopes templateId version rolePermissions',
  'id displayName templateId isBuiltIn',
  'resourceScopes rolePermissions',
);
export const appRoleAssignmentType = plain(
  'appRoleAssignments',
  'appRoleAssignment',
  `id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName
   resourceId`,
  'principalId resourceId principalDisplayName resourceDisplayName',
);
export const permissionGrantType = plain(
  'oauth2PermissionGrants',
  'oAuth2PermissionGrant',
  'id clientId consentType principalId resourceId scope',
  'clientId consentType principalId resourceId',
);
export const licenseDetailsType = plain(
  'licenseDetails',
  'licenseDetails',
  'id skuId skuPartNumber servicePlans',
  '',
  'servicePlans',
);
export const organizationType = plain(
  'organization',
  'organization',
  `id deletedDateTime assignedPlans businessPhones city country countryLetterCode createdDateTime defaultUsageLocation
   displayName marketingNotificationEmails onPremisesLastSyncDateTime onPremisesSyncEnabled
   partnerTenantType postalCode preferredLanguage provisionedPlans securityComplianceNotificationMails
   securityComplianceNotificationPhones state street technicalNotificationMails tenantType verifiedDomains`,
  '',
  `assignedPlans businessPhones marketingNotificationEmails provisionedPlans securityComplianceNotificationMails
   securityComplianceNotificationPhones technicalNotificationMails verifiedDomains`,
);
export const changeSubscriptionType = plain(
  'changeSubscriptions',
  'subscription',
  `id applicationId changeType clientState creatorId encryptionCertificate encryptionCertificateId expirationDateTime
   includeResourceData latestSupportedTlsVersion lifecycleNotificationUrl notificationQueryOptions notificationUrl
   notificationUrlAppId resource`,
  '',
);

export const extensionPropertyType = plain(
  'extensionProperties',
  'extensionProperty',
  'id deletedDateTime appDisplayName dataType isMultiValued isSyncedFromOnPremises name targetObjects',
  '',
  'targetObjects',
);

/** Teams as `joinedTeams` answers them: the list has the shape of a team, of which only three properties are filled. */
export const teamType = plain('groups', 'team', 'id displayName description', '');
export const channelType = plain(
  'channels',
  'channel',
  'id createdDateTime displayName description email isArchived membershipType tenantId webUrl',
  'id displayName membershipType',
);
export const conversationMemberType = plain(
  '',
  'aadUserConversationMember',
  'id roles displayName visibleHistoryStartDateTime userId email tenantId',
  'displayName email userId',
  'roles',
);
export const conditionalAccessPolicyType = plain(
  'conditionalAccessPolicies',
  'conditionalAccessPolicy',
  `id templateId displayName createdDateTime modifiedDateTime deletedDateTime state conditions grantControls
   sessionControls`,
  'id displayName state',
);

/** Stands for lists of mixed types: nothing can be filtered there. */
export const mixedType = plain('', 'directoryObject', 'id deletedDateTime', '');

/** Types whose objects share one id space, in the order they are looked up. */
export const directoryTypes: readonly ObjectType[] = [
  userType,
  groupType,
  servicePrincipalType,
  administrativeUnitType,
  applicationType,
];
