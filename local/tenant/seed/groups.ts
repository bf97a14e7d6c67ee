import { administrativeUnits, groups, guests, products, staff } from './ids';

interface Membership {
  readonly members?: readonly string[];
  readonly owners?: readonly string[];
}

const group = (id: string, displayName: string, links: Membership, more: object = {}) => ({
  id,
  displayName,
  description: null,
  createdDateTime: '2022-01-17T12:00:00Z',
  groupTypes: [],
  mailEnabled: false,
  mailNickname: displayName.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase(),
  securityEnabled: true,
  isAssignableToRole: null,
  onPremisesSyncEnabled: null,
  visibility: null,
  members: links.members ?? [],
  owners: links.owners ?? [],
  ...more,
});

const mailbox = (name: string) => ({
  mailEnabled: true,
  mail: `${name}@fjellbekk.example`,
  proxyAddresses: [`SMTP:${name}@fjellbekk.example`],
});

const unified = (name: string, more: object = {}) => ({
  groupTypes: ['Unified'],
  securityEnabled: false,
  visibility: 'Private',
  ...mailbox(name),
  ...more,
});

const dynamic = (membershipRule: string) => ({
  groupTypes: ['DynamicMembership'],
  membershipRule,
  membershipRuleProcessingState: 'On',
});

const { mara, tomas, jonas } = guests;
const { projectLead, labManager, qualityEngineer, accountant, operator, globalAdministrator } = staff;

/** Settings of PIM that allow assignments as long as those of the seed. */
const forYears = { maxDays: 36_500, require: ['Justification'] };

/** Groups of every sort. Members of dynamic groups are computed. */
export const groupList = [
  group(
    groups.projectAurora,
    'Project Aurora',
    { members: [projectLead, labManager, mara, tomas], owners: [projectLead] },
    unified('aurora', { resourceProvisioningOptions: ['Team'] }),
  ),
  group(groups.supplierPortal, 'Supplier Portal Users', { members: [mara, tomas, jonas], owners: [projectLead] }),
  group(
    groups.calibrationLab,
    'Calibration Lab',
    { members: [labManager, mara], owners: [labManager] },
    { assignedLicenses: [{ skuId: products.freeFlows, disabledPlans: [] }] },
  ),
  group(groups.allLaboratories, 'All Laboratories', { members: [groups.calibrationLab], owners: [labManager] }),
  group(
    groups.fieldService,
    'Field Service Partners',
    { members: [projectLead, mara], owners: [projectLead] },
    unified('fieldservice'),
  ),
  group(groups.externalReviewers, 'External Reviewers', {
    members: [mara, qualityEngineer],
    owners: [mara, qualityEngineer],
  }),
  group(
    groups.documentControl,
    'Aurora Document Control',
    { members: [mara, projectLead], owners: [mara, projectLead] },
    unified('aurora-documents', { resourceProvisioningOptions: ['Team'] }),
  ),
  group(groups.allGuestsDynamic, 'All Guests', { owners: [globalAdministrator] }, dynamic('user.userType -eq "Guest"')),
  group(
    groups.qualityDynamic,
    'Quality Department',
    { owners: [labManager] },
    dynamic('(user.department -eq "Quality") and (user.accountEnabled -eq true)'),
  ),
  group(
    groups.calibrationLevelDynamic,
    'Calibration Level 2',
    { owners: [labManager] },
    dynamic('(user.userType -eq "Guest") and (user.extensionAttribute1 -eq "CAL-2")'),
  ),
  group(
    groups.ostsundGuestsDynamic,
    'Östsund Guests',
    { owners: [projectLead] },
    dynamic('user.mail -contains "@ostsund.example"'),
  ),
  group(
    groups.plantOperatorsSynchronized,
    'Plant Operators',
    { members: [operator, mara] },
    { onPremisesSyncEnabled: true, onPremisesSamAccountName: 'PlantOperators' },
  ),
  group(
    groups.supplierNewsDistribution,
    'Supplier News',
    { members: [mara, tomas], owners: [projectLead] },
    { ...mailbox('supplier-news'), securityEnabled: false },
  ),
  group(
    groups.incidentBridgeMailSecurity,
    'Incident Bridge',
    { members: [mara, globalAdministrator], owners: [globalAdministrator] },
    mailbox('incident-bridge'),
  ),
  group(
    groups.roleAssignable,
    'Report Readers (role)',
    { members: [mara], owners: [globalAdministrator] },
    { isAssignableToRole: true, visibility: 'Private' },
  ),
  group(
    groups.rigOperators,
    'Rig Operators',
    { members: [labManager], owners: [labManager] },
    { pim: { member: { eligible: {} }, owner: { active: forYears } } },
  ),
  group(
    groups.changeBoard,
    'Change Board',
    { members: [projectLead], owners: [projectLead] },
    { pim: { member: { active: forYears }, owner: { eligible: {} } } },
  ),
  group(groups.finance, 'Finance', { members: [accountant], owners: [accountant] }),
  group(
    groups.noGuests,
    'Board Room',
    { members: [globalAdministrator, accountant], owners: [globalAdministrator] },
    unified('board', {
      settings: [
        {
          displayName: 'Group.Unified.Guest',
          templateId: '08d542b9-071f-4e16-94b0-74abb372e3d9',
          values: [{ name: 'AllowToAddGuests', value: 'false' }],
        },
      ],
    }),
  ),
];

/** Administrative units; the restricted one is empty until a test needs it. */
export const administrativeUnitList = [
  {
    id: administrativeUnits.suppliers,
    displayName: 'Suppliers',
    description: 'Everybody who works for a supplier',
    members: [mara, tomas],
    isMemberManagementRestricted: false,
    visibility: null,
  },
  {
    id: administrativeUnits.restricted,
    displayName: 'Restricted',
    description: 'Managed by its own administrators only',
    members: [],
    isMemberManagementRestricted: true,
    visibility: null,
  },
  {
    id: administrativeUnits.qualityDynamic,
    displayName: 'Quality People',
    description: 'Everybody of the quality department',
    membershipType: 'Dynamic',
    membershipRule: 'user.department -eq "Quality"',
    membershipRuleProcessingState: 'On',
    isMemberManagementRestricted: false,
    visibility: null,
  },
];
