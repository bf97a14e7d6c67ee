import { extensions, guests, numbered } from './ids';

const extension = (number: number, name: string, dataType: string, more: object = {}) => ({
  id: numbered('e7e00000', number),
  deletedDateTime: null,
  appDisplayName: 'Supplier Portal',
  name,
  dataType,
  isMultiValued: false,
  isSyncedFromOnPremises: false,
  targetObjects: ['User'],
  ...more,
});

/** Directory extensions that applications of the tenant define. */
export const extensionProperties = [
  extension(1, extensions.badgeNumber, 'String'),
  extension(2, extensions.clearanceLevel, 'Integer'),
  extension(3, extensions.laboratories, 'String', { isMultiValued: true }),
  extension(4, extensions.inducted, 'Boolean'),
  extension(5, extensions.plantCode, 'String', {
    appDisplayName: 'Tenant Schema Extension App',
    isSyncedFromOnPremises: true,
  }),
  extension(6, extensions.badgeNumber.replace('badgeNumber', 'roomPlan'), 'String', { targetObjects: ['Group'] }),
];

const attribute = (attributeSet: string, name: string, type: string, more: object = {}) => ({
  id: `${attributeSet}_${name}`,
  attributeSet,
  name,
  description: null,
  type,
  isCollection: false,
  isSearchable: true,
  status: 'Available',
  usePreDefinedValuesOnly: false,
  ...more,
});

const predefined = (...ids: string[]) => ({
  usePreDefinedValuesOnly: true,
  allowedValues: ids.map((id) => ({ id, isActive: true })),
});

/** Custom security attributes: single and several values, free and predefined ones, and one that is deactivated. */
export const customSecurityAttributeDefinitions = [
  attribute('Calibration', 'Level', 'String', predefined('Apprentice', 'Certified', 'Examiner')),
  attribute('Calibration', 'Rigs', 'String', { isCollection: true }),
  attribute('Site', 'Escorted', 'Boolean'),
  attribute('Site', 'HoursPerWeek', 'Integer'),
  attribute('Site', 'Projects', 'Integer', { isCollection: true }),
  attribute('Site', 'ParkingLot', 'String', { status: 'Deprecated' }),
];

const supplierPortalApp = numbered('a9922222', 1);
const timesheetsApp = numbered('a9922222', 3);

const method = (type: string, number: number, more: object) => ({
  '@odata.type': `#microsoft.graph.${type}AuthenticationMethod`,
  id: numbered('a0700000', number),
  createdDateTime: '2023-05-08T10:04:00Z',
  ...more,
});

const authenticator = (number: number, displayName: string) =>
  method('microsoftAuthenticator', number, {
    displayName,
    deviceTag: 'SoftwareTokenActivated',
    phoneAppVersion: '6.8.5',
  });

/** What guests hold as attributes, extensions, security attributes and registered methods, by guest. */
export const guestAttributes = {
  [guests.mara]: {
    employeeHireDate: '2023-05-02T00:00:00Z',
    employeeOrgData: { costCenter: '4711', division: 'Metrology' },
    onPremisesExtensionAttributes: { extensionAttribute1: 'CAL-2', extensionAttribute7: 'Aurora' },
    [extensions.badgeNumber]: 'B-2207',
    [extensions.clearanceLevel]: 2,
    [extensions.laboratories]: ['Lab 2', 'Lab 5'],
    [extensions.inducted]: true,
    [extensions.plantCode]: 'DRM',
    extensions: [
      {
        id: 'example.fjellbekk.induction',
        creatorAppId: supplierPortalApp,
        passed: true,
        score: 87,
        rooms: ['Lab 2', 'Lab 5'],
      },
      { id: 'example.fjellbekk.timesheets', creatorAppId: timesheetsApp, costUnit: '4711-C' },
    ],
    customSecurityAttributes: {
      Calibration: { Level: 'Certified', Rigs: ['R1', 'R4'] },
      Site: { Escorted: false, HoursPerWeek: 16, Projects: [1001, 1003] },
    },
    authenticationMethods: [
      method('password', 1, { password: null }),
      authenticator(2, 'iPhone'),
      authenticator(3, 'iPad'),
      method('phone', 4, { phoneNumber: '+46 701740605', phoneType: 'mobile', smsSignInState: 'notAllowedByPolicy' }),
    ],
  },
  [guests.tomas]: {
    onPremisesExtensionAttributes: { extensionAttribute1: 'CAL-1' },
    [extensions.badgeNumber]: 'B-2208',
    extensions: [{ id: 'example.fjellbekk.induction', creatorAppId: supplierPortalApp, passed: false }],
    customSecurityAttributes: { Calibration: { Level: 'Apprentice' } },
    authenticationMethods: [method('fido2', 5, { displayName: 'Red key', model: 'NFC key' })],
  },
};
