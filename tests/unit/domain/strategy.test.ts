import type { Grant, GrantKind } from '../../../domain/grants';
import { recommendStrategy } from '../../../domain/strategy';

function grant(kind: GrantKind, more: Partial<Grant> = {}): Grant {
  return { kind, key: 'key', name: 'name', data: {}, ...more };
}
const everything = { skipped: [], mayReset: true, mayMoveRoles: true };

it('a guest without roles is best reset: the object id stays', () => {
  const found = recommendStrategy({ grants: [grant('groupMembership')], ...everything });
  expect(found.strategy).toBe('reset');
  expect(found.reason).toContain('keeps the object id');
});

it('lasting roles are taken away and given back around a reset, and the reason says so', () => {
  const found = recommendStrategy({ grants: [grant('directoryRole'), grant('directoryRole')], ...everything });
  expect(found.strategy).toBe('reset');
  expect(found.reason).toContain('Directory roles (2) are taken away until the guest has accepted');
});

it('the reason counts what only people could restore; reminders are not counted', () => {
  const byHand = { instruction: 'by hand' };
  const grants = [grant('groupMembership', byHand), grant('outsideGraph', byHand), grant('appRole')];
  expect(recommendStrategy({ grants, ...everything }).reason).toContain(
    'what only people can restore stays as it is (grants: 1)',
  );
});

it.each([
  ['a role of PIM', { grants: [grant('pimDirectoryRole')] }, 'directory roles in PIM (1)'],
  [
    'a role that an app cannot give back',
    { grants: [grant('directoryRole', { instruction: 'by hand' })] },
    'given back',
  ],
  ['a role that the app cannot move', { grants: [grant('directoryRole')], mayMoveRoles: false }, 'directory roles (1)'],
  ['a role-assignable group', { grants: [grant('groupMembership', { data: { roleAssignable: true } })] }, 'in a group'],
  ['no permission to reset', { grants: [], mayReset: false }, 'User.ReadWrite.All'],
  ['roles that were not read', { grants: [], skipped: ['directoryRole'] as const }, 'were not read (directoryRole)'],
])('%s: recreate, and the reason says so', (_name, findings, words) => {
  const found = recommendStrategy({ ...everything, ...findings });
  expect(found.strategy).toBe('recreate');
  expect(found.reason).toContain(words);
});
