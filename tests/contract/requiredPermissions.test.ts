import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { accessKinds } from '../../access';
import { leastPermissions, needsOf } from '../../activities/requiredPermissions';
import { graphRoutes } from '../../local/tenant/graph/routes';
import { isBeyondSubset } from '../support/graphContract/beyondSubset';
import { permissionSource } from '../support/makeTenantPermissions';

/** A row of the table made from Microsoft's published data. */
interface Row {
  method: string;
  path: string;
  leastPrivileged: string[];
  higher: string[];
}

const source = permissionSource(resolve(__dirname, '../..'));
const inCi = process.env['CI'] !== undefined && process.env['CI'] !== '';
if (!existsSync(source) && inCi) throw new Error(`${source} is missing.`);
if (!existsSync(source)) process.stderr.write(`\nskipped: the permission list: ${source} is not here\n`);
const withTable = existsSync(source) ? describe : describe.skip;
const rows = existsSync(source) ? (JSON.parse(readFileSync(source, 'utf8')) as Row[]) : [];

/**
 * What an operation asks for, by Microsoft's table, or by its page where the table has no row: one permission of each
 * inner list.
 */
function acceptedBy(call: string): readonly (readonly string[])[] | undefined {
  const [method = '', path = ''] = call.split(' ');
  const row = rows.find((one) => one.method === method && one.path === path);
  if (row !== undefined) return [[...row.leastPrivileged, ...row.higher]];
  return graphRoutes().find((one) => one.method === method && one.path === path)?.allOf;
}

/** Permissions that Microsoft's pages ask for depending on the object, which the table cannot say of an operation. */
const beyondTheTable: Record<string, string[]> = {
  // user-get and user-update: these attributes are shown and taken with their own permission only.
  customSecurityAttribute: ['CustomSecAttributeAssignment.Read.All', 'CustomSecAttributeAssignment.ReadWrite.All'],
  // group-post-members, group-post-owners: role-assignable groups.
  groupMembership: ['RoleManagement.ReadWrite.Directory'],
  groupOwnership: ['RoleManagement.ReadWrite.Directory'],
  pimGroup: ['RoleManagement.ReadWrite.Directory'],
};

const isGraph = (call: string): boolean => !/ \/subscriptions| \/providers|\{scope\}/.test(call);
const calls = Object.values(accessKinds).flatMap(({ kind, calls: { capture, restore } }) =>
  [...capture, ...restore].filter(isGraph).map((call) => ({ kind, call })),
);
const needs = needsOf({
  skipAccess: [],
  rewriteConditionalAccess: true,
  domainPolicyCheck: 'beta',
  invitationMail: 'mailbox',
});
const least = leastPermissions(needs).map(({ name }) => name);

withTable('the permissions that the kinds ask for, against the published table', () => {
  it.each(calls)('$kind: $call is published, or documented beyond the subset', ({ call }) => {
    const [method = '', path = ''] = call.split(' ');
    const published = rows.some((row) => row.method === method && row.path === path);
    expect(published || isBeyondSubset(method, `/v1.0${path}`)).toBe(true);
    expect(acceptedBy(call)?.length).toBeGreaterThan(0);
  });

  it.each(calls)('$kind: the least set is let in at $call', ({ call }) => {
    expect(acceptedBy(call)?.every((anyOf) => anyOf.some((name) => least.includes(name)))).toBe(true);
  });

  it.each(Object.values(accessKinds).filter((kind) => kind.calls.capture.some(isGraph)))(
    '$kind: each permission it names is accepted by one of its own requests',
    ({ kind, calls: { capture, restore }, capturePermissions, restorePermissions }) => {
      const accepted = new Set(
        [...capture, ...restore].filter(isGraph).flatMap((call) => acceptedBy(call)?.flat() ?? []),
      );
      const named = [...capturePermissions, ...restorePermissions].flatMap(({ anyOf }) => anyOf);
      const unfounded = named.filter((name) => !accepted.has(name));
      expect({ kind, unfounded: [...new Set(unfounded)].sort() }).toEqual({
        kind,
        unfounded: beyondTheTable[kind] ?? [],
      });
    },
  );

  it('nothing of the least set is superfluous', () => {
    for (const name of least) {
      const unmet = needs.filter(({ anyOf }) => !anyOf.some((other) => other !== name && least.includes(other)));
      expect([name, unmet.length > 0]).toEqual([name, true]);
    }
  });
});
