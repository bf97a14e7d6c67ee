import { noContent, type Reply } from '../http/message';
import { ownersOfAddress } from '../directory/lifecycle';
import { isRecord, sameText, text, texts, type Entity, type View } from '../store/snapshot';
import { verifiedDomains } from '../tenant';
import { objectBody } from './bodies';
import { checkExtensionValue, isExtensionName } from './directoryExtensions';
import { GraphError, badRequest, denied } from './errors';
import { userType } from './odata/types';
import { requirePermission, type Call } from './route';
import { changedSecurityAttributes } from './securityAttributes';
import { requireAuthorityOver, requireManageable, userForWrite } from './targets';
import { extensionAttributes } from './userView';

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Changing one of these on a privileged user needs an administrator role. */
const sensitive = words(`accountEnabled businessPhones mobilePhone onPremisesImmutableId otherMails passwordProfile
  userPrincipalName`);

const readOnly = words(`id deletedDateTime assignedPlans createdDateTime creationType
  externalUserStateChangeDateTime isManagementRestricted isResourceAccount lastPasswordChangeDateTime
  legalAgeGroupClassification licenseAssignmentStates assignedLicenses onPremisesDistinguishedName onPremisesDomainName
  onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier
  onPremisesSyncEnabled onPremisesUserPrincipalName provisionedPlans proxyAddresses securityIdentifier
  serviceProvisioningErrors signInActivity signInSessionsValidFromDateTime authorizationInfo imAddresses`);

/** Kept by SharePoint, not by the directory: never together with others in one request. */
const inSharePoint = words(`aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities
  schools skills`);

/** Mastered on premises for synchronized users. */
const masteredOnPremises = words(`displayName givenName surname jobTitle department companyName city country state
  streetAddress postalCode officeLocation mail mobilePhone businessPhones employeeId userPrincipalName
  onPremisesExtensionAttributes`);

/** `PATCH /users/{id}`: 204 without content. */
export function patchUser(call: Call): Reply {
  const changes = objectBody(call);
  const user = userForWrite(call);
  requireManageable(call, user);
  const names = Object.keys(changes).filter((name) => !name.startsWith('@odata.'));
  for (const name of names) checkProperty(call, user, name, changes[name]);
  if (names.some((name) => inSharePoint.includes(name)) && !names.every((name) => inSharePoint.includes(name))) {
    throw new GraphError(400, 'BadRequest', 'The request is currently not supported on the targeted entity set');
  }
  if (names.some((name) => sensitive.includes(name))) requireAuthorityOver(call, user);
  call.tenant.store.transaction((tx) =>
    tx.patch('users', user.id, {
      ...Object.fromEntries(names.map((name) => [name, merged(tx, user, name, changes[name])])),
      ...addressChanges(tx, user, changes),
    }),
  );
  return noContent();
}

