import { randomBytes } from 'node:crypto';
import { isRecord, part, text, texts, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { isDynamic, isExchangeOwned, isSynchronized, isUnified, refusesGuests } from './groups';

/** One thing that an access package gives: a role (`originId`) of a resource (`scopeId`). */
export interface PackageResource {
  readonly system: string;
  readonly originId: string;
  readonly scopeId: string;
}

/** What a package gives, read from its resource role scopes. */
export function resourcesOf(view: View, accessPackageId: string): PackageResource[] {
  const scopes = view.get('accessPackages', accessPackageId)?.['resourceRoleScopes'];
  return (Array.isArray(scopes) ? scopes.filter(isRecord) : []).map((one) => ({
    system: String(part(one, 'role')?.['originSystem']),
    originId: String(part(one, 'role')?.['originId']),
    scopeId: String(part(one, 'scope')?.['originId']),
  }));
}

/** Gives the resource to the user; false when that is not possible. What is there already counts as given. */
export function deliverResource(tx: Transaction, resource: PackageResource, userId: string, now: number): boolean {
  if (resource.system === 'AadGroup') return joinGroup(tx, resource, userId);
  if (resource.system === 'AadApplication') return assignAppRole(tx, resource, userId, now);
  // Sites are not modelled: nothing of them can be seen here.
  return true;
}

/** Takes the resource away from the user; a user that is gone has nothing left. */
export function withdrawResource(tx: Transaction, resource: PackageResource, userId: string): void {
  if (resource.system === 'AadGroup') {
    const link = linkOf(resource);
    const group = tx.get('groups', resource.scopeId);
    if (group === undefined) return;
    const ids = texts(group, link).filter((id) => id !== userId);
    if (ids.length < texts(group, link).length) tx.patch('groups', group.id, { [link]: ids });
    return;
  }
  for (const { id } of tx.list('appRoleAssignments').filter(isAssignmentOf(resource, userId))) {
    tx.remove('appRoleAssignments', id);
  }
}

const linkOf = ({ originId }: PackageResource): 'members' | 'owners' =>
  originId.startsWith('Owner_') ? 'owners' : 'members';

function joinGroup(tx: Transaction, resource: PackageResource, userId: string): boolean {
  const link = linkOf(resource);
  const group = tx.get('groups', resource.scopeId);
  if (group === undefined || isSynchronized(group) || isExchangeOwned(group)) return false;
  if (link === 'members' && isDynamic(group)) return false;
  const guest = text(tx.get('users', userId), 'userType') === 'Guest';
  if (guest && isUnified(group) && refusesGuests(group)) return false;
  const ids = texts(group, link);
  if (!ids.includes(userId)) tx.patch('groups', group.id, { [link]: [...ids, userId] });
  return true;
}

const isAssignmentOf =
  ({ scopeId, originId }: PackageResource, userId: string) =>
  (assignment: Readonly<Record<string, unknown>>): boolean =>
    assignment['principalId'] === userId &&
    assignment['resourceId'] === scopeId &&
    assignment['appRoleId'] === originId;

function assignAppRole(tx: Transaction, resource: PackageResource, userId: string, now: number): boolean {
  const application = tx.get('servicePrincipals', resource.scopeId);
  const user = tx.get('users', userId);
  const roles = Array.isArray(application?.['appRoles']) ? application['appRoles'].filter(isRecord) : [];
  const offered = roles.some(({ id }) => id === resource.originId) || /^[0-]+$/.test(resource.originId);
  if (application === undefined || user === undefined || !offered) return false;
  if (tx.list('appRoleAssignments').some(isAssignmentOf(resource, userId))) return true;
  tx.put('appRoleAssignments', {
    id: randomBytes(32).toString('base64url'),
    deletedDateTime: null,
    appRoleId: resource.originId,
    createdDateTime: new Date(now).toISOString(),
    principalDisplayName: user['displayName'] ?? null,
    principalId: userId,
    principalType: 'User',
    resourceDisplayName: application['displayName'] ?? null,
    resourceId: application.id,
  });
  return true;
}
