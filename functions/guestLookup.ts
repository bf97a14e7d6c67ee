import { z } from 'zod';
import { objectId } from '../domain/ids';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

const foundUser = z.object({ id: objectId });

/**
 * Turns the caller's reference into an object id. An object id is taken as it is, without a look at the directory.
 *
 * @param reference object id, user principal name or mail address
 * @returns null when nobody or more than one user fits, or the app may not look: preflight says so in a check row
 * @throws ServiceError
 */
export async function findGuestId(graph: Graph, reference: string): Promise<string | null> {
  const id = objectId.safeParse(reference);
  if (id.success) return id.data;
  const quoted = `'${reference.replaceAll("'", "''")}'`;
  const filters = [`userPrincipalName eq ${quoted}`, `mail eq ${quoted}`, `otherMails/any(m:m eq ${quoted})`];
  // Three reads in one batch instead of one filter with "or": every one of them is a default query of Graph.
  const found = await Promise.all(
    filters.map((filter) => graph.readAll(`/users?$filter=${encodeURIComponent(filter)}&$select=id`, foundUser)),
  ).catch((error: unknown) => {
    // An app that may not look is no outage: preflight names the missing permission.
    if (error instanceof ServiceError && error.status === 403) return [];
    throw error;
  });
  const [only, ...others] = new Set(found.flat().map((user) => user.id));
  return only !== undefined && others.length === 0 ? only : null;
}
