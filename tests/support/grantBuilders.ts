import type { GrantKind } from '../../domain/grants';
import { roleTemplates } from '../../local/tenant/directory/roles';
import * as seed from '../../local/tenant/seed/ids';

/** A state document of the simulated tenant, to be changed. */
export type TenantDocument = Record<string, Row[] | Row>;
type Row = Record<string, unknown>;

/** What is to become of a grant: an app gives it back, or people do. */
export type Expected = 'back' | 'byHand';

/**
 * Gives one more grant of a kind to a guest of the document, number `n` of its kind. `option` chooses among the sorts of
 * grants that the kind has; every number does. Answers what a switch has to make of it, or undefined when this kind
 * has no room for one more (a guest has one manager).
 */
export type GrantBuilder = (tenant: TenantDocument, guestId: string, n: number, option: number) => Expected | undefined;

const FAR = '2099-06-30T12:00:00Z';
const SINCE = '2024-02-05T08:00:00Z';

function rows(tenant: TenantDocument, name: string): Row[] {
  const found = tenant[name];
  if (Array.isArray(found)) return found;
  const made: Row[] = [];
  tenant[name] = made;
  return made;
}

function rowOf(tenant: TenantDocument, collection: string, id: string): Row {
  const row = rows(tenant, collection).find((one) => one['id'] === id);
  if (row === undefined) throw new Error(`The document has no ${collection} ${id}.`);
  return row;
}

function push(row: Row, property: string, value: unknown): void {
  const list: unknown[] = Array.isArray(row[property]) ? (row[property] as unknown[]) : [];
  row[property] = [...list, value];
}

function pick<T>(list: readonly T[], option: number): T {
  const value = list[option % list.length];
  if (value === undefined) throw new Error('There is nothing to pick from.');
  return value;
}

/** An id of its own for every object a builder makes: `block` says of what sort it is. */
function made(block: string, n: number): string {
  return `${block}-0000-4000-9000-${String(n).padStart(12, '0')}`;
}

interface GroupSort {
  properties: Row;
  member: Expected;
  owner: Expected;
}
const groupSorts: readonly GroupSort[] = [
  { properties: { securityEnabled: true }, member: 'back', owner: 'back' },
  { properties: { groupTypes: ['Unified'], mailEnabled: true, securityEnabled: false }, member: 'back', owner: 'back' },
  { properties: { securityEnabled: true, isAssignableToRole: true }, member: 'back', owner: 'back' },
  { properties: { securityEnabled: true, onPremisesSyncEnabled: true }, member: 'byHand', owner: 'byHand' },
  { properties: { securityEnabled: true, mailEnabled: true }, member: 'byHand', owner: 'byHand' },
];

function group(tenant: TenantDocument, block: string, n: number, properties: Row): Row {
  const row: Row = {
    id: made(block, n),
    displayName: `Group ${block} ${n}`,
    groupTypes: [],
    mailEnabled: false,
    securityEnabled: true,
    mailNickname: `group-${block}-${n}`,
    members: [],
    owners: [],
    ...properties,
  };
  rows(tenant, 'groups').push(row);
  return row;
}

/** One more user of the company. Returns its id. */
function colleague(tenant: TenantDocument, block: string, n: number): string {
  const id = made(block, n);
  const userPrincipalName = `colleague-${block}-${n}@${seed.COMPANY_DOMAIN}`;
  rows(tenant, 'users').push({ id, displayName: `Colleague ${n}`, userPrincipalName, userType: 'Member' });
  return id;
}

const staff = Object.values(seed.staff);
const otherGuests = [seed.guests.jonas, seed.guests.leo, seed.guests.hanna, seed.guests.pavel];
const smallRoles = [
  roleTemplates.guestInviter,
  roleTemplates.directoryReaders,
  roleTemplates.reportsReader,
  roleTemplates.messageCenterReader,
  roleTemplates.helpdeskAdministrator,
];

