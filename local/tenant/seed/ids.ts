/** Ids of the built-in tenant, for tests, the demo and the configuration of the local stack. */

/** Readable ids: the first block says what kind of object it is. */
const id = (block: string, number: number): string => `${block}-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** An application id as names of directory extensions contain it. */
const appIdIn = (block: string, number: number): string => id(block, number).replaceAll('-', '');

export const TENANT_ID = '7f3c1e52-9a64-4c1b-8d27-5b0e6a94f310';
export const TENANT_DOMAIN = 'fjellbekk.onmicrosoft.com';
export const COMPANY_DOMAIN = 'fjellbekk.example';

/** The application under test: its service principal and its client id. */
export const APP_SERVICE_PRINCIPAL_ID = id('a9900000', 1);
export const APP_CLIENT_ID = id('a9911111', 1);

export const staff = {
  globalAdministrator: id('5aff0000', 1),
  secondAdministrator: id('5aff0000', 2),
  projectLead: id('5aff0000', 3),
  labManager: id('5aff0000', 4),
  qualityEngineer: id('5aff0000', 5),
  helpdesk: id('5aff0000', 6),
  accountant: id('5aff0000', 7),
  operator: id('5aff0000', 8),
} as const;

/** A mailbox that nobody signs in to; applications send from it. */
export const sharedMailbox = id('5aff0000', 20);

export const guests = {
  /** The demo's guest: signs in with a work account and holds grants of every kind. */
  mara: id('90e50000', 1),
  /** Work account, two groups, reports to Mara, who sponsors him. */
  tomas: id('90e50000', 2),
  /** Work account without any access. */
  ines: id('90e50000', 3),
  /** Personal Microsoft account already. */
  jonas: id('90e50000', 4),
  /** One-time passcode. */
  priya: id('90e50000', 5),
  /** Google. */
  leo: id('90e50000', 6),
  /** SAML / WS-Fed federation. */
  hanna: id('90e50000', 7),
  /** Invited, not yet redeemed. */
  pavel: id('90e50000', 8),
} as const;

export const groups = {
  projectAurora: id('94000000', 1),
  supplierPortal: id('94000000', 2),
  calibrationLab: id('94000000', 3),
  /** Contains calibrationLab. */
  allLaboratories: id('94000000', 4),
  fieldService: id('94000000', 5),
  externalReviewers: id('94000000', 6),
  documentControl: id('94000000', 7),
  allGuestsDynamic: id('94000000', 8),
  qualityDynamic: id('94000000', 9),
  plantOperatorsSynchronized: id('94000000', 10),
  supplierNewsDistribution: id('94000000', 11),
  incidentBridgeMailSecurity: id('94000000', 12),
  roleAssignable: id('94000000', 13),
  finance: id('94000000', 14),
  noGuests: id('94000000', 15),
  /** Its rule reads an extension attribute. */
  calibrationLevelDynamic: id('94000000', 16),
  /** Its rule reads the mail address, which another account does not have. */
  ostsundGuestsDynamic: id('94000000', 17),
  /** Managed by PIM: eligible members. */
  rigOperators: id('94000000', 31),
  /** Managed by PIM: members and owners for a time. */
  changeBoard: id('94000000', 32),
} as const;

/** Channels of the teams Project Aurora and Aurora Document Control. */
export const channels = {
  auroraGeneral: '19:0a0000000000000000000000000000a1@thread.tacv2',
  /** Private. */
  auroraCommissioning: '19:0a0000000000000000000000000000a2@thread.tacv2',
  /** Private, without guests. */
  auroraBudget: '19:0a0000000000000000000000000000a3@thread.tacv2',
  auroraShared: '19:0a0000000000000000000000000000a4@thread.tacv2',
  documentsGeneral: '19:0a0000000000000000000000000000b1@thread.tacv2',
  /** Private. */
  documentsDrawings: '19:0a0000000000000000000000000000b2@thread.tacv2',
} as const;

export const conditionalAccessPolicies = {
  /** Excludes Mara. */
  guestsNeedMfa: id('ca000000', 1),
  /** Includes Mara and Tomas. */
  blockPortal: id('ca000000', 2),
  administrators: id('ca000000', 3),
  /** Names somebody who was purged long ago. */
  reportOnly: id('ca000000', 4),
} as const;

export const administrativeUnits = {
  suppliers: id('ad000000', 1),
  restricted: id('ad000000', 2),
  qualityDynamic: id('ad000000', 3),
} as const;

/** Directory role definitions that are not built in; built-in ones have their template id. */
export const customRoles = { supplierAuditor: id('c0500000', 1) } as const;

export const servicePrincipals = {
  microsoftGraph: id('59000000', 1),
  supplierPortal: id('59000000', 2),
  measurementArchive: id('59000000', 3),
  timesheets: id('59000000', 4),
  reportViewer: id('59000000', 5),
} as const;

export const appRoles = {
  portalEditor: id('a0100000', 1),
  portalReader: id('a0100000', 2),
  archiveReader: id('a0100000', 3),
  timesheetSubmitter: id('a0100000', 4),
} as const;

/** Names of directory extensions: those of the Supplier Portal, and one that synchronization owns. */
export const extensions = {
  badgeNumber: `extension_${appIdIn('a9922222', 1)}_badgeNumber`,
  clearanceLevel: `extension_${appIdIn('a9922222', 1)}_clearanceLevel`,
  laboratories: `extension_${appIdIn('a9922222', 1)}_laboratories`,
  inducted: `extension_${appIdIn('a9922222', 1)}_inducted`,
  plantCode: `extension_${appIdIn('a9922222', 9)}_plantCode`,
} as const;

/** Application registrations; their service principals are above. */
export const applications = {
  supplierPortal: id('a9900001', 2),
  measurementArchive: id('a9900001', 3),
} as const;

export const accessPackages = {
  /** Gives membership of fieldService and the archive's reader role. */
  calibrationPartners: id('ac000000', 1),
  /** Gives membership of supplierPortal and the portal's reader role. */
  supplierOnboarding: id('ac000000', 2),
  /** Gives membership of externalReviewers, by a rule. */
  qualityStaff: id('ac000000', 3),
} as const;

export const assignmentPolicies = {
  /** Any external user; administrators may assign directly. */
  calibrationExternal: id('ac100000', 1),
  /** Employees only. */
  calibrationEmployees: id('ac100000', 2),
  /** Users of one connected organization. */
  supplierOrganization: id('ac100000', 3),
  /** Assigned by rule, not by people. */
  qualityAutomatic: id('ac100000', 4),
} as const;

/** Products; the second is given by a group. */
export const products = {
  freeReports: 'a403ebcc-fae0-4ca2-8c8c-7a907fd6c235',
  freeFlows: 'f30db892-07e9-47e9-837c-80727f46fd3d',
} as const;

/** A part of freeReports that Mara has not got. */
export const exchangeFoundationPlan = '113feb6c-3fe4-4440-bddc-54d774bf0318';

export const azure = {
  rootManagementGroup: `/providers/Microsoft.Management/managementGroups/${TENANT_ID}`,
  plantsManagementGroup: '/providers/Microsoft.Management/managementGroups/plants',
  productionSubscription: `/subscriptions/${id('50b00000', 1)}`,
  labSubscription: `/subscriptions/${id('50b00000', 2)}`,
  measurementsGroup: `/subscriptions/${id('50b00000', 2)}/resourceGroups/rg-measurements`,
  portalGroup: `/subscriptions/${id('50b00000', 1)}/resourceGroups/rg-supplier-portal`,
  measurementsStorage: `/subscriptions/${id('50b00000', 2)}/resourceGroups/rg-measurements/providers/Microsoft.Storage/storageAccounts/stmeasurements`,
  calibrationVault: `/subscriptions/${id('50b00000', 2)}/resourceGroups/rg-measurements/providers/Microsoft.KeyVault/vaults/kv-calibration`,
  portalVault: `/subscriptions/${id('50b00000', 1)}/resourceGroups/rg-supplier-portal/providers/Microsoft.KeyVault/vaults/kv-supplier-portal`,
  /** Uses Azure roles; the access policies that it still has are ignored. */
  rolesVault: `/subscriptions/${id('50b00000', 2)}/resourceGroups/rg-measurements/providers/Microsoft.KeyVault/vaults/kv-instruments`,
} as const;

/** GUIDs of Azure's built-in roles. */
export const azureRoles = {
  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  userAccessAdministrator: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
  rbacAdministrator: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  blobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
  monitoringReader: '43d0d8ad-25c7-4714-9337-8ba259a9fe05',
  keyVaultContributor: 'f25e0fa2-a7cd-4377-a976-54943a77a395',
} as const;

/** Ids in order, for seed objects that nobody refers to by name. */
export const numbered = id;
