import { z } from 'zod';
import { prefix, visibleScopes } from '../../access/azureRole';
import type { Check } from '../../domain/checks';
import type { Grant, GrantKind } from '../../domain/grants';
import { ServiceError } from '../../domain/serviceError';
import type { ActivityDeps } from '../activity';
import { blocking, passed, warning } from './check';

const permissionShape = z.object({ actions: z.array(z.string()), notActions: z.array(z.string()).nullish() });
const NAMED_SCOPES = 10;
const WRITE = 'microsoft.authorization/roleassignments/write';

/**
 * Whether the app may write role assignments at every scope where the guest holds one, and whether it sees Azure at
 * all: what lies in a subscription that it cannot see is not captured.
 */
export async function checkAzure(
  grants: readonly Grant[],
  skip: readonly GrantKind[],
  { azure }: ActivityDeps,
): Promise<Check[]> {
  if (skip.includes('azureRole')) return [];
  const visible = await visibleScopes(azure);
  if (visible.length === 0) {
    return [
      warning(
        'azure-permissions',
        'The app sees no subscription and no management group, so Azure roles of the guest are not captured.',
        'Assign Reader and "Role Based Access Control Administrator" to the app at the tenant root group.',
      ),
    ];
  }
  const scopes = [...new Set(grants.flatMap((grant) => (grant.kind === 'azureRole' ? [grant.scope ?? '/'] : [])))];
  const allowed = await Promise.all(
    scopes.map(async (scope) => {
      const path = `${prefix(scope)}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
      const rows = await azure.readAll(path, permissionShape).catch((error: unknown) => {
        if (error instanceof ServiceError && error.status === 403) return [];
        throw error;
      });
      return rows.some((row) => row.actions.some(covers) && !(row.notActions ?? []).some(covers));
    }),
  );
  const refused = scopes.filter((_scope, place) => allowed[place] !== true);
  return [
    refused.length === 0
      ? passed(
          'azure-permissions',
          `The app may assign roles at all ${scopes.length} Azure scopes of this guest; it sees ${visible.length} subscriptions and management groups.`,
        )
      : blocking(
          'azure-permissions',
          `The app may not assign Azure roles at: ${someOf(refused)}.`,
          'Assign "Role Based Access Control Administrator" to the app there, or skip the kind azureRole.',
        ),
  ];
}

/** Names the first few: a row of checks has to fit into one column, however many scopes there are. */
function someOf(scopes: readonly string[]): string {
  const named = scopes.slice(0, NAMED_SCOPES).join(', ');
  return scopes.length > NAMED_SCOPES ? `${named} and ${scopes.length - NAMED_SCOPES} more` : named;
}

/** Whether an action pattern of Azure ("*" stands for any text) covers the write of role assignments. */
function covers(pattern: string): boolean {
  const parts = pattern
    .toLowerCase()
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(WRITE);
}