function directoryScope(tenant: TenantDocument, block: string, n: number, option: number): string {
  if (option % 3 === 0 && n < smallRoles.length) return '/';
  const id = made(block, n);
  rows(tenant, 'administrativeUnits').push({ id, displayName: `Unit ${block} ${n}`, members: [] });
  return `/administrativeUnits/${id}`;
}

function azureScope(tenant: TenantDocument, block: string, n: number): string {
  const id = `${seed.azure.labSubscription}/resourceGroups/rg-${block}-${n}`;
  rows(tenant, 'azureResources').push({ id, name: `rg-${block}-${n}`, type: 'Microsoft.Resources/resourceGroups' });
  return id;
}

const azureRoles = [seed.azureRoles.reader, seed.azureRoles.monitoringReader, seed.azureRoles.blobDataReader];

function azureRoleId(option: number): string {
  const subscription = seed.azure.labSubscription;
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${pick(azureRoles, option)}`;
}

function scheduleInfo(end: string | null): Row {
  const type = end === null ? 'noExpiration' : 'afterDateTime';
  return { startDateTime: SINCE, recurrence: null, expiration: { type, endDateTime: end, duration: null } };
}

function schedule(id: string, principalId: string, end: string | null): Row {
  const common = { id, principalId, createdUsing: id, createdDateTime: SINCE, modifiedDateTime: null };
  return { ...common, status: 'Provisioned', scheduleInfo: scheduleInfo(end) };
}

const profileValues: Record<string, unknown> = {
  jobTitle: 'Surveyor',
  department: 'Field',
  companyName: 'Östsund Mätteknik',
  employeeId: 'E-1',
  employeeType: 'Contractor',
  officeLocation: 'B 12',
  businessPhones: ['+47 22 00 00 00'],
  mobilePhone: '+47 90 00 00 00',
  streetAddress: 'Storgata 1',
  city: 'Drammen',
  state: 'Viken',
  postalCode: '3040',
  country: 'Norway',
  usageLocation: 'NO',
  preferredLanguage: 'nb-NO',
};

const byHandOnly: Pick<Record<GrantKind, GrantBuilder>, 'authenticationMethod' | 'outsideGraph'> = {
  authenticationMethod: (tenant, guestId, n, option) => {
    const type = pick(['fido2', 'softwareOath', 'microsoftAuthenticator'], option);
    const method = { '@odata.type': `#microsoft.graph.${type}AuthenticationMethod`, id: made('a0700001', n) };
    push(rowOf(tenant, 'users', guestId), 'authenticationMethods', { ...method, createdDateTime: SINCE });
    return 'byHand';
  },
  // The three reminders stand for every guest; there is nothing to give.
  outsideGraph: () => undefined,
};

const ofPeople: Pick<
  Record<GrantKind, GrantBuilder>,
  | 'profile'
  | 'directoryExtension'
  | 'openExtension'
  | 'customSecurityAttribute'
  | 'manager'
  | 'directReport'
  | 'sponsor'
  | 'sponsorOf'
  | 'license'
