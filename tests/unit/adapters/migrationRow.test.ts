import { decodeMigration, encodeMigration } from '../../../adapters/storage/migrationRow';
import { recordAt } from './storageSupport';

it('a row that an earlier version wrote has no columns for the approval: it needs none', () => {
  const record = recordAt('2026-01-01T00:00:00.000Z');
  const columns = Object.entries(encodeMigration({ ...record, approvalHours: 72 }));
  const earlier = columns.filter(([name]) => !['approvalHours', 'approval'].includes(name));
  expect(earlier).toHaveLength(columns.length - 2);
  expect(decodeMigration({ rowKey: record.id, ...Object.fromEntries(earlier) })).toMatchObject({
    approvalHours: null,
    approval: null,
  });
});