function checkProperty(call: Call, user: Entity, name: string, value: unknown): void {
  if (isExtensionName(name)) {
    checkExtensionValue(call.tenant.store.primary(), name, value);
    return;
  }
  if (!userType.properties.includes(name)) throw badRequest(`Invalid property '${name}'.`);
  if (readOnly.includes(name)) throw badRequest(`Property '${name}' is read-only and cannot be set.`);
  if (user['onPremisesSyncEnabled'] === true && masteredOnPremises.includes(name)) {
    throw badRequest(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  }
  if (name === 'customSecurityAttributes') requirePermission(call, 'CustomSecAttributeAssignment.ReadWrite.All');
  if (name === 'employeeLeaveDateTime') requirePermission(call, 'User-LifeCycleInfo.ReadWrite.All');
  if (name === 'identities') {
    requirePermission(call, 'User.ManageIdentities.All');
    // Only local accounts' identities can be written; a guest's provider changes by redemption alone.
    throw badRequest("Property 'identities' cannot be updated for this user.");
  }
  if (name === 'externalUserState' && value !== null) throw denied();
  checkValue(name, value);
}

function checkValue(name: string, value: unknown): void {
  const invalid = (): GraphError => badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
  if (userType.collections.includes(name)) {
    if (!Array.isArray(value)) throw invalid();
    if (name === 'businessPhones' && value.length > 1) throw invalid();
    if (name === 'otherMails' && !(value.length <= 250 && value.every((mail) => isAddress(mail)))) throw invalid();
    return;
  }
  if (name === 'accountEnabled' && typeof value !== 'boolean') throw invalid();
  if (name === 'usageLocation' && value !== null && !(typeof value === 'string' && /^[A-Z]{2}$/i.test(value))) {
    throw invalid();
  }
  if ((name === 'mail' || name === 'userPrincipalName') && !isAddress(value)) throw invalid();
  if (name === 'displayName' && (typeof value !== 'string' || value === '' || value.length > 256)) throw invalid();
  if (name === 'userType' && value !== 'Guest' && value !== 'Member') throw invalid();
  if (name === 'employeeHireDate' && value !== null && !isTime(value)) throw invalid();
  const parts = partsOf[name];
  if (parts !== undefined && value !== null) {
    if (!isRecord(value) || !Object.keys(value).every((part) => parts.includes(part) || part === '@odata.type')) {
      throw invalid();
    }
    if (!Object.values(value).every((part) => part === null || (typeof part === 'string' && part.length <= 1024))) {
      throw invalid();
    }
  }
}

/** Properties that consist of texts with names of their own. */
const partsOf: Readonly<Record<string, readonly string[]>> = {
  onPremisesExtensionAttributes: extensionAttributes,
  employeeOrgData: ['costCenter', 'division'],
};

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));

const isAddress = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= 250 && /^[^\s@]+@[^\s@]+$/.test(value);

/** Objects with parts, such as onPremisesExtensionAttributes, are merged; everything else is replaced. */
function merged(view: View, user: Entity, name: string, value: unknown): unknown {
  if (name === 'customSecurityAttributes') return changedSecurityAttributes(view, user, value);
  const before = user[name];
  return isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
}

/** What a new mail or name brings along: proxyAddresses and the sign-in identity. Refuses values that others hold. */
function addressChanges(view: View, user: Entity, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { mail, userPrincipalName } = changes;
  const result: Record<string, unknown> = {};
  if (typeof mail === 'string' && !sameText(mail, text(user, 'mail'))) {
    requireFree(view, user, mail, 'proxyAddresses');
    const others = texts(user, 'proxyAddresses').filter((address) => !sameText(address, `smtp:${mail}`));
    const demoted = others.map((address) => address.replace(/^SMTP:/, 'smtp:'));
    result['proxyAddresses'] = [`SMTP:${mail}`, ...demoted];
  }
  if (typeof userPrincipalName === 'string' && !sameText(userPrincipalName, text(user, 'userPrincipalName'))) {
    requireFree(view, user, userPrincipalName, 'userPrincipalName');
    const domain = userPrincipalName.split('@')[1]?.toLowerCase();
    if (!verifiedDomains(view).some(({ name }) => name === domain)) {
      throw badRequest('The domain portion of the userPrincipalName property is invalid.');
    }
    result['identities'] = identitiesWith(user, userPrincipalName);
  }
  return result;
}

function identitiesWith(user: Entity, userPrincipalName: string): unknown {
  const identities = user['identities'];
  if (!Array.isArray(identities)) return identities;
  return (identities as Record<string, unknown>[]).map((identity) =>
    identity['signInType'] === 'userPrincipalName' ? { ...identity, issuerAssignedId: userPrincipalName } : identity,
  );
}

function requireFree(view: View, user: Entity, address: string, property: string): void {
  const holder = ownersOfAddress(view, address).find(
    (object) =>
      object.id !== user.id &&
      (property === 'userPrincipalName'
        ? sameText(text(object, 'userPrincipalName'), address)
        : texts(object, 'proxyAddresses').some((proxy) => sameText(proxy, `smtp:${address}`))),
  );
  if (holder === undefined) return;
  throw new GraphError(
    400,
    'Request_BadRequest',
    `Another object with the same value for property ${property} already exists.`,
    {
      details: [
        {
          code: 'ObjectConflict',
          message: `Another object with the same value for property ${property} already exists.`,
          target: property,
        },
      ],
    },
  );
}
