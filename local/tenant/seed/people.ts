import { guestAttributes } from './attributes';
import {
  COMPANY_DOMAIN,
  TENANT_DOMAIN,
  exchangeFoundationPlan,
  groups,
  guests,
  products,
  sharedMailbox,
  staff,
} from './ids';

const employee = (id: string, displayName: string, jobTitle: string, department: string, more: object = {}) => {
  const [givenName = '', surname = ''] = displayName.split(' ');
  const mail = `${givenName}.${surname}@${COMPANY_DOMAIN}`.toLowerCase();
  return {
    id,
    accountEnabled: true,
    createdDateTime: '2021-02-01T08:00:00Z',
    creationType: null,
    displayName,
    givenName,
    surname,
    jobTitle,
    department,
    companyName: 'Fjellbekk Instruments',
    usageLocation: 'NO',
    mail,
    mailNickname: mail.split('@')[0],
    otherMails: [],
    proxyAddresses: [`SMTP:${mail}`],
    userPrincipalName: mail,
    userType: 'Member',
    identities: [{ signInType: 'userPrincipalName', issuer: TENANT_DOMAIN, issuerAssignedId: mail }],
    ...more,
  };
};

/** A product that a guest may hold a licence of. */
export const freeReports: string = products.freeReports;

const licensed = (...sources: { skuId: string; disabledPlans?: string[]; assignedByGroup?: string }[]) => ({
  assignedLicenses: sources.map(({ skuId, disabledPlans = [] }) => ({ skuId, disabledPlans })),
  licenseAssignmentStates: sources.map(({ skuId, disabledPlans = [], assignedByGroup = null }) => ({
    skuId,
    disabledPlans,
    assignedByGroup,
    state: 'Active',
    error: 'None',
  })),
});

/** By membership of a group. */
const freeFlows = { skuId: products.freeFlows, assignedByGroup: groups.calibrationLab };

/** The company's own people. */
export const employees = [
  employee(staff.globalAdministrator, 'Ingrid Solberg', 'Head of IT', 'IT'),
  employee(staff.secondAdministrator, 'Erik Dahl', 'System Administrator', 'IT', {
    manager: staff.globalAdministrator,
  }),
  employee(staff.projectLead, 'Sofia Bakke', 'Project Lead', 'Engineering'),
  employee(staff.labManager, 'Magnus Lie', 'Laboratory Manager', 'Quality', licensed(freeFlows)),
  employee(staff.qualityEngineer, 'Nora Haugen', 'Quality Engineer', 'Quality', {
    manager: staff.labManager,
    ...licensed({ skuId: freeReports }),
  }),
  employee(staff.helpdesk, 'Kari Moen', 'Service Desk', 'IT', { manager: staff.globalAdministrator }),
  employee(staff.accountant, 'Linn Aas', 'Accountant', 'Finance'),
  employee(staff.operator, 'Ola Strand', 'Plant Operator', 'Production', { onPremisesSyncEnabled: true }),
];

/** Nobody signs in to it: such accounts are disabled. */
export const guestAccessMailbox = {
  id: sharedMailbox,
  accountEnabled: false,
  createdDateTime: '2021-02-01T08:00:00Z',
  creationType: null,
  displayName: 'Guest Access',
  mail: `guest-access@${COMPANY_DOMAIN}`,
  mailNickname: 'guest-access',
  otherMails: [],
  proxyAddresses: [`SMTP:guest-access@${COMPANY_DOMAIN}`],
  userPrincipalName: `guest-access@${COMPANY_DOMAIN}`,
  userType: 'Member',
  identities: [
    {
      signInType: 'userPrincipalName',
      issuer: TENANT_DOMAIN,
      issuerAssignedId: `guest-access@${COMPANY_DOMAIN}`,
    },
  ],
};

const guest = (id: string, displayName: string, mail: string, issuer: string | undefined, more: object = {}) => {
  const [givenName = '', ...rest] = displayName.split(' ');
  const userPrincipalName = `${mail.replace('@', '_')}#EXT#@${TENANT_DOMAIN}`;
  const host = { signInType: 'userPrincipalName', issuer: TENANT_DOMAIN, issuerAssignedId: userPrincipalName };
  return {
    id,
    accountEnabled: true,
    createdDateTime: '2023-05-08T09:20:00Z',
    creationType: 'Invitation',
    displayName,
    givenName,
    surname: rest.join(' '),
    externalUserState: issuer === undefined ? 'PendingAcceptance' : 'Accepted',
    externalUserStateChangeDateTime: '2023-05-08T10:02:00Z',
    mail,
    mailNickname: userPrincipalName.split('@')[0],
    otherMails: [mail],
    proxyAddresses: [`SMTP:${mail}`],
    userPrincipalName,
    userType: 'Guest',
    identities: issuer === undefined ? [host] : [{ signInType: 'federated', issuer, issuerAssignedId: null }, host],
    ...more,
  };
};

/** Guests of every identity provider. */
export const guestUsers = [
  guest(guests.mara, 'Mara Lindqvist', 'mara.lindqvist@ostsund.example', 'ExternalAzureAD', {
    jobTitle: 'Calibration Consultant',
    department: 'Quality',
    companyName: 'Östsund Mätteknik',
    city: 'Göteborg',
    country: 'Sweden',
    officeLocation: 'Lab 2',
    usageLocation: 'SE',
    preferredLanguage: 'sv-SE',
    employeeType: 'Consultant',
    manager: staff.projectLead,
    sponsors: [staff.projectLead, staff.labManager],
    ...guestAttributes[guests.mara],
    ...licensed({ skuId: freeReports, disabledPlans: [exchangeFoundationPlan] }, freeFlows),
  }),
  guest(guests.tomas, 'Tomas Berger', 'tomas.berger@ostsund.example', 'ExternalAzureAD', {
    jobTitle: 'Technician',
    department: 'Field Service',
    manager: guests.mara,
    sponsors: [guests.mara, staff.projectLead],
    ...guestAttributes[guests.tomas],
  }),
  guest(guests.ines, 'Ines Duarte', 'ines.duarte@lusomed.example', 'ExternalAzureAD'),
  guest(guests.jonas, 'Jonas Eklund', 'jonas.eklund@outlook.example', 'MicrosoftAccount'),
  // Mara is one of the External Reviewers, so Graph lists Priya among those she sponsors.
  guest(guests.priya, 'Priya Nair', 'priya.nair@tidalworks.example', 'mail', {
    manager: guests.mara,
    sponsors: [groups.externalReviewers],
  }),
  guest(guests.leo, 'Leo Fontaine', 'leo.fontaine@gmail.example', 'google.com', { sponsors: [guests.mara] }),
  guest(
    guests.hanna,
    'Hanna Weiss',
    'hanna.weiss@rheinlabor.example',
    'https://sso.rheinlabor.example/adfs/services/trust',
  ),
  guest(guests.pavel, 'Pavel Marek', 'pavel.marek@vltavasys.example', undefined),
];
