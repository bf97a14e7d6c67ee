import type { z } from 'zod';
import { ServiceError } from '../../domain/serviceError';

/** Characters that a string property of a table holds (64 KiB of UTF-16). */
const LIMIT = 32_768;

/**
 * Refuses a text that does not fit into one property, before the service does so less clearly.
 *
 * @throws ServiceError `column-too-large`, status 413: no retry mends it
 */
export function fitting(column: string, text: string): string {
  if (text.length <= LIMIT) return text;
  throw new ServiceError({
    service: 'storage',
    status: 413,
    code: 'column-too-large',
    serviceMessage: `${column} has ${text.length} characters, ${LIMIT} is the most`,
  });
}

/**
 * Reads a row through a strict schema.
 *
 * @throws ServiceError `unreadable-row`, status 500; it names columns, never their values
 */
export function rowAs<T extends z.ZodType>(shape: T, row: unknown): z.output<T> {
  const parsed = shape.safeParse(row);
  if (parsed.success) return parsed.data;
  const columns = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')} (${issue.code})`);
  throw new ServiceError({
    service: 'storage',
    status: 500,
    code: 'unreadable-row',
    serviceMessage: columns.join(', '),
  });
}

const bookkeeping = new Set(['partitionKey', 'rowKey', 'etag', 'timestamp', 'odata.metadata']);

/** The columns of an entity that are ours. */
export function columnsOf(entity: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entity).filter(([name]) => !bookkeeping.has(name)));
}
