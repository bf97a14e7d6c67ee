import { roleTemplates } from '../directory/roles';
import { conditionalAccessPolicies, guests, numbered, staff } from './ids';

const noUsers = {
  includeUsers: [],
  excludeUsers: [],
  includeGroups: [],
  excludeGroups: [],
  includeRoles: [],
  excludeRoles: [],
  includeGuestsOrExternalUsers: null,
  excludeGuestsOrExternalUsers: null,
};

const allApplications = {
  includeApplications: ['All'],
  excludeApplications: [],
  includeUserActions: [],
  includeAuthenticationContextClassReferences: [],
  applicationFilter: null,
};

const grantControls = (control: string) => ({
  operator: 'OR',
  builtInControls: [control],
  customAuthenticationFactors: [],
  termsOfUse: [],
});

const policy = (
  id: string,
  displayName: string,
  state: string,
  users: object,
  conditions: object,
  control: string,
) => ({
  id,
  templateId: null,
  displayName,
  createdDateTime: '2023-02-06T08:15:00Z',
  modifiedDateTime: null,
  deletedDateTime: null,
  state,
  conditions: {
    clientAppTypes: ['all'],
    userRiskLevels: [],
    signInRiskLevels: [],
    servicePrincipalRiskLevels: [],
    applications: allApplications,
    platforms: null,
    locations: null,
    devices: null,
    clientApplications: null,
    ...conditions,
    users: { ...noUsers, ...users },
  },
  grantControls: grantControls(control),
  sessionControls: null,
});

const everyGuest = {
  guestOrExternalUserTypes: 'b2bCollaborationGuest,b2bCollaborationMember',
  externalTenants: { '@odata.type': '#microsoft.graph.conditionalAccessAllExternalTenants', membershipKind: 'all' },
};

/** Policies of every sort of users condition. */
export const policyList = [
  policy(
    conditionalAccessPolicies.guestsNeedMfa,
    'Guests need a second factor',
    'enabled',
    {
      includeGuestsOrExternalUsers: everyGuest,
      excludeUsers: [staff.secondAdministrator, guests.mara],
    },
    {},
    'mfa',
  ),
  policy(
    conditionalAccessPolicies.blockPortal,
    'No portal away from the plant',
    'enabled',
    { includeUsers: [guests.mara, guests.tomas], excludeUsers: [staff.globalAdministrator] },
    {
      applications: { ...allApplications, includeApplications: [numbered('a9922222', 1)] },
      locations: { includeLocations: ['All'], excludeLocations: ['AllTrusted'] },
    },
    'block',
  ),
  policy(
    conditionalAccessPolicies.administrators,
    'Administrators use managed devices',
    'enabled',
    { includeRoles: [roleTemplates.globalAdministrator], excludeUsers: [staff.globalAdministrator] },
    {},
    'compliantDevice',
  ),
  policy(
    conditionalAccessPolicies.reportOnly,
    'Field service, report only',
    'enabledForReportingButNotEnforced',
    { includeUsers: [guests.tomas, numbered('90e50000', 99)] },
    {},
    'mfa',
  ),
];
