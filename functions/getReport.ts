import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { reportOf } from '../activities/report';
import { identityOfGrant } from '../domain/comparison';
import { isAdvisory } from '../domain/grants';
import type { Report } from '../domain/migration';
import { knownMigration } from './getMigration';
import { json, readQuery, type Handler } from './http';
import { safeHeaders } from './problems';

/** Query of GET /migrations/{id}/report. */
export const reportQuerySchema = z.strictObject({ format: z.enum(['json', 'csv']).default('json') });

/** Columns of the CSV form, in order. `comparison` is empty until the new guest's access was read. */
export const csvColumns = ['kind', 'key', 'name', 'scope', 'result', 'comparison', 'detail'] as const;

/** GET /migrations/{id}/report: every grant with its result, at any time. */
export const getReport: Handler = async (request, services) => {
  const { format } = readQuery(request, reportQuerySchema);
  const record = await knownMigration(request, services);
  const report = await reportOf(record, services);
  if (format === 'json') return json(200, report);
  return {
    status: 200,
    headers: {
      ...safeHeaders,
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="migration-${record.id}.csv"`,
    },
    body: toCsv(report),
  };
};

/** The rows of the report, each with how it compares, and after them what the new guest has and the old one had not. */
function csvRows({ grants, comparison }: Report): Record<string, string>[] {
  const missing = new Set(comparison?.missing.map(identityOfGrant));
  const compared = grants.map((grant) => ({
    ...grant,
    comparison:
      comparison === null || isAdvisory(grant) ? '' : missing.has(identityOfGrant(grant)) ? 'missing' : 'equal',
  }));
  const extra = (comparison?.extra ?? []).map((grant) => ({ ...grant, result: '', comparison: 'extra', detail: '' }));
  return [...compared, ...extra];
}

function toCsv(report: Report): string {
  return stringify(csvRows(report), {
    columns: [...csvColumns],
    header: true,
    record_delimiter: 'windows',
    // Names come from the directory: one that starts with "=" must not become a formula in a spreadsheet.
    escape_formulas: true,
  });
}
