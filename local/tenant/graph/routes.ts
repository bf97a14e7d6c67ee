import { accessPackageRoutes } from './accessPackages';
import { administrativeUnitRoutes } from './administrativeUnits';
import { applicationRoutes } from './applications';
import { appRoleRoutes } from './appRoles';
import { channelMemberRoutes } from './channelMembers';
import { conditionalAccessRoutes } from './conditionalAccess';
import { deletedItemRoutes } from './deletedItems';
import { directoryExtensionRoutes } from './directoryExtensions';
import { directoryObjectRoutes } from './directoryObjects';
import { groupRoutes } from './groups';
import { invitationRoutes } from './invitations';
import { licenseRoutes } from './licenses';
import { mailRoutes } from './mail';
import { membershipRoutes } from './memberships';
import { openExtensionRoutes } from './openExtensions';
import { permissionGrantRoutes } from './permissionGrants';
import { pimGroupRoutes } from './pimGroups';
import { pimRoleRoutes } from './pimRoles';
import { policyRoutes } from './policies';
import { roleRoutes } from './roles';
import type { Route } from './route';
import { authenticationMethodRoutes } from './authenticationMethods';
import { changeSubscriptionRoutes } from './changeSubscriptions';
import { teamRoutes } from './teams';
import { tenantRelationshipRoutes } from './tenantRelationships';
import { userLinkRoutes } from './userLinks';
import { userRoutes } from './users';

const all: readonly Route[] = [
  ...userRoutes,
  ...userLinkRoutes,
  ...openExtensionRoutes,
  ...directoryExtensionRoutes,
  ...authenticationMethodRoutes,
  ...membershipRoutes,
  ...licenseRoutes,
  ...mailRoutes,
  ...deletedItemRoutes,
  ...invitationRoutes,
  ...groupRoutes,
  ...administrativeUnitRoutes,
  ...roleRoutes,
  ...pimRoleRoutes,
  ...pimGroupRoutes,
  ...appRoleRoutes,
  ...permissionGrantRoutes,
  ...applicationRoutes,
  ...accessPackageRoutes,
  ...directoryObjectRoutes,
  ...policyRoutes,
  ...tenantRelationshipRoutes,
  ...conditionalAccessRoutes,
  ...teamRoutes,
  ...channelMemberRoutes,
  ...changeSubscriptionRoutes,
];

/** Every Graph operation except `$batch`. A new area is a new file and one line here. */
export const graphRoutes = (): readonly Route[] => all;