> = {
  profile: (tenant, guestId, n) => {
    const names = Object.keys(profileValues);
    const user = rowOf(tenant, 'users', guestId);
    const name = names[n];
    if (name === undefined) {
      if (n >= names.length + 15) return undefined;
      const attributes = (user['onPremisesExtensionAttributes'] ?? {}) as Row;
      const key = `extensionAttribute${n - names.length + 1}`;
      user['onPremisesExtensionAttributes'] = { ...attributes, [key]: `value ${n}` };
    } else user[name] = profileValues[name];
    return 'back';
  },
  directoryExtension: (tenant, guestId, n, option) => {
    const [dataType, value] = pick<[string, unknown]>(
      [
        ['String', `text ${n}`],
        ['Integer', n],
        ['Boolean', true],
      ],
      option,
    );
    const name = `${seed.extensions.badgeNumber.replace('badgeNumber', 'property')}${n}`;
    const definition = {
      id: made('e7e00001', n),
      appDisplayName: 'Supplier Portal',
      name,
      dataType,
      targetObjects: ['User'],
    };
    rows(tenant, 'extensionProperties').push({ ...definition, isMultiValued: false, isSyncedFromOnPremises: false });
    rowOf(tenant, 'users', guestId)[name] = value;
    return 'back';
  },
  openExtension: (tenant, guestId, n, option) => {
    const content = pick<Row>([{ text: `t ${n}` }, { count: n, flag: true }, { list: ['a', 'b'] }], option);
    const extension = { id: `example.surveys.e${n}`, creatorAppId: seed.numbered('a9922222', 1), ...content };
    // One application may make two extensions of a user, and whatever comes back is made by one.
    if (n >= 2) return undefined;
    push(rowOf(tenant, 'users', guestId), 'extensions', extension);
    return 'back';
  },
  customSecurityAttribute: (tenant, guestId, n, option) => {
    const [type, isCollection, value] = pick<[string, boolean, unknown]>(
      [
        ['String', false, `text ${n}`],
        ['String', true, ['a', `b ${n}`]],
        ['Integer', false, n],
        ['Integer', true, [n, n + 1]],
        ['Boolean', false, n % 2 === 0],
      ],
      option,
    );
    const definition = {
      id: `Survey_A${n}`,
      attributeSet: 'Survey',
      name: `A${n}`,
      description: null,
      type,
      isCollection,
    };
    rows(tenant, 'customSecurityAttributeDefinitions').push({
      ...definition,
      isSearchable: true,
      status: 'Available',
      usePreDefinedValuesOnly: false,
    });
    const user = rowOf(tenant, 'users', guestId);
    const all = (user['customSecurityAttributes'] ?? {}) as Record<string, Row>;
    user['customSecurityAttributes'] = { ...all, Survey: { ...all['Survey'], [`A${n}`]: value } };
    return 'back';
  },
  manager: (tenant, guestId, n, option) => {
    if (n > 0) return undefined;
    rowOf(tenant, 'users', guestId)['manager'] = pick(staff, option);
    return 'back';
  },
  directReport: (tenant, guestId, n) => {
    const id = otherGuests[n] ?? colleague(tenant, '0d000000', n);
    rowOf(tenant, 'users', id)['manager'] = guestId;
    return 'back';
  },
  sponsor: (tenant, guestId, n) => {
    const id = staff[n];
    if (id === undefined || n > 4) return undefined;
    push(rowOf(tenant, 'users', guestId), 'sponsors', id);
    return 'back';
  },
  sponsorOf: (tenant, guestId, n) => {
    const id = [seed.guests.jonas, seed.guests.hanna][n] ?? colleague(tenant, '0e000000', n);
    push(rowOf(tenant, 'users', id), 'sponsors', guestId);
    return 'back';
  },
  license: (tenant, guestId, n, option) => {
    const skuId = made('5c000000', n);
    const servicePlan = {
      servicePlanId: made('5d000000', n),
      servicePlanName: `PLAN_${n}`,
      provisioningStatus: 'Success',
    };
    rows(tenant, 'subscribedSkus').push({
      id: `${seed.TENANT_ID}_${skuId}`,
      skuId,
      skuPartNumber: `PRODUCT_${n}`,
      capabilityStatus: 'Enabled',
      prepaidUnits: { enabled: 10, suspended: 0, warning: 0 },
      servicePlans: [{ ...servicePlan, appliesTo: 'User' }],
    });
    const user = rowOf(tenant, 'users', guestId);
    user['usageLocation'] = 'NO';
    const disabledPlans = option % 2 === 0 ? [] : [servicePlan.servicePlanId];
    push(user, 'assignedLicenses', { skuId, disabledPlans });
    const state = { skuId, disabledPlans, assignedByGroup: null, state: 'Active', error: 'None' };
    push(user, 'licenseAssignmentStates', state);
    return 'back';
  },
};

