import type { GrantKind } from '../domain/grants';
import { accessPackage } from './accessPackage';
import { administrativeUnit } from './administrativeUnit';
import { applicationOwnership } from './applicationOwnership';
import { appRole } from './appRole';
import { authenticationMethod } from './authenticationMethod';
import { azureRole } from './azureRole';
import { customSecurityAttribute } from './customSecurityAttribute';
import { directoryExtension } from './directoryExtension';
import { conditionalAccess } from './conditionalAccess';
import { delegatedPermission } from './delegatedPermission';
import { directoryRole } from './directoryRole';
import { directReport } from './directReport';
import { groupMembership } from './groupMembership';
import { groupOwnership } from './groupOwnership';
import { keyVaultPolicy } from './keyVaultPolicy';
import type { AccessKind } from './kind';
import { license } from './license';
import { manager } from './manager';
import { openExtension } from './openExtension';
import { outsideGraph } from './outsideGraph';
import { pimDirectoryRole } from './pimDirectoryRole';
import { pimGroup } from './pimGroup';
import { pimAzureRole } from './pimAzureRole';
import { profile } from './profile';
import { sponsor } from './sponsor';
import { sponsorOf } from './sponsorOf';
import { teamsChannel } from './teamsChannel';

/** Every kind of grant, by name. The type makes the compiler ask for a file when a kind is added to the domain. */
export const accessKinds: Record<GrantKind, AccessKind> = {
  profile,
  directoryExtension,
  openExtension,
  customSecurityAttribute,
  manager,
  directReport,
  sponsor,
  sponsorOf,
  license,
  accessPackage,
  groupMembership,
  groupOwnership,
  teamsChannel,
  appRole,
  delegatedPermission,
  applicationOwnership,
  conditionalAccess,
  azureRole,
  pimAzureRole,
  keyVaultPolicy,
  administrativeUnit,
  directoryRole,
  pimDirectoryRole,
  pimGroup,
  authenticationMethod,
  outsideGraph,
};

/** The kinds a migration handles: all but those it skips. */
export function enabledKinds(skip: readonly GrantKind[]): AccessKind[] {
  return Object.values(accessKinds).filter((kind) => !skip.includes(kind.kind));
}
