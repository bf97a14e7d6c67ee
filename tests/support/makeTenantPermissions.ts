/**
 * Writes `local/tenant/permissions.json`: which application permissions each Graph operation asks for, as the simulated
 * tenant checks them. Run from the project root, with Node 24:
 *
 *     node tests/support/makeTenantPermissions.ts
 *
 * The input is the permission table made from Microsoft's published data; its place is taken from GRAPH_PERMISSIONS,
 * otherwise `../shared/graph/permissions.json` seen from the project root.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** One row of the published table, reduced to what is read here. All permissions are application permissions. */
interface PublishedRow {
  readonly method: string;
  readonly path: string;
  readonly leastPrivileged: readonly string[];
  readonly higher: readonly string[];
  /** Permission → the permissions of which one must be held with it. */
  readonly alsoRequires?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What one operation asks for. Every inner list of `allOf` must be met by at least one of its permissions:
 * `[]` = nothing is needed, `[[]]` = no application is ever let in.
 */
export interface PermissionRow {
  readonly method: string;
  readonly path: string;
  readonly allOf: readonly (readonly string[])[];
}

/**
 * Operations whose published row is missing or older than the page that Microsoft shows today.
 * - Purge: the v1.0 page of 2026-05-01 gives User.DeleteRestore.All; the table still holds the older "not supported".
 * - b2bManagementPolicies: beta only, so the v1.0 table does not have it.
 */
const rowsByHand: readonly PermissionRow[] = [
  { method: 'DELETE', path: '/directory/deletedItems/{directoryObject-id}', allOf: [['User.DeleteRestore.All']] },
  { method: 'GET', path: '/beta/policies/b2bManagementPolicies', allOf: [['Policy.Read.B2BManagementPolicy']] },
];

/** Operations that ask for nothing themselves. Each request inside a batch is checked by its own row. */
const openToEveryApplication = ['POST /$batch'];

/**
 * Alternatives that are left out:
 * - agent identities and device management let a caller at a few rows of their own world and would triple the file;
 * - `.Remove.` permissions allow only the removing action of a schedule request, which a table per operation cannot
 *   express: kept, they would let an application assign roles that it may only take away.
 */
const leftOut = [/^AgentId/, /^DeviceManagement/, /\.Remove\./];

/** The published table's place: GRAPH_PERMISSIONS, otherwise the shared folder beside the project. */
export function permissionSource(projectRoot: string): string {
  return process.env['GRAPH_PERMISSIONS'] ?? resolve(projectRoot, '../shared/graph/permissions.json');
}

/** The checked-in table's place. */
export function tenantPermissionsFile(projectRoot: string): string {
  return resolve(projectRoot, 'local/tenant/permissions.json');
}

/**
 * Makes the text of `local/tenant/permissions.json`: one row a line, sorted by path, then method.
 *
 * @param source path of the published table. Throws if it is not readable.
 */
export function makeTenantPermissions(source: string): string {
  const published = JSON.parse(readFileSync(source, 'utf8')) as PublishedRow[];
  const byHand = new Set(rowsByHand.map(nameOf));
  const rows = [...published.filter((row) => !byHand.has(nameOf(row))).map(toPermissionRow), ...rowsByHand];
  rows.sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

function toPermissionRow(row: PublishedRow): PermissionRow {
  const { method, path } = row;
  return { method, path, allOf: openToEveryApplication.includes(nameOf(row)) ? [] : requirementsOf(row) };
}

function requirementsOf(row: PublishedRow): string[][] {
  const accepted = [...row.leastPrivileged, ...row.higher].filter((name) => !leftOut.some((rule) => rule.test(name)));
  const companions = row.alsoRequires ?? {};
  const replaceable = new Set(
    Object.values(companions)
      .filter((list) => list.length > 1)
      .flat(),
  );
  const indispensable = Object.keys(companions).filter((name) => !replaceable.has(name));
  const others = accepted.filter((name) => !indispensable.includes(name));
  return [...indispensable.map((name) => [name]), others];
}

function nameOf(row: { readonly method: string; readonly path: string }): string {
  return `${row.method} ${row.path}`;
}

/** By UTF-16 code unit: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

if (process.argv[1]?.endsWith('makeTenantPermissions.ts') === true) {
  const source = permissionSource(process.cwd());
  if (!existsSync(source)) throw new Error(`No permission table at ${source}: set GRAPH_PERMISSIONS.`);
  writeFileSync(tenantPermissionsFile(process.cwd()), makeTenantPermissions(source));
}
