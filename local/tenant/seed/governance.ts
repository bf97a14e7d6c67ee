import {
  TENANT_ID,
  accessPackages,
  appRoles,
  applications,
  assignmentPolicies,
  exchangeFoundationPlan,
  groups,
  guests,
  numbered,
  products,
  servicePrincipals,
  staff,
} from './ids';

const registration = (id: string, number: number, displayName: string, owners: string[]) => ({
  id,
  appId: numbered('a9922222', number),
  createdDateTime: '2022-09-01T07:30:00Z',
  displayName,
  signInAudience: 'AzureADMyOrg',
  owners,
});

/** Application registrations of the company, with their owners. */
export const registrations = [
  registration(applications.supplierPortal, 1, 'Supplier Portal', [staff.projectLead]),
  registration(applications.measurementArchive, 2, 'Measurement Archive', [staff.labManager, guests.mara]),
];

const plan = (servicePlanId: string, servicePlanName: string) => ({
  servicePlanId,
  servicePlanName,
  provisioningStatus: 'Success',
  appliesTo: 'User',
});

const sku = (skuId: string, skuPartNumber: string, servicePlans: object[]) => ({
  id: `${TENANT_ID}_${skuId}`,
  skuId,
  skuPartNumber,
  capabilityStatus: 'Enabled',
  prepaidUnits: { enabled: 100, suspended: 0, warning: 0 },
  servicePlans,
});

export const subscribedSkus = [
  sku(products.freeReports, 'POWER_BI_STANDARD', [
    plan('2049e525-b859-401b-b2a0-e0a31c4b1fe4', 'BI_AZURE_P0'),
    plan(exchangeFoundationPlan, 'EXCHANGE_S_FOUNDATION'),
  ]),
  sku(products.freeFlows, 'FLOW_FREE', [plan('50e68c76-46c6-4674-81f9-75456511b170', 'FLOW_P2_VIRAL')]),
];

const scopeOf = (number: number, role: object, originSystem: string, originId: string) => {
  const [roleId, scopeId] = [numbered('ac200000', number), numbered('ac300000', number)];
  return {
    id: `${roleId}_${scopeId}`,
    createdDateTime: '2024-02-05T10:00:00Z',
    role: { id: roleId, description: null, originSystem, ...role },
    scope: {
      id: scopeId,
      displayName: 'Root',
      description: 'Root Scope',
      originId,
      originSystem,
      isRootScope: true,
    },
  };
};

const membershipOf = (number: number, groupId: string) =>
  scopeOf(number, { displayName: 'Member', originId: `Member_${groupId}` }, 'AadGroup', groupId);

const roleOf = (number: number, displayName: string, applicationId: string, appRoleId: string) =>
  scopeOf(number, { displayName, originId: appRoleId }, 'AadApplication', applicationId);

const accessPackage = (id: string, displayName: string, resourceRoleScopes: object[]) => ({
  id,
  createdDateTime: '2024-02-05T10:00:00Z',
  modifiedDateTime: '2024-02-05T10:00:00Z',
  displayName,
  description: displayName,
  isHidden: false,
  resourceRoleScopes,
});

export const packages = [
  accessPackage(accessPackages.calibrationPartners, 'Calibration Partners', [
    membershipOf(1, groups.fieldService),
    roleOf(2, 'Archive reader', servicePrincipals.measurementArchive, appRoles.archiveReader),
  ]),
  accessPackage(accessPackages.supplierOnboarding, 'Supplier Onboarding', [
    membershipOf(3, groups.supplierPortal),
    roleOf(4, 'Reader', servicePrincipals.supplierPortal, appRoles.portalReader),
  ]),
  accessPackage(accessPackages.qualityStaff, 'Quality Staff', [membershipOf(5, groups.externalReviewers)]),
];

const policy = (id: string, accessPackageId: string, displayName: string, more: object) => ({
  id,
  accessPackageId,
  createdDateTime: '2024-02-05T10:10:00Z',
  modifiedDateTime: '2024-02-05T10:10:00Z',
  displayName,
  description: displayName,
  allowedTargetScope: 'notSpecified',
  specificAllowedTargets: [],
  expiration: { type: 'noExpiration', endDateTime: null, duration: null },
  requestorSettings: { enableTargetsToSelfAddAccess: true, allowCustomAssignmentSchedule: true },
  requestApprovalSettings: { isApprovalRequiredForAdd: false, isApprovalRequiredForUpdate: false, stages: [] },
  reviewSettings: null,
  automaticRequestSettings: null,
  ...more,
});

const { calibrationPartners, supplierOnboarding, qualityStaff } = accessPackages;

export const policies = [
  policy(assignmentPolicies.calibrationExternal, calibrationPartners, 'External partners', {
    allowedTargetScope: 'allExternalUsers',
  }),
  policy(assignmentPolicies.calibrationEmployees, calibrationPartners, 'Employees', {
    allowedTargetScope: 'allMemberUsers',
    expiration: { type: 'afterDuration', endDateTime: null, duration: 'P365D' },
  }),
  policy(assignmentPolicies.supplierOrganization, supplierOnboarding, 'Östsund', {
    allowedTargetScope: 'specificConnectedOrganizationUsers',
    specificAllowedTargets: [
      {
        '@odata.type': '#microsoft.graph.connectedOrganizationMembers',
        connectedOrganizationId: 'e0000000-0000-4000-8000-000000000001',
        description: 'Östsund Mätteknik',
      },
    ],
  }),
  policy(assignmentPolicies.qualityAutomatic, qualityStaff, 'By department', {
    allowedTargetScope: 'specificDirectoryUsers',
    specificAllowedTargets: [
      {
        '@odata.type': '#microsoft.graph.attributeRuleMembers',
        description: 'Employees of the quality department',
        membershipRule: '(user.department -eq "Quality") and (user.userType -eq "Member")',
      },
    ],
    automaticRequestSettings: {
      requestAccessForAllowedTargets: true,
      removeAccessWhenTargetLeavesAllowedTargets: true,
      gracePeriodBeforeAccessRemoval: 'P7D',
    },
  }),
];

const assignment = (number: number, objectId: string, policyId: string, endDateTime: string | null) => ({
  id: numbered('ac400000', number),
  state: 'delivered',
  status: 'Delivered',
  expiredDateTime: null,
  schedule: {
    startDateTime: '2024-03-01T09:00:00Z',
    recurrence: null,
    expiration: { type: endDateTime === null ? 'noExpiration' : 'afterDateTime', endDateTime, duration: null },
  },
  accessPackageId: policies.find(({ id }) => id === policyId)?.accessPackageId,
  assignmentPolicyId: policyId,
  target: {
    id: numbered('ac500000', number),
    objectId,
    displayName: null,
    email: null,
    principalName: null,
    onPremisesSecurityIdentifier: null,
    subjectType: 'user',
  },
});

/** What these packages give is in the groups and app role assignments already. */
export const assignments = [
  assignment(1, guests.mara, assignmentPolicies.calibrationExternal, '2041-06-30T22:00:00Z'),
  assignment(2, guests.tomas, assignmentPolicies.supplierOrganization, null),
  assignment(3, staff.projectLead, assignmentPolicies.calibrationEmployees, '2041-01-31T23:00:00Z'),
  assignment(4, staff.qualityEngineer, assignmentPolicies.qualityAutomatic, null),
];
