import { z } from 'zod';
import { accessKinds } from '../../access';
import { permissionsToRestore, type Permission } from '../../access/kind';
import type { Check } from '../../domain/checks';
import type { Grant } from '../../domain/grants';
import type { MigrationRequest } from '../../domain/migration';
import type { Graph } from '../../domain/ports';
import type { Captured } from '../capture';
import type { ActivityDeps, ActivitySettings } from '../activity';
import { GLOBAL_ADMINISTRATOR } from './guestChecks';
import { blocking, passed } from './check';

const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = '7be44c8a-adaf-4e2a-84d6-ab2649e08a13';

/** What every migration needs, whatever the strategy. */
const commonPermissions: readonly Permission[] = [
  {
    anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All'],
    why: 'find guests and follow the redemption',
  },
  { anyOf: ['Policy.Read.All'], why: 'check the policies for invitations before the purge' },
  {
    anyOf: ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All'],
    why: 'see who is Global Administrator, and which roles the app itself holds',
  },
];

/** What every migration of the strategy `recreate` needs, whatever the guest holds. */
export const recreatePermissions: readonly Permission[] = [
  { anyOf: ['User.DeleteRestore.All'], why: 'delete, purge and restore the old guest' },
  { anyOf: ['User.Invite.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'invite the new guest' },
  ...commonPermissions,
];

/** What every migration of the strategy `reset` needs. */
const resetPermissions: readonly Permission[] = [
  { anyOf: ['User.ReadWrite.All'], why: 'add the new address and reset the redemption' },
  ...commonPermissions,
];

type Strategy = MigrationRequest['strategy'];
const permissionsOf: Record<Strategy, readonly Permission[]> = {
  recreate: recreatePermissions,
  reset: resetPermissions,
  // Before it is chosen; what the chosen one needs is asked for then.
  auto: commonPermissions,
};

/** What mails to the guest need, where the app sends them itself. */
export const mailPermissions: readonly Permission[] = [
  { anyOf: ['Mail.Send'], why: 'write to guests through the mailbox (only with INVITATION_MAIL=mailbox)' },
];

/**
 * Whether the app may do all that this guest needs: permissions of its token, and its own directory role. A reset takes
 * the roles away first and gives them back; everything else stays with the guest.
 */
export async function checkApp(access: Captured, strategy: 'recreate' | 'reset', deps: ActivityDeps): Promise<Check[]> {
  const { roles } = await deps.graph.ownIdentity();
  if (strategy === 'recreate') {
    return [permissions(access, roles, strategy, deps.settings), await privilegedGuest(access.grants, deps)];
  }
  const moved = access.grants.filter(({ kind }) => kind === 'directoryRole' || kind === 'pimDirectoryRole');
  return [permissions({ ...access, grants: moved }, roles, strategy, deps.settings)];
}

/**
 * Whether the app holds what every migration needs. Asked before anything is read, because without it the directory
 * does not even show the guest.
 */
export async function checkBasePermissions(strategy: Strategy, { graph, settings }: ActivityDeps): Promise<Check> {
  const { roles } = await graph.ownIdentity();
  return permissions({ grants: [], refused: [] }, roles, strategy, settings);
}

function permissions(
  access: Captured,
  roles: readonly string[],
  strategy: Strategy,
  { invitationMail }: Pick<ActivitySettings, 'invitationMail'>,
): Check {
  const needed = [
    ...permissionsOf[strategy],
    ...(invitationMail === 'mailbox' ? mailPermissions : []),
    ...access.refused.flatMap((kind) => kind.capturePermissions),
    ...Object.values(accessKinds).flatMap((kind) => permissionsToRestore(kind, access.grants)),
  ];
  const missing = needed.filter((permission) => !permission.anyOf.some((name) => roles.includes(name)));
  const lines = [...new Set(missing.map(({ anyOf, why }) => `${anyOf[0] ?? ''} (to ${why})`))];
  if (lines.length === 0 && access.refused.length > 0) {
    const kinds = access.refused.map((kind) => kind.title).join(', ');
    return blocking('app-permissions', `The services refuse to show: ${kinds}.`, 'Check the roles of the app.');
  }
  return lines.length === 0
    ? passed('app-permissions', 'The app holds every permission that the grants of this guest need.')
    : blocking(
        'app-permissions',
        `Missing: ${lines.join('; ')}.`,
        'Grant the application permissions and consent to them.',
      );
}

const assignment = z.object({ roleDefinitionId: z.string() });

/** Whether the app itself holds one of these directory roles. */
export async function holdsOneOf(roleIds: readonly string[], graph: Graph): Promise<boolean> {
  const { servicePrincipalId } = await graph.ownIdentity();
  const filter = encodeURIComponent(`principalId eq '${servicePrincipalId}'`);
  const held = await graph.readAll(`/roleManagement/directory/roleAssignments?$filter=${filter}`, assignment);
  return held.some(({ roleDefinitionId }) => roleIds.includes(roleDefinitionId));
}

/**
 * Deleting, restoring or purging a user with roles, or in a role-assignable group, is a sensitive action: on top of
 * the permission the app itself must hold a directory role. Roles and role-assignable groups that the guest is only
 * eligible for in PIM, or holds for a time, count: the guest may have switched one on by the time of the deletion.
 */
async function privilegedGuest(grants: readonly Grant[], { graph }: ActivityDeps): Promise<Check> {
  const id = 'app-role-for-privileged-guest';
  const privileged = grants.some(
    ({ kind, data }) => kind === 'directoryRole' || kind === 'pimDirectoryRole' || data['roleAssignable'] === true,
  );
  if (!privileged) return passed(id, 'The guest holds nothing privileged.');
  const enough = await holdsOneOf([PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR], graph);
  return enough
    ? passed(id, 'The app holds the directory role that a privileged guest needs.')
    : blocking(
        id,
        'The guest is privileged, and the app holds no directory role that may delete privileged users.',
        'Assign Privileged Authentication Administrator to the app, or take the privileges from the guest first.',
      );
}
