import { RestError } from '@azure/core-rest-pipeline';

/**
 * Runs an operation for which one status is an expected answer: 404 for a row that may be absent, 409 for a
 * conditional insert, 412 for a conditional change.
 *
 * @returns what the operation returns, or undefined when it failed with one of the statuses
 */
export async function unlessStatus<T>(statuses: readonly number[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof RestError && statuses.includes(error.statusCode ?? 0)) return undefined;
    throw error;
  }
}
