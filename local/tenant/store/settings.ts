import { z } from 'zod';
import { resetRefusals } from '../directory/roles';

/** Application permissions the app is consented to unless a setting says otherwise. */
export const defaultPermissions = [
  'User.Invite.All',
  'User.ReadWrite.All',
  'User.DeleteRestore.All',
  // Subscriptions to changes of users ask for exactly this one.
  'User.Read.All',
  'Directory.Read.All',
  'GroupMember.ReadWrite.All',
  'Group.ReadWrite.All',
  'RoleManagement.ReadWrite.Directory',
  'AppRoleAssignment.ReadWrite.All',
  'AdministrativeUnit.ReadWrite.All',
  'Application.ReadWrite.All',
  'DelegatedPermissionGrant.ReadWrite.All',
  'EntitlementManagement.ReadWrite.All',
  'LicenseAssignment.ReadWrite.All',
  'Application.Read.All',
  'Policy.Read.All',
  'Policy.ReadWrite.ConditionalAccess',
  'Policy.Read.B2BManagementPolicy',
  'CustomSecAttributeAssignment.ReadWrite.All',
  'UserAuthenticationMethod.Read.All',
  'Channel.ReadBasic.All',
  'ChannelMember.ReadWrite.All',
  'PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup',
  'PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup',
  'Mail.Send',
  'CrossTenantInformation.ReadBasic.All',
];

const milliseconds = z.number().int().min(0);

/** How the simulated services behave. `PUT /_tenant/settings` takes any part of it; README.md explains each. */
export const settingsSchema = z.strictObject({
  latencyMs: milliseconds,
  replicationMs: milliseconds,
  notificationMs: milliseconds,
  /** How far the index of Azure Resource Graph lags behind. */
  resourceGraphLagMs: milliseconds,
  /** true = every notification twice; a number = so many extra copies of each. */
  duplicateNotifications: z.union([z.boolean(), z.number().int().min(0).max(10)]),
  /** true = all are lost; a number = so many of the next ones are lost. */
  dropNotifications: z.union([z.boolean(), z.number().int().min(0)]),
  /** How long Teams lags behind the members of a team's group. */
  teamsSyncMs: milliseconds,
  /** false = the tenant has no Teams service. */
  teamsService: z.boolean(),
  grantedPermissions: z.array(z.string().min(1)),
  throttling: z.union([
    z.enum(['off', 'microsoft']),
    z.strictObject({ unitsPer10s: z.number().positive(), writesPer150s: z.number().positive() }),
  ]),
  tokenLifetimeSeconds: z.number().int().min(1),
  /** false = a tenant without the licence for entitlement management. */
  entitlementManagement: z.boolean(),
  accessPackageMs: milliseconds,
  /** true = Microsoft's abuse detection has blocked all invitations of the tenant. */
  invitationsBlocked: z.boolean(),
  /** So many change subscriptions an application may have. */
  subscriptionQuota: z.number().int().min(0),
  /** How long before its end a subscription must be authorized again; 0 = only when a control call demands it. */
  reauthorizationBeforeMs: milliseconds,
  /** How long changes go on being notified while the demand is unanswered. */
  reauthorizationGraceMs: milliseconds,
  /** Which roles of a user keep an application from resetting their redemption. */
  resetRefusedFor: z.enum(resetRefusals),
  /** true = an address that a guest in the recycle bin has cannot be invited. */
  deletedGuestsHoldAddress: z.boolean(),
  /** Whose mailboxes the application may use, by user id or mail address: Exchange's access policy for applications. */
  mailboxAccess: z.union([z.literal('all'), z.array(z.string().min(1))]),
});

export type Settings = z.infer<typeof settingsSchema>;

export const defaultSettings: Settings = {
  latencyMs: 0,
  replicationMs: 0,
  notificationMs: 0,
  resourceGraphLagMs: 0,
  duplicateNotifications: false,
  dropNotifications: false,
  teamsSyncMs: 0,
  teamsService: true,
  grantedPermissions: defaultPermissions,
  throttling: 'off',
  tokenLifetimeSeconds: 24 * 60 * 60,
  entitlementManagement: true,
  accessPackageMs: 0,
  invitationsBlocked: false,
  subscriptionQuota: 100,
  reauthorizationBeforeMs: 0,
  reauthorizationGraceMs: 0,
  resetRefusedFor: 'roles',
  deletedGuestsHoldAddress: false,
  mailboxAccess: 'all',
};

/** The part of the settings that a caller wants to change. */
export const settingsUpdate = settingsSchema.partial();
