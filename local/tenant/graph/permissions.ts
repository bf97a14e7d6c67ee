import table from '../permissions.json';
import type { Route } from './route';

const key = (method: string, path: string): string => `${method} ${path}`;

const rows = new Map<string, readonly (readonly string[])[]>(
  table.map(({ method, path, allOf }) => [key(method, path), allOf]),
);

/**
 * The application permissions of an operation: at least one of each inner list is needed; an empty inner list lets
 * nobody in. Throws for an operation that neither the table nor the route gives permissions for.
 */
export function permissionsOf(route: Route): readonly (readonly string[])[] {
  const path = route.version === undefined ? route.path : route.version + route.path;
  const allOf = rows.get(key(route.method, path)) ?? route.allOf;
  if (allOf === undefined) throw new Error(`No permissions are known for ${key(route.method, path)}.`);
  return allOf;
}
