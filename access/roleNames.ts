import { z } from 'zod';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';

const definitionShape = z.object({ displayName: z.string().nullish() });

/** Names of directory roles by the id of their definition. */
export async function namesOfRoles(ids: readonly string[], graph: Graph): Promise<Map<string, string>> {
  const names = await Promise.all(
    [...new Set(ids)].map(async (id): Promise<[string, string]> => {
      const path = `/roleManagement/directory/roleDefinitions/${id}?$select=id,displayName`;
      try {
        return [id, (await graph.read(path, definitionShape)).displayName ?? id];
      } catch (error) {
        // A deleted custom role leaves its assignments behind; the grant is still named, by its id.
        if (isNotFound(error)) return [id, id];
        throw error;
      }
    }),
  );
  return new Map(names);
}
