import { isSameJson } from '../domain/comparison';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isTransient, ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, restored, type Attempt } from './kind';

/** A kind whose grants are values on the user object itself, written together by one PATCH. */
export interface UserValues<Value> {
  /** What a user has, by key of the grant. */
  read(userId: string, graph: Graph): Promise<ReadonlyMap<string, Value>>;
  /** The value that a grant remembers; throws for data of another shape. */
  valueOf(grant: Grant): Value;
  /** The body of the PATCH that sets these values, by key of the grant. */
  body(values: ReadonlyMap<string, Value>): Record<string, unknown>;
}

/**
 * Writes what the new guest does not have, in one PATCH, and leaves every other value as it is. Safe to run twice: it
 * looks first, and what an earlier run wrote is present then.
 */
export async function restoreValues<Value>(
  grants: readonly Grant[],
  newId: string,
  graph: Graph,
  values: UserValues<Value>,
): Promise<Attempt[]> {
  try {
    const present = await values.read(newId, graph);
    const absent = grants.filter((grant) => !present.has(grant.key));
    const written = new Map(await write(absent, newId, graph, values));
    return grants.map((grant) => written.get(grant.key) ?? compare(values.valueOf(grant), present.get(grant.key)));
  } catch (error) {
    return grants.map(() => attemptOfError(error));
  }
}

/** One PATCH for all; when it is refused, one each, so that a single bad value does not hold back the others. */
async function write<Value>(
  grants: readonly Grant[],
  newId: string,
  graph: Graph,
  values: UserValues<Value>,
): Promise<[string, Attempt][]> {
  if (grants.length === 0) return [];
  const wanted = new Map(grants.map((grant) => [grant.key, values.valueOf(grant)]));
  try {
    await graph.write('PATCH', `/users/${newId}`, values.body(wanted));
    return grants.map((grant) => [grant.key, restored]);
  } catch (error) {
    const single = grants.length === 1;
    if (single || !(error instanceof ServiceError) || isTransient(error) || error.status === 404) {
      const attempt = attemptOfError(error);
      return grants.map((grant) => [grant.key, attempt]);
    }
    const attempts: [string, Attempt][] = [];
    for (const grant of grants) attempts.push(...(await write([grant], newId, graph, values)));
    return attempts;
  }
}

function compare(wanted: unknown, present: unknown): Attempt {
  if (isSameJson(wanted, present)) return alreadyPresent;
  return {
    result: 'manual',
    detail: 'The new guest has another value, which was left as it is. Set the former one by hand if it is wanted.',
  };
}
