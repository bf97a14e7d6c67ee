import { followsRule } from '../directory/dynamicMembership';
import { checkEntitlements } from '../directory/entitlementReferences';
import { isUnderstood, parseRule } from '../directory/membershipRule';
import { isTeam, membershipTypes, storedMembers } from '../directory/teams';
import { pimCollections, settleSchedules } from '../directory/schedules';
import { emptyTenant } from '../seed/emptyTenant';
import { APP_SERVICE_PRINCIPAL_ID } from '../seed/ids';
import { checkPimReferences } from './pimReferences';
import { checkAzureReferences } from './azureReferences';
import { isRecord, text, texts, View, type Collection, type Collections, type Entity } from './snapshot';
import { Transaction } from './store';

/** A tenant as control calls show and load it: collections by name; policies and the organization as one object. */
export type StateDocument = Readonly<Record<string, unknown>>;

/** A state document that cannot be loaded; the message names the place. */
export class StateError extends Error {}

/** Collections of exactly one object, which the document shows without the list around it. */
const singles = ['organization', 'authorizationPolicy', 'crossTenantAccessPolicy', 'b2bManagementPolicy'] as const;

/** Collections of a document. `invitations` and `mails` are this simulation's own, everything else has Graph's shape. */
const lists: readonly string[] = [
  'users',
  'deletedUsers',
  'groups',
  'servicePrincipals',
  'applications',
  'contacts',
  'administrativeUnits',
  'roleDefinitions',
  'roleAssignments',
  'appRoleAssignments',
  'oauth2PermissionGrants',
  'channels',
  'conditionalAccessPolicies',
  'accessPackages',
  'accessPackageAssignmentPolicies',
  'accessPackageAssignments',
  'accessPackageAssignmentRequests',
  'subscribedSkus',
  'extensionProperties',
  'customSecurityAttributeDefinitions',
  'changeSubscriptions',
  'managementGroups',
  'azureSubscriptions',
  'azureResources',
  'azureRoleDefinitions',
  'azureRoleAssignments',
  'azureRoleEligibilitySchedules',
  'azureRoleAssignmentSchedules',
  'azureRoleScheduleRequests',
  'externalOrganizations',
  'invitations',
  'mails',
  ...pimCollections,
];

/** The tenant as a document; `importState` of it gives the same tenant. */
export function exportState(view: View): StateDocument {
  return {
    ...Object.fromEntries(singles.map((name) => [name, view.single(name)])),
    ...Object.fromEntries(lists.map((name) => [name, view.list(name)])),
  };
}

/**
 * The collections of a document. Missing ones come from an empty but usable tenant; the application's own service
 * principal and Microsoft Graph's are always there. A document that does not list the application says nothing about
 * its access either: it keeps the roles it has in the empty tenant.
 *
 * @param now the tenant's time in milliseconds: schedules of PIM that have begun or ended by then are in force or gone
 * @throws StateError naming the place of the first mistake
 */
export function importState(document: unknown, now: number): Collections {
  if (!isRecord(document)) throw new StateError('The state must be a JSON object.');
  const known: readonly string[] = [...singles, ...lists];
  const unknown = Object.keys(document).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new StateError(`${unknown}: there is no such collection.`);
  const base = emptyTenant();
  const collections = new Map<string, Collection>();
  for (const name of singles) {
    const given = document[name] ?? base[name];
    collections.set(name, collectionOf(name, [isRecord(given) ? { id: name, ...given } : given]));
  }
  for (const name of lists) {
    const given = document[name] ?? base[name] ?? [];
    if (!Array.isArray(given)) throw new StateError(`${name}: must be a list.`);
    collections.set(name, collectionOf(name, given));
  }
  if (
    !collections.get('servicePrincipals')?.has(APP_SERVICE_PRINCIPAL_ID) ||
    document['servicePrincipals'] === undefined
  ) {
    for (const name of ['roleAssignments', 'azureRoleAssignments']) {
      collections.set(name, withBase(name, collections.get(name), base));
    }
  }
  collections.set('azureSubscriptions', withNamedSubscriptions(new View(collections)));
  collections.set('servicePrincipals', withBase('servicePrincipals', collections.get('servicePrincipals'), base));
  checkReferences(new View(collections));
  for (const name of ['groups', 'administrativeUnits']) {
    collections.set(name, withDynamicMembers(new View(collections), name));
  }
  const settled = new Transaction(collections);
  settleSchedules(settled, now);
  return settled.result();
}

/** Members by rule are what the rule says, whatever the document lists (deleted users keep their place). */
function withDynamicMembers(view: View, name: string): Collection {
  const computed = view.list(name).map((group): Entity => {
    const rule = text(group, 'membershipRule');
    if (rule === undefined || !followsRule(group)) return group;
    const belongs = parseRule(rule);
    const listed = texts(group, 'members').filter((id) => {
      const user = view.get('users', id);
      return user === undefined || belongs(user);
    });
    const fitting = view.list('users').filter(belongs);
    return { ...group, members: [...new Set([...listed, ...fitting.map(({ id }) => id)])] };
  });
  return new Map(computed.map((group) => [group.id, group]));
}

function collectionOf(name: string, items: readonly unknown[]): Collection {
  const collection = new Map<string, Entity>();
  for (const [index, item] of items.entries()) {
    const place = `${name}[${index}]`;
    if (!isRecord(item)) throw new StateError(`${place}: must be an object.`);
    const id = item['id'];
    if (typeof id !== 'string' || id === '') throw new StateError(`${place}.id: is missing.`);
    if (collection.has(id)) throw new StateError(`${place}.id: occurs twice.`);
    collection.set(id, { ...item, id });
  }
  return collection;
}

