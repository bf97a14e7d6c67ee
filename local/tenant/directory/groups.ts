import { flag, text, texts, type Entity, type View } from '../store/snapshot';

/** Members come from a rule and cannot be added. */
export const isDynamic = (group: Entity): boolean => texts(group, 'groupTypes').includes('DynamicMembership');

/** A Microsoft 365 group (with a mailbox, perhaps a team). */
export const isUnified = (group: Entity): boolean => texts(group, 'groupTypes').includes('Unified');

/** Mastered in an on-premises directory; read-only here. */
export const isSynchronized = (group: Entity): boolean => flag(group, 'onPremisesSyncEnabled');

/** A distribution list or mail-enabled security group: Exchange owns its members. */
export const isExchangeOwned = (group: Entity): boolean => flag(group, 'mailEnabled') && !isUnified(group);

/** May hold directory roles, which makes its members privileged. */
export const isRoleAssignable = (group: Entity): boolean => flag(group, 'isAssignableToRole');

/** The group's own setting that keeps guests out (Graph's group setting AllowToAddGuests). */
export function refusesGuests(group: Entity): boolean {
  const settings = group['settings'];
  if (!Array.isArray(settings)) return false;
  return (settings as { values?: { name?: string; value?: string }[] }[]).some(({ values = [] }) =>
    values.some(({ name, value }) => name === 'AllowToAddGuests' && value?.toLowerCase() === 'false'),
  );
}

/** Groups that have the object as a direct member. */
export const groupsOf = (view: View, objectId: string): Entity[] =>
  view.list('groups').filter((group) => texts(group, 'members').includes(objectId));

/** Groups that have the object as a member directly or through other groups. */
export function groupsAround(view: View, objectId: string): Entity[] {
  const found = new Map<string, Entity>();
  const open = groupsOf(view, objectId);
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    if (found.has(group.id)) continue;
    found.set(group.id, group);
    open.push(...groupsOf(view, group.id));
  }
  return view.list('groups').filter(({ id }) => found.has(id));
}

/** Ids of everything in the group, directly or through other groups. */
export function membersWithin(view: View, groupId: string): Set<string> {
  const found = new Set<string>();
  const open = [groupId];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const member of texts(view.get('groups', id), 'members')) {
      if (found.has(member)) continue;
      found.add(member);
      open.push(member);
    }
  }
  return found;
}

/** The lower-case addresses an object answers to: mail, proxyAddresses (without `smtp:`) and, for users, otherMails. */
export function addressesOf(object: Entity): Set<string> {
  const proxies = texts(object, 'proxyAddresses').map((address) => address.replace(/^smtp:/i, ''));
  const all = [text(object, 'mail'), ...proxies, ...texts(object, 'otherMails')];
  return new Set(all.flatMap((address) => (address === undefined ? [] : [address.toLowerCase()])));
}
