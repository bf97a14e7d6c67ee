import type { Check, CheckId } from '../../domain/checks';
import { ServiceError } from '../../domain/serviceError';

/** A row that passed. */
export function passed(id: CheckId, detail: string, severity: Check['severity'] = 'blocking'): Check {
  return { id, ok: true, severity, detail, fix: '' };
}

/** A row that ends the migration. */
export function blocking(id: CheckId, detail: string, fix: string): Check {
  return { id, ok: false, severity: 'blocking', detail, fix };
}

/** A row that people should read, and that ends nothing. */
export function warning(id: CheckId, detail: string, fix: string): Check {
  return { id, ok: false, severity: 'warning', detail, fix };
}

/**
 * Runs a check whose data the app may not be allowed to read. Not knowing is a row of its own, never a pass; any
 * other failure is thrown, because it may go better on the next try.
 */
export async function unlessRefused(check: Promise<Check[]>, row: Check): Promise<Check[]> {
  try {
    return await check;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 403) return [row];
    throw error;
  }
}
