import { z } from 'zod';
import type { Azure } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import { quoted, searchIndex } from './azureIndex';
import { AUTHORIZATION, lastSegment, prefix } from './azureScopes';

const VERSION = 'api-version=2022-04-01';
const rowShape = z.object({ id: z.string(), name: z.string(), roleName: z.string() });
const definitionShape = z.object({ properties: z.object({ roleName: z.string() }) });

/** Where a role is in use: its id and a scope at which the app may read it. */
export interface RoleInUse {
  roleDefinitionId: string;
  scope: string;
}

/**
 * Names of roles by the end of their id, in lower case. All are asked of the index at once; one that it does not show
 * is read at its scope. A role that cannot be read keeps its id as name: a name is never worth losing a grant.
 */
export async function roleNames(roles: readonly RoleInUse[], azure: Azure): Promise<Map<string, string>> {
  const scopes = new Map(roles.map(({ roleDefinitionId, scope }) => [roleId(roleDefinitionId), scope]));
  const names = new Map<string, string>();
  if (scopes.size === 0) return names;
  const query =
    "authorizationresources | where type =~ 'microsoft.authorization/roledefinitions' " +
    `| where name in~ (${[...scopes.keys()].map(quoted).join(', ')}) ` +
    '| project id, name, roleName = tostring(properties.roleName) | order by id asc';
  for (const { name, roleName } of (await searchIndex(azure, query, rowShape)) ?? []) {
    names.set(name.toLowerCase(), roleName);
  }
  await Promise.all(
    [...scopes].map(async ([id, scope]) => {
      if (!names.has(id)) names.set(id, await nameAt(scope, id, azure));
    }),
  );
  return names;
}

async function nameAt(scope: string, id: string, azure: Azure): Promise<string> {
  try {
    const path = `${prefix(scope)}${AUTHORIZATION}/roleDefinitions/${id}?${VERSION}`;
    return (await azure.read(path, definitionShape)).properties.roleName;
  } catch (error) {
    if (error instanceof ServiceError && [403, 404].includes(error.status)) return id;
    throw error;
  }
}

/** The end of a role's id, in lower case: the same role at every scope. */
export function roleId(roleDefinitionId: string): string {
  return lastSegment(roleDefinitionId).toLowerCase();
}
