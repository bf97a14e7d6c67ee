import { text, texts } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { isDynamic } from './groups';
import { parseRule } from './membershipRule';

/** Transaction hook: users that were created or changed enter and leave dynamic groups. */
export function recomputeDynamicGroups(tx: Transaction): void {
  const users = tx.changes().flatMap(({ collection, after }) => (collection === 'users' && after ? [after] : []));
  if (users.length === 0) return;
  for (const group of tx.list('groups').filter(isDynamic)) {
    const source = text(group, 'membershipRule');
    if (source === undefined || text(group, 'membershipRuleProcessingState') === 'Paused') continue;
    const belongs = parseRule(source);
    const before = texts(group, 'members');
    const members = new Set(before);
    for (const user of users) {
      if (belongs(user)) members.add(user.id);
      else members.delete(user.id);
    }
    const changed = members.size !== before.length || before.some((id) => !members.has(id));
    if (changed) tx.patch('groups', group.id, { members: [...members] });
  }
}
