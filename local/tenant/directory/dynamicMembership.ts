import { text, texts, type Entity } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { isDynamic } from './groups';
import { parseRule } from './membershipRule';

/** Groups and administrative units whose members follow a rule. */
export const followsRule = (object: Entity): boolean =>
  isDynamic(object) || text(object, 'membershipType') === 'Dynamic';

/** Transaction hook: users that were created or changed enter and leave dynamic groups and administrative units. */
export function recomputeDynamicMembers(tx: Transaction): void {
  const users = tx.changes().flatMap(({ collection, after }) => (collection === 'users' && after ? [after] : []));
  if (users.length === 0) return;
  for (const collection of ['groups', 'administrativeUnits']) {
    for (const object of tx.list(collection).filter(followsRule)) recompute(tx, collection, object, users);
  }
}

function recompute(tx: Transaction, collection: string, object: Entity, users: readonly Entity[]): void {
  const source = text(object, 'membershipRule');
  if (source === undefined || text(object, 'membershipRuleProcessingState') === 'Paused') return;
  const belongs = parseRule(source);
  const before = texts(object, 'members');
  const members = new Set(before);
  for (const user of users) {
    if (belongs(user)) members.add(user.id);
    else members.delete(user.id);
  }
  const changed = members.size !== before.length || before.some((id) => !members.has(id));
  if (changed) tx.patch(collection, object.id, { members: [...members] });
}
