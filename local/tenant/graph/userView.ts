import { flag, isRecord, texts, type Entity, type View } from '../store/snapshot';
import { shownSecurityAttributes } from './securityAttributes';

/** The fifteen names that Exchange gave them; every user has all of them, most without a value. */
export const extensionAttributes: readonly string[] = Array.from(
  { length: 15 },
  (_, index) => `extensionAttribute${index + 1}`,
);

/** Users as Graph shows them: stored properties and those that follow from something else. */
export function shownUsers(view: View, users: readonly Entity[]): Entity[] {
  const restricted = new Set(
    view
      .list('administrativeUnits')
      .filter((unit) => flag(unit, 'isMemberManagementRestricted'))
      .flatMap((unit) => texts(unit, 'members')),
  );
  return users.map((user) => ({
    ...user,
    onPremisesExtensionAttributes: allFifteen(user['onPremisesExtensionAttributes']),
    customSecurityAttributes: shownSecurityAttributes(view, user),
    ...(restricted.has(user.id) ? { isManagementRestricted: true } : {}),
  }));
}

function allFifteen(stored: unknown): Record<string, unknown> {
  const given = isRecord(stored) ? stored : {};
  return Object.fromEntries(extensionAttributes.map((name) => [name, given[name] ?? null]));
}