const ofGroups: Pick<
  Record<GrantKind, GrantBuilder>,
  'groupMembership' | 'groupOwnership' | 'pimGroup' | 'teamsChannel' | 'accessPackage' | 'administrativeUnit'
> = {
  groupMembership: (tenant, guestId, n, option) => {
    const sort = pick(groupSorts, option);
    push(group(tenant, '94000001', n, sort.properties), 'members', guestId);
    return sort.member;
  },
  groupOwnership: (tenant, guestId, n, option) => {
    const sort = pick(groupSorts, option);
    push(group(tenant, '94000002', n, sort.properties), 'owners', guestId);
    return sort.owner;
  },
  pimGroup: (tenant, guestId, n, option) => {
    const settings = { maxDays: 36_500, require: ['Justification'] };
    const pim = { member: { eligible: {}, active: settings }, owner: { eligible: {}, active: settings } };
    const { id } = group(tenant, '94000003', n, { pim });
    const accessId = option % 2 === 0 ? 'member' : 'owner';
    const active = option % 3 === 0;
    const name = made('9100b000', n);
    const common = schedule(name, guestId, active || option % 5 === 0 ? FAR : null);
    const row = { ...common, id: `${String(id)}_${accessId}_${name}`, accessId, groupId: id, memberType: 'direct' };
    if (active) rows(tenant, 'groupAssignmentSchedules').push({ ...row, assignmentType: 'assigned' });
    else rows(tenant, 'groupEligibilitySchedules').push(row);
    return 'back';
  },
  teamsChannel: (tenant, guestId, n) => {
    const team = group(tenant, '94000004', n, {
      groupTypes: ['Unified'],
      mailEnabled: true,
      securityEnabled: false,
      resourceProvisioningOptions: ['Team'],
      members: [seed.staff.projectLead, guestId],
      owners: [seed.staff.projectLead],
    });
    rows(tenant, 'channels').push({
      id: `19:${String(n).padStart(32, 'c')}@thread.tacv2`,
      teamId: team['id'],
      displayName: `Channel ${n}`,
      description: null,
      createdDateTime: SINCE,
      membershipType: 'private',
      members: [
        { userId: seed.staff.projectLead, roles: ['owner'] },
        { userId: guestId, roles: [] },
      ],
    });
    return 'back';
  },
  accessPackage: (tenant, guestId, n, option) => {
    const [packageId, policyId] = [made('ac000001', n), made('ac100001', n)];
    const { id: groupId } = group(tenant, '94000005', n, { members: [guestId] });
    const [roleId, scopeId] = [made('ac200001', n), made('ac300001', n)];
    const origin = { originSystem: 'AadGroup' };
    rows(tenant, 'accessPackages').push({
      id: packageId,
      createdDateTime: SINCE,
      modifiedDateTime: SINCE,
      displayName: `Package ${n}`,
      description: `Package ${n}`,
      isHidden: false,
      resourceRoleScopes: [
        {
          id: `${roleId}_${scopeId}`,
          createdDateTime: SINCE,
          role: {
            id: roleId,
            description: null,
            displayName: 'Member',
            originId: `Member_${String(groupId)}`,
            ...origin,
          },
          scope: {
            id: scopeId,
            displayName: 'Root',
            description: 'Root Scope',
            originId: groupId,
            isRootScope: true,
            ...origin,
          },
        },
      ],
    });
    const template = rows(tenant, 'accessPackageAssignmentPolicies').find(
      ({ id }) => id === seed.assignmentPolicies.calibrationExternal,
    );
    rows(tenant, 'accessPackageAssignmentPolicies').push({ ...template, id: policyId, accessPackageId: packageId });
    rows(tenant, 'accessPackageAssignments').push({
      id: made('ac400001', n),
      state: 'delivered',
      status: 'Delivered',
      expiredDateTime: null,
      schedule: scheduleInfo(option % 2 === 0 ? null : FAR),
      accessPackageId: packageId,
      assignmentPolicyId: policyId,
      target: {
        id: made('ac500001', n),
        objectId: guestId,
        displayName: null,
        email: null,
        principalName: null,
        subjectType: 'user',
      },
    });
    return 'back';
  },
  administrativeUnit: (tenant, guestId, n) => {
    rows(tenant, 'administrativeUnits').push({ id: made('ad000001', n), displayName: `Unit ${n}`, members: [guestId] });
    return 'back';
  },
};

