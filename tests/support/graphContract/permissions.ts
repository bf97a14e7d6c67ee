import { readFileSync } from 'node:fs';
import { tenantPermissionsFile, type PermissionRow } from '../makeTenantPermissions';
import { templateFinder, withoutVersion } from './templates';

/** `allOf` of the operation's row (see PermissionRow), or undefined when the table has no such operation. */
export type PermissionsOf = (method: string, path: string) => PermissionRow['allOf'] | undefined;

/** Reads the checked-in table, which is there even where Microsoft's document is not. */
export function permissionTable(projectRoot: string): PermissionsOf {
  const rows = JSON.parse(readFileSync(tenantPermissionsFile(projectRoot), 'utf8')) as PermissionRow[];
  const finder = templateFinder(new Set(rows.map((row) => row.path)));
  return (method, path) => {
    // Rows of v1.0 carry no version, those of beta do.
    const template = finder.find(withoutVersion(path) ?? path);
    return rows.find((row) => row.path === template && row.method === method.toUpperCase())?.allOf;
  };
}
