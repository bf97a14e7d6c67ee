import type { GrantKind } from '../domain/grants';
import { appRole } from './appRole';
import { azureRole } from './azureRole';
import { conditionalAccess } from './conditionalAccess';
import { directoryRole } from './directoryRole';
import { groupMembership } from './groupMembership';
import { groupOwnership } from './groupOwnership';
import type { AccessKind } from './kind';
import { profile } from './profile';
import { teamsChannel } from './teamsChannel';

/** Every kind of grant, by name. The type makes the compiler ask for a file when a kind is added to the domain. */
export const accessKinds = {
  profile,
  // attributes and people
  // licences and packages
  groupMembership,
  groupOwnership,
  teamsChannel,
  appRole,
  // applications
  conditionalAccess,
  azureRole,
  // Azure
  directoryRole,
  // PIM
  // by hand
} as unknown as Record<GrantKind, AccessKind>;

/** The kinds a migration handles: all but those it skips. */
export function enabledKinds(skip: readonly GrantKind[]): AccessKind[] {
  return Object.values(accessKinds).filter((kind) => !skip.includes(kind.kind));
}