const ofRolesAndApplications: Pick<
  Record<GrantKind, GrantBuilder>,
  | 'directoryRole'
  | 'pimDirectoryRole'
  | 'appRole'
  | 'delegatedPermission'
  | 'applicationOwnership'
  | 'conditionalAccess'
> = {
  directoryRole: (tenant, principalId, n, option) => {
    const directoryScopeId = directoryScope(tenant, 'ad000002', n, option);
    const roleDefinitionId = pick(smallRoles, n);
    rows(tenant, 'roleAssignments').push({ id: `random-role-${n}`, principalId, roleDefinitionId, directoryScopeId });
    return 'back';
  },
  pimDirectoryRole: (tenant, guestId, n, option) => {
    const directoryScopeId = directoryScope(tenant, 'ad000003', n, 1);
    const active = option % 2 === 0;
    const row = {
      ...schedule(made('9100c000', n), guestId, active || option % 3 === 0 ? FAR : null),
      roleDefinitionId: pick(smallRoles, option),
      directoryScopeId,
      appScopeId: null,
      memberType: 'Direct',
    };
    if (active) rows(tenant, 'roleAssignmentSchedules').push({ ...row, assignmentType: 'Assigned' });
    else rows(tenant, 'roleEligibilitySchedules').push(row);
    return 'back';
  },
  appRole: (tenant, principalId, n, option) => {
    const [resourceId, appRoleId] = [made('59000001', n), made('a0100001', n)];
    const roles = [
      { id: appRoleId, value: `Role.${n}`, displayName: `Role ${n}`, isEnabled: true, allowedMemberTypes: ['User'] },
    ];
    const appRoles = option % 4 === 0 ? [] : roles;
    rows(tenant, 'servicePrincipals').push({
      id: resourceId,
      appId: made('a9922223', n),
      displayName: `Application ${n}`,
      servicePrincipalType: 'Application',
      appRoles,
    });
    rows(tenant, 'appRoleAssignments').push({
      id: `random-app-role-${n}`,
      appRoleId: appRoles.length === 0 ? '00000000-0000-0000-0000-000000000000' : appRoleId,
      principalId,
      principalType: 'User',
      resourceId,
      resourceDisplayName: `Application ${n}`,
    });
    return 'back';
  },
  delegatedPermission: (tenant, principalId, n, option) => {
    const clientId = made('59000002', n);
    rows(tenant, 'servicePrincipals').push({
      id: clientId,
      appId: made('a9922224', n),
      displayName: `Client ${n}`,
      appRoles: [],
    });
    rows(tenant, 'oauth2PermissionGrants').push({
      id: `random-consent-${n}`,
      clientId,
      consentType: 'Principal',
      principalId,
      resourceId: seed.servicePrincipals.microsoftGraph,
      scope: pick(['User.Read', 'User.Read openid profile', 'Mail.Read User.Read'], option),
    });
    return 'back';
  },
  applicationOwnership: (tenant, guestId, n, option) => {
    if (option % 2 === 0) {
      rows(tenant, 'applications').push({
        id: made('a9900002', n),
        appId: made('a9922225', n),
        displayName: `Registration ${n}`,
        owners: [guestId],
      });
    } else {
      rows(tenant, 'servicePrincipals').push({
        id: made('59000003', n),
        appId: made('a9922226', n),
        displayName: `Owned ${n}`,
        appRoles: [],
        owners: [guestId],
      });
    }
    return 'back';
  },
  conditionalAccess: (tenant, guestId, n, option) => {
    const [template] = rows(tenant, 'conditionalAccessPolicies');
    const policy = structuredClone(template) ?? {};
    const conditions = policy['conditions'] as Row;
    const list = option % 2 === 0 ? 'includeUsers' : 'excludeUsers';
    const users = {
      ...(conditions['users'] as Row),
      includeUsers: [seed.staff.helpdesk],
      excludeUsers: [],
      includeGuestsOrExternalUsers: null,
    };
    const named = { ...users, [list]: [...users[list as 'includeUsers'], guestId] };
    rows(tenant, 'conditionalAccessPolicies').push({
      ...policy,
      id: made('ca000001', n),
      displayName: `Policy ${n}`,
      conditions: { ...conditions, users: named },
    });
    return 'back';
  },
};