/** The given entities and those of the empty tenant; a given one replaces its namesake. */
function withBase(name: string, given: Collection | undefined, base: StateDocument): Collection {
  const own = [...collectionOf(name, base[name] as unknown[])].filter(([id]) => given?.has(id) !== true);
  return new Map([...(given ?? []), ...own]);
}

/** Subscriptions of the document and those that only an Azure role assignment or schedule names. */
function withNamedSubscriptions(view: View): Collection {
  const found = new Map(view.list('azureSubscriptions').map((one) => [one.id.toLowerCase(), one]));
  const named = ['azureRoleAssignments', 'azureRoleEligibilitySchedules', 'azureRoleAssignmentSchedules'];
  for (const { properties } of named.flatMap((name) => view.list(name))) {
    const scope = isRecord(properties) ? properties['scope'] : undefined;
    const [id, subscriptionId = ''] = /^\/subscriptions\/([^/]+)/.exec(String(scope)) ?? [];
    if (id === undefined || found.has(id.toLowerCase())) continue;
    found.set(id.toLowerCase(), { id, subscriptionId, displayName: subscriptionId, state: 'Enabled' });
  }
  return new Map([...found.values()].map((one) => [one.id, one]));
}

function checkReferences(view: View): void {
  const principals = ['users', 'deletedUsers', 'groups', 'servicePrincipals'];
  const known = (id: string | undefined): boolean => principals.some((name) => view.has(name, id ?? ''));
  const require = (found: boolean, place: string, id: string | undefined): void => {
    if (!found) throw new StateError(`${place}: no object has the id ${id ?? '(none)'}.`);
  };
  for (const name of ['groups', 'administrativeUnits', 'servicePrincipals', 'applications']) {
    for (const [index, object] of view.list(name).entries()) {
      for (const property of ['members', 'owners']) {
        for (const id of texts(object, property)) require(known(id), `${name}[${index}].${property}`, id);
      }
    }
  }
  for (const name of ['groups', 'administrativeUnits']) {
    for (const [index, group] of view.list(name).entries()) {
      const rule = text(group, 'membershipRule');
      if (rule !== undefined && !isUnderstood(rule)) {
        throw new StateError(`${name}[${index}].membershipRule: only simple rules are understood.`);
      }
    }
  }
  checkEntitlements(view, require);
  for (const definition of texts(view.single('b2bManagementPolicy'), 'definition')) {
    if (!isJson(definition)) throw new StateError('b2bManagementPolicy.definition: must be JSON in a text.');
  }
  for (const [index, user] of view.list('users').entries()) {
    for (const id of texts(user, 'sponsors')) require(known(id), `users[${index}].sponsors`, id);
    const manager = text(user, 'manager');
    if (manager !== undefined) require(known(manager), `users[${index}].manager`, manager);
    checkDefinitions(view, user, `users[${index}]`);
  }
  for (const [index, assignment] of view.list('roleAssignments').entries()) {
    const { principalId, roleDefinitionId } = assignment as Record<string, string>;
    require(known(principalId), `roleAssignments[${index}].principalId`, principalId);
    const found = view.has('roleDefinitions', roleDefinitionId ?? '');
    require(found, `roleAssignments[${index}].roleDefinitionId`, roleDefinitionId);
  }
  checkPimReferences(view, known, require);
  checkAzureReferences(view, require);
  for (const [index, assignment] of view.list('appRoleAssignments').entries()) {
    const { principalId, resourceId } = assignment as Record<string, string>;
    require(known(principalId), `appRoleAssignments[${index}].principalId`, principalId);
    require(view.has('servicePrincipals', resourceId ?? ''), `appRoleAssignments[${index}].resourceId`, resourceId);
  }
  // Users in Conditional Access policies are not checked: ids of purged users stay there.
  for (const [index, channel] of view.list('channels').entries()) {
    const group = view.get('groups', text(channel, 'teamId') ?? '');
    if (group === undefined || !isTeam(group)) throw new StateError(`channels[${index}].teamId: must be a team.`);
    if (!membershipTypes.some((type) => type === text(channel, 'membershipType'))) {
      throw new StateError(`channels[${index}].membershipType: must be one of ${membershipTypes.join(', ')}.`);
    }
    for (const { userId } of storedMembers(channel)) require(known(userId), `channels[${index}].members`, userId);
  }
}

/** Directory extensions and custom security attributes of a user must be defined. */
function checkDefinitions(view: View, user: Entity, place: string): void {
  const extensions = new Set(view.list('extensionProperties').map((one) => text(one, 'name')));
  const undefinedName = Object.keys(user).find((name) => name.startsWith('extension_') && !extensions.has(name));
  if (undefinedName !== undefined)
    throw new StateError(`${place}.${undefinedName}: no extensionProperties has this name.`);
  const attributes = new Set(
    view.list('customSecurityAttributeDefinitions').map((one) => `${text(one, 'attributeSet')}.${text(one, 'name')}`),
  );
  const assigned = user['customSecurityAttributes'];
  for (const [set, values] of Object.entries(isRecord(assigned) ? assigned : {})) {
    const unknown = Object.keys(isRecord(values) ? values : {}).find(
      (name) => !name.includes('@') && !attributes.has(`${set}.${name}`),
    );
    if (unknown === undefined) continue;
    throw new StateError(`${place}.customSecurityAttributes: nothing defines ${set}.${unknown}.`);
  }
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}
