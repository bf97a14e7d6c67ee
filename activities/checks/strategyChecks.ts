import type { Check } from '../../domain/checks';
import type { Grant, GrantKind } from '../../domain/grants';
import type { MigrationRequest } from '../../domain/migration';
import { recommendStrategy, type Recommendation } from '../../domain/strategy';
import type { ActivityDeps } from '../activity';
import { blocking, passed } from './check';

/** The strategy of a migration, why, and the rows that say so. */
export interface Choice {
  strategy: Recommendation['strategy'];
  recommendation: Recommendation;
  rows: Check[];
}

/** Chooses the strategy: the one that was asked for, or where preflight may choose the one that suits the guest. */
export async function chooseStrategy(
  { request, grants, skipped }: { request: MigrationRequest; grants: readonly Grant[]; skipped: readonly GrantKind[] },
  { graph }: Pick<ActivityDeps, 'graph'>,
): Promise<Choice> {
  const { roles } = await graph.ownIdentity();
  const recommendation = recommendStrategy({
    grants,
    skipped,
    mayReset: roles.includes('User.ReadWrite.All'),
    mayMoveRoles: roles.includes('RoleManagement.ReadWrite.Directory'),
  });
  const recommended = `${recommendation.strategy}: ${recommendation.reason}`;
  const row = passed('strategy-recommended', recommended, 'warning');
  if (request.strategy === 'recreate') return { strategy: 'recreate', recommendation, rows: [row] };
  if (request.strategy === 'auto') {
    const { strategy } = recommendation;
    return { strategy, recommendation, rows: [row, passed('strategy-chosen', recommended, 'warning')] };
  }
  const chosen = passed('strategy-chosen', 'reset: it was asked for.', 'warning');
  return { strategy: 'reset', recommendation, rows: [row, chosen, resetRow(grants, skipped)] };
}

const RECREATE = 'Use the strategy recreate, or auto.';

/**
 * Whether Graph can be expected to reset the guest for an app: it refuses as long as the guest holds any role. What is not
 * documented (roles through a group) is refused here; for eligible roles it is tried, and a refusal is undone.
 */
function resetRow(grants: readonly Grant[], skipped: readonly GrantKind[]): Check {
  const id = 'reset-possible';
  const unseen = skipped.filter((kind) => kind === 'directoryRole' || kind === 'pimDirectoryRole');
  if (unseen.length > 0) {
    return blocking(id, `Roles are not read (${unseen.join(', ')}), and Graph resets no role holder.`, RECREATE);
  }
  const roles = grants.filter(({ kind }) => kind === 'directoryRole' || kind === 'pimDirectoryRole');
  const stuck = roles.filter(({ instruction }) => instruction !== undefined).length;
  if (stuck > 0) {
    return blocking(id, `Roles that an app cannot give back: ${stuck}. They are not taken away.`, RECREATE);
  }
  if (grants.some(({ data }) => data['roleAssignable'] === true)) {
    return blocking(id, 'The guest is in a group that may hold directory roles, and stays in it.', RECREATE);
  }
  return passed(
    id,
    roles.length === 0
      ? 'The guest holds no directory role.'
      : `Directory roles (${roles.length}): active ones are taken away until the guest has accepted.`,
  );
}
