import { z } from 'zod';
import type { Clock, Graph } from '../domain/ports';
import { isTransient, ServiceError } from '../domain/serviceError';

const organization = z.object({ displayName: z.string().nullish() });
const KEPT_MS = 60 * 60 * 1000;

/**
 * The organization's name as guests know it: the one that is set, or the directory's, which is asked for once an hour.
 *
 * @param names `given` in the settings; `fallback` where the app may not read the directory's
 * @returns a function that throws ServiceError when the directory does not answer
 */
export function createOrganizationName(
  { graph, clock }: { graph: Pick<Graph, 'readAll'>; clock: Clock },
  { given, fallback }: { given: string | undefined; fallback: string },
): () => Promise<string> {
  let known: { name: string; at: number } | undefined;
  return async () => {
    if (given !== undefined) return given;
    const now = clock.now().getTime();
    if (known !== undefined && now - known.at < KEPT_MS) return known.name;
    const [first] = await graph
      .readAll('/organization?$select=id,displayName', organization)
      .catch((error: unknown) => {
        if (error instanceof ServiceError && !isTransient(error)) return [];
        throw error;
      });
    known = { name: first?.displayName ?? fallback, at: now };
    return known.name;
  };
}
