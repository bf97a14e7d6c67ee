import { z } from 'zod';

/** A directory object id. Lower-cased, so that the same guest always has the same lock row and the same route. */
export const objectId = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'must be an object id (GUID)')
  .transform((id) => id.toLowerCase());

/** Id of a migration = instance id of its orchestration. The pattern is what is safe in URLs of the durable client. */
export const migrationId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 characters of A-Z, a-z, 0-9, "_" and "-"');

/** SHA-256 in lower-case hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal');

const LATEST_MS = 9_999_999_999_999;

/**
 * Builds a migration id: inverted time, then randomness. Row keys sort ascending in table storage, so an id that
 * shrinks with time makes "newest first" a plain scan. It carries no personal data.
 *
 * @param nowMs milliseconds since 1970
 * @param randomHex at least 16 hexadecimal characters of randomness
 */
export function newMigrationId(nowMs: number, randomHex: string): string {
  const inverted = (LATEST_MS - nowMs).toString(36).padStart(9, '0');
  return `${inverted}-${randomHex.slice(0, 20).toLowerCase()}`;
}
