import { flag, sameText, text, texts, without, type Entity, type View } from '../store/snapshot';
import type { Store, Transaction } from '../store/store';
import { graphTime } from '../store/clock';
import { addressesOf } from './groups';
import { removeMembers } from './teams';
import { pimCollections } from './schedules';

const day = 24 * 60 * 60 * 1000;

/** How long a deleted user can be restored. */
export const recycleBinMs = 30 * day;

/** How long a protected user cannot be purged after the soft deletion. */
const protectionMs = 7 * day;

/** The name is set free for others by putting the id before it; restoring takes it away again. */
const parkedName = (user: Entity): string => user.id.replaceAll('-', '') + (text(user, 'userPrincipalName') ?? '');

/**
 * Moves a user to the recycle bin. Group memberships, roles, ownerships and app roles stay stored and come back with
 * the user; reads leave them out meanwhile.
 */
export function softDelete(tx: Transaction, userId: string, now: number): void {
  const user = tx.get('users', userId);
  if (user === undefined) throw new Error('Only an existing user can be deleted.');
  tx.remove('users', userId);
  tx.put('deletedUsers', { ...user, deletedDateTime: graphTime(now), userPrincipalName: parkedName(user) });
}

/** A live object that took a name or address of a deleted user meanwhile; restoring conflicts with it. */
export function conflictOf(view: View, deleted: Entity): 'userPrincipalName' | 'proxyAddresses' | undefined {
  const name = originalName(deleted);
  const proxies = new Set(texts(deleted, 'proxyAddresses').map((address) => address.toLowerCase()));
  for (const user of view.list('users')) {
    if (sameText(text(user, 'userPrincipalName'), name)) return 'userPrincipalName';
  }
  for (const object of [...view.list('users'), ...view.list('groups')]) {
    if (texts(object, 'proxyAddresses').some((address) => proxies.has(address.toLowerCase()))) return 'proxyAddresses';
  }
  return undefined;
}

/** Takes a user out of the recycle bin as they were; `changes` are applied on top. */
export function restoreUser(tx: Transaction, deleted: Entity, changes: Readonly<Record<string, unknown>>): Entity {
  const user: Entity = {
    ...without(deleted, 'deletedDateTime'),
    id: deleted.id,
    userPrincipalName: originalName(deleted),
    ...changes,
  };
  tx.remove('deletedUsers', deleted.id);
  tx.put('users', user);
  return user;
}

function originalName(deleted: Entity): string {
  const parked = text(deleted, 'userPrincipalName') ?? '';
  const prefix = deleted.id.replaceAll('-', '');
  return parked.startsWith(prefix) ? parked.slice(prefix.length) : parked;
}

/** True while hard-delete protection forbids the purge. */
export function isPurgeProtected(deleted: Entity, now: number): boolean {
  const since = now - Date.parse(text(deleted, 'deletedDateTime') ?? '');
  return (
    flag(deleted, 'isHardDeleteProtectionEnabled') && !flag(deleted, 'onPremisesSyncEnabled') && since < protectionMs
  );
}

/**
 * Removes a deleted user for good, with every link to them in the directory and in Teams. Azure role assignments and
 * Conditional Access policies stay as they are, as Microsoft's do, pointing at an identity that no longer exists.
 */
export function purge(tx: Transaction, userId: string): void {
  tx.remove('deletedUsers', userId);
  for (const collection of ['groups', 'administrativeUnits'])
    removeFromLists(tx, collection, userId, ['members', 'owners']);
  for (const collection of ['users', 'deletedUsers']) {
    removeFromLists(tx, collection, userId, ['sponsors']);
    for (const report of tx.list(collection).filter((user) => text(user, 'manager') === userId)) {
      tx.patch(collection, report.id, { manager: undefined });
    }
  }
  for (const collection of ['servicePrincipals', 'applications']) removeFromLists(tx, collection, userId, ['owners']);
  for (const channel of tx.list('channels')) removeMembers(tx, channel, [userId]);
  for (const collection of ['roleAssignments', 'appRoleAssignments', 'oauth2PermissionGrants', ...pimCollections]) {
    for (const link of tx.list(collection).filter((one) => text(one, 'principalId') === userId)) {
      tx.remove(collection, link.id);
    }
  }
}

function removeFromLists(tx: Transaction, collection: string, userId: string, properties: readonly string[]): void {
  for (const object of tx.list(collection)) {
    for (const property of properties) {
      const ids = texts(object, property);
      if (ids.includes(userId)) tx.patch(collection, object.id, { [property]: ids.filter((id) => id !== userId) });
    }
  }
}

/** Purges what has been in the recycle bin for 30 days. */
export function emptyRecycleBin(store: Store, now: number): void {
  const expired = store
    .primary()
    .list('deletedUsers')
    .filter((user) => Date.parse(text(user, 'deletedDateTime') ?? '') + recycleBinMs <= now);
  if (expired.length === 0) return;
  store.transaction((tx) => {
    for (const { id } of expired) purge(tx, id);
  });
}

/** Live users and groups that answer to the address, users first. */
export function ownersOfAddress(view: View, address: string): Entity[] {
  const wanted = address.toLowerCase();
  return [...view.list('users'), ...view.list('groups')].filter(
    (object) => addressesOf(object).has(wanted) || sameText(text(object, 'userPrincipalName'), wanted),
  );
}

/** A user in the recycle bin who answered to the address. */
export const deletedOwnerOfAddress = (view: View, address: string): Entity | undefined =>
  view.list('deletedUsers').find((user) => addressesOf(user).has(address.toLowerCase()));
