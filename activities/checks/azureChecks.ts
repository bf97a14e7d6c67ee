import { z } from 'zod';
import { LISTED_SCOPES, isForbidden, prefix, visibleScopes } from '../../access/azureScopes';
import type { Check } from '../../domain/checks';
import type { Grant, GrantKind } from '../../domain/grants';
import type { Azure } from '../../domain/ports';
import type { ActivityDeps } from '../activity';
import { blocking, passed, warning } from './check';

const permissionShape = z.object({ actions: z.array(z.string()), notActions: z.array(z.string()).nullish() });
type Permissions = z.infer<typeof permissionShape>[];
const NAMED_SCOPES = 10;

type AzureKind = 'azureRole' | 'pimAzureRole' | 'keyVaultPolicy';

/** What the app has to be allowed in Azure for a kind, and the built-in role that allows it. */
interface Needs {
  what: string;
  role: string;
  /** To find what a guest holds; all of them at every visible scope. */
  read: readonly string[];
  /** To give this grant to the new guest, at its scope. */
  write: (grant: Grant) => string;
  /** To remove what then names nobody; undefined where nothing is removed. */
  tidy?: (grant: Grant) => string | undefined;
}

const needs: Record<AzureKind, Needs> = {
  azureRole: {
    what: 'assign Azure roles',
    role: 'Role Based Access Control Administrator',
    read: [
      'Microsoft.Authorization/roleAssignments/read',
      'Microsoft.Authorization/roleAssignmentScheduleInstances/read',
    ],
    write: () => 'Microsoft.Authorization/roleAssignments/write',
    tidy: () => 'Microsoft.Authorization/roleAssignments/delete',
  },
  pimAzureRole: {
    what: 'assign Azure roles in PIM',
    role: 'User Access Administrator',
    read: [
      'Microsoft.Authorization/roleEligibilitySchedules/read',
      'Microsoft.Authorization/roleAssignmentSchedules/read',
    ],
    write: ({ data }) =>
      data['list'] === 'eligible'
        ? 'Microsoft.Authorization/roleEligibilityScheduleRequests/write'
        : 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
  },
  keyVaultPolicy: {
    what: 'write access policies',
    role: 'Key Vault Contributor',
    read: ['Microsoft.KeyVault/vaults/read'],
    write: () => 'Microsoft.KeyVault/vaults/accessPolicies/write',
  },
};

/** Scopes at which the app lacks something, and what to say about it. */
interface Lack {
  scopes: string[];
  text: string;
  fix: string;
}

/**
 * Whether the app may give back what the guest holds in Azure, at each scope, and whether it sees Azure at all: what
 * lies in a subscription that it cannot see or read is not captured. One row, whatever the guest holds.
 */
export async function checkAzure(
  grants: readonly Grant[],
  skip: readonly GrantKind[],
  { azure }: ActivityDeps,
): Promise<Check[]> {
  const kinds = (Object.keys(needs) as AzureKind[]).filter((kind) => !skip.includes(kind));
  if (kinds.length === 0) return [];
  const visible = await visibleScopes(azure);
  if (visible.length === 0) {
    return [
      warning(
        'azure-permissions',
        'The app sees no subscription and no management group, so access of the guest in Azure is not captured.',
        'Assign Reader and the roles of infra/graph-permissions.md to the app at the tenant root group.',
      ),
    ];
  }
  const held = grants.filter((grant) => kinds.some((kind) => kind === grant.kind) && grant.instruction === undefined);
  const looked = visible.slice(0, LISTED_SCOPES);
  const scopes = [...new Set([...held.map(scopeOf), ...looked])];
  const found = await Promise.all(scopes.map((scope) => permissionsAt(scope, azure)));
  const at = new Map(scopes.map((scope, place) => [scope, found[place] ?? []]));
  const may = (scope: string, action: string): boolean => allows(at.get(scope) ?? [], action);

  const refused = kinds.flatMap((kind) => writingLack(kind, held, may));
  const shortfalls = kinds.flatMap((kind) => [...readingLack(kind, looked, may), ...tidyingLack(kind, held, may)]);
  const lacks = [...refused, ...shortfalls];
  const detail = lacks.map(({ text, scopes: where }) => `${text}: ${someOf(where, lacks.length)}.`).join(' ');
  const fix = [...new Set(lacks.map((lack) => lack.fix))].join(' ');
  if (refused.length > 0) return [blocking('azure-permissions', detail, fix)];
  if (shortfalls.length > 0) return [warning('azure-permissions', detail, fix)];
  const count = new Set(held.map(scopeOf)).size;
  return [
    passed(
      'azure-permissions',
      `The app may give access back at all ${count} Azure scopes of this guest; it sees ${visible.length} subscriptions and management groups.`,
    ),
  ];
}

type May = (scope: string, action: string) => boolean;

function writingLack(kind: AzureKind, held: readonly Grant[], may: May): Lack[] {
  const { what, role, write } = needs[kind];
  const scopes = distinct(held.filter((grant) => grant.kind === kind && !may(scopeOf(grant), write(grant))));
  const fix = `Assign "${role}" to the app there, or skip the kind ${kind}.`;
  return scopes.length === 0 ? [] : [{ scopes, text: `The app may not ${what} at`, fix }];
}

function readingLack(kind: AzureKind, looked: readonly string[], may: May): Lack[] {
  const scopes = looked.filter((scope) => needs[kind].read.some((action) => !may(scope, action)));
  const text = `The app does not see everything of the kind ${kind}, so it may not be captured, at`;
  return scopes.length === 0 ? [] : [{ scopes, text, fix: 'Assign Reader to the app there.' }];
}

function tidyingLack(kind: AzureKind, held: readonly Grant[], may: May): Lack[] {
  const { tidy, role } = needs[kind];
  const lacking = held.filter((grant) => {
    const action = grant.kind === kind ? tidy?.(grant) : undefined;
    return action !== undefined && !may(scopeOf(grant), action);
  });
  const text = 'What the old guest leaves behind cannot be removed at';
  return lacking.length === 0 ? [] : [{ scopes: distinct(lacking), text, fix: `Assign "${role}" to the app there.` }];
}

function scopeOf(grant: Grant): string {
  return grant.scope ?? '/';
}

function distinct(grants: readonly Grant[]): string[] {
  return [...new Set(grants.map(scopeOf))];
}

/** What the app's roles allow at a scope; nothing where it may not even ask. */
async function permissionsAt(scope: string, azure: Azure): Promise<Permissions> {
  const path = `${prefix(scope)}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
  try {
    return await azure.readAll(path, permissionShape);
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

function allows(permissions: Permissions, action: string): boolean {
  return permissions.some(
    ({ actions, notActions }) =>
      actions.some((pattern) => covers(pattern, action)) &&
      !(notActions ?? []).some((pattern) => covers(pattern, action)),
  );
}

/** Names the first few: a row of checks has to fit into one column, however many scopes there are. */
function someOf(scopes: readonly string[], lists: number): string {
  const count = Math.max(2, Math.floor(NAMED_SCOPES / lists));
  const named = scopes.slice(0, count).join(', ');
  return scopes.length > count ? `${named} and ${scopes.length - count} more` : named;
}

/** Whether an action pattern of Azure ("*" stands for any text) covers an action. */
function covers(pattern: string, action: string): boolean {
  const parts = pattern
    .toLowerCase()
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(action.toLowerCase());
}
