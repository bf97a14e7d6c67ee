import { z } from 'zod';
import type { Grant } from '../domain/grants';

/** Properties of a group that decide who may change its members and owners. */
export const groupSelect =
  'id,displayName,groupTypes,securityEnabled,mailEnabled,isAssignableToRole,onPremisesSyncEnabled,membershipRule';

export const groupShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  securityEnabled: z.boolean().nullish(),
  mailEnabled: z.boolean().nullish(),
  isAssignableToRole: z.boolean().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  membershipRule: z.string().nullish(),
});
export type Group = z.infer<typeof groupShape>;

/** What is kept of a group in a grant. */
export function groupData(group: Group): Record<string, unknown> {
  return { groupId: group.id, roleAssignable: group.isAssignableToRole === true };
}

/** True for a grant of a group that may hold directory roles: changing who is in it needs a permission of its own. */
export function isRoleAssignable(grant: Grant): boolean {
  return grant.data['roleAssignable'] === true;
}

/**
 * Why an app cannot change the members or owners of this group, as an instruction; undefined when it can.
 * Graph changes neither groups mastered on-premises nor mail-enabled ones other than Microsoft 365 groups.
 */
export function whyNotByGraph(group: Group, role: 'member' | 'owner'): string | undefined {
  if (group.onPremisesSyncEnabled === true) {
    return `The group is mastered on-premises: make the guest ${article(role)} in the local Active Directory.`;
  }
  if (group.mailEnabled === true && !(group.groupTypes ?? []).includes('Unified')) {
    return `The group is mail-enabled: make the guest ${article(role)} in the Exchange admin center.`;
  }
  return undefined;
}

function article(role: 'member' | 'owner'): string {
  return role === 'owner' ? 'an owner' : 'a member';
}
