import type { Grant, GrantKind } from '../../../domain/grants';
import { recommendStrategy } from '../../../domain/strategy';

function grant(kind: GrantKind, more: Partial<Grant> = {}): Grant {
  return { kind, key: 'key', name: 'name', data: {}, ...more };
}
const everything = { skipped: [], mayReset: true };

it('a guest without roles is best reset: the object id stays', () => {
  const found = recommendStrategy({ grants: [grant('groupMembership')], ...everything });
  expect(found.strategy).toBe('reset');
  expect(found.reason).toContain('keeps the object id');
});

it('the reason counts what only people could restore; reminders are not counted', () => {
  const byHand = { instruction: 'by hand' };
  const grants = [grant('groupMembership', byHand), grant('outsideGraph', byHand), grant('appRole')];
  expect(recommendStrategy({ grants, ...everything }).reason).toContain(
    'what only people can restore stays as it is (grants: 1)',
  );
});

it.each([
  ['an active role', { grants: [grant('directoryRole')] }, 'directory roles (1)'],
  ['an eligible role', { grants: [grant('pimDirectoryRole')] }, 'directory roles (1)'],
  ['a role-assignable group', { grants: [grant('groupMembership', { data: { roleAssignable: true } })] }, 'in a group'],
  ['no permission to reset', { grants: [], mayReset: false }, 'User.ReadWrite.All'],
  ['roles that were not read', { grants: [], skipped: ['directoryRole'] as const }, 'were not read (directoryRole)'],
])('%s: recreate, and the reason says so', (_name, findings, words) => {
  const found = recommendStrategy({ ...everything, ...findings });
  expect(found.strategy).toBe('recreate');
  expect(found.reason).toContain(words);
});