const ofAzure: Pick<Record<GrantKind, GrantBuilder>, 'azureRole' | 'pimAzureRole' | 'keyVaultPolicy'> = {
  azureRole: (tenant, principalId, n, option) => {
    const scope = azureScope(tenant, 'role', n);
    const conditioned = option % 4 === 0;
    rows(tenant, 'azureRoleAssignments').push({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${made('a2000001', n)}`,
      name: made('a2000001', n),
      type: 'Microsoft.Authorization/roleAssignments',
      properties: {
        roleDefinitionId: azureRoleId(option),
        principalId,
        principalType: 'User',
        scope,
        condition: conditioned ? '(true)' : null,
        conditionVersion: conditioned ? '2.0' : null,
        description: option % 3 === 0 ? `why ${n}` : null,
        createdOn: SINCE,
        updatedOn: SINCE,
        createdBy: null,
        updatedBy: null,
      },
    });
    return 'back';
  },
  pimAzureRole: (tenant, principalId, n, option) => {
    const scope = azureScope(tenant, 'pim', n);
    const active = option % 2 === 0;
    const list = active ? 'RoleAssignmentSchedules' : 'RoleEligibilitySchedules';
    const name = made(active ? 'a2a00001' : 'a2e00001', n);
    rows(tenant, `azure${list}`).push({
      id: `${scope}/providers/Microsoft.Authorization/${list}/${name}`,
      name,
      properties: {
        scope,
        roleDefinitionId: azureRoleId(option),
        principalId,
        principalType: 'User',
        status: 'Provisioned',
        memberType: 'Direct',
        startDateTime: SINCE,
        endDateTime: new Date(Date.now() + 100 * 86_400_000).toISOString(),
        createdOn: SINCE,
        updatedOn: SINCE,
        condition: null,
        conditionVersion: null,
        ...(active ? { assignmentType: 'Assigned', linkedRoleEligibilityScheduleId: null } : {}),
      },
    });
    return 'back';
  },
  keyVaultPolicy: (tenant, guestId, n, option) => {
    const template = rows(tenant, 'azureResources').find(({ type }) => type === 'Microsoft.KeyVault/vaults');
    const group = azureScope(tenant, 'vault', n);
    const permissions = {
      keys: ['get'],
      secrets: option % 2 === 0 ? ['get', 'list'] : [],
      certificates: [],
      storage: [],
    };
    const accessPolicies = [{ tenantId: seed.TENANT_ID, objectId: guestId, permissions }];
    rows(tenant, 'azureResources').push({
      ...template,
      id: `${group}/providers/Microsoft.KeyVault/vaults/kv-${n}`,
      name: `kv-${n}`,
      properties: { ...(template?.['properties'] as Row), enableRbacAuthorization: false, accessPolicies },
    });
    return 'back';
  },
};

/** A builder for each kind of grant. */
export const grantBuilders: Record<GrantKind, GrantBuilder> = {
  ...ofPeople,
  ...ofGroups,
  ...ofRolesAndApplications,
  ...ofAzure,
  ...byHandOnly,
};
