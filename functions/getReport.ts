import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { reportOf } from '../activities/report';
import type { Report } from '../domain/migration';
import { knownMigration } from './getMigration';
import { json, readQuery, type Handler } from './http';
import { safeHeaders } from './problems';

/** Query of GET /migrations/{id}/report. */
export const reportQuerySchema = z.strictObject({ format: z.enum(['json', 'csv']).default('json') });

/** Columns of the CSV form, in order. */
export const csvColumns = ['kind', 'key', 'name', 'scope', 'result', 'detail'] as const;

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

function toCsv(report: Report): string {
  return stringify(report.grants, {
    columns: [...csvColumns],
    header: true,
    record_delimiter: 'windows',
    // Names come from the directory: one that starts with "=" must not become a formula in a spreadsheet.
    escape_formulas: true,
  });
}
