import type { GrantKind } from '../domain/grants';
import { appRole } from './appRole';
import { azureRole } from './azureRole';
import { directoryRole } from './directoryRole';
import { groupMembership } from './groupMembership';
import { groupOwnership } from './groupOwnership';
import { keyVaultPolicy } from './keyVaultPolicy';
import type { AccessKind } from './kind';
import { pimAzureRole } from './pimAzureRole';
import { profile } from './profile';

/** Every kind of grant, by name. The type makes the compiler ask for a file when a kind is added to the domain. */
export const accessKinds = {
  profile,
  // attributes and people
  // licences and packages
  groupMembership,
  groupOwnership,
  // teams
  appRole,
  // applications
  // policies
  azureRole,
  pimAzureRole,
  keyVaultPolicy,
  directoryRole,
  // PIM
  // by hand
} as unknown as Record<GrantKind, AccessKind>;

/** The kinds a migration handles: all but those it skips. */
export function enabledKinds(skip: readonly GrantKind[]): AccessKind[] {
  return Object.values(accessKinds).filter((kind) => !skip.includes(kind.kind));
}
