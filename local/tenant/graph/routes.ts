import { accessPackageRoutes } from './accessPackages';
import { administrativeUnitRoutes } from './administrativeUnits';
import { applicationRoutes } from './applications';
import { appRoleRoutes } from './appRoles';
import { deletedItemRoutes } from './deletedItems';
import { directoryObjectRoutes } from './directoryObjects';
import { groupRoutes } from './groups';
import { invitationRoutes } from './invitations';
import { licenseRoutes } from './licenses';
import { membershipRoutes } from './memberships';
import { permissionGrantRoutes } from './permissionGrants';
import { policyRoutes } from './policies';
import { roleRoutes } from './roles';
import type { Route } from './route';
import { changeSubscriptionRoutes } from './changeSubscriptions';
import { userLinkRoutes } from './userLinks';
import { userRoutes } from './users';

const all: readonly Route[] = [
  ...userRoutes,
  ...userLinkRoutes,
  ...membershipRoutes,
  ...licenseRoutes,
  ...deletedItemRoutes,
  ...invitationRoutes,
  ...groupRoutes,
  ...administrativeUnitRoutes,
  ...roleRoutes,
  ...appRoleRoutes,
  ...permissionGrantRoutes,
  ...applicationRoutes,
  ...accessPackageRoutes,
  ...directoryObjectRoutes,
  ...policyRoutes,
  ...changeSubscriptionRoutes,
];

/** Every Graph operation except `$batch`. A new area is a new file and one line here. */
export const graphRoutes = (): readonly Route[] => all;
