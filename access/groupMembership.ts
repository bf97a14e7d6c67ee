import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { judgeRule } from '../domain/membershipRule';
import { isDirect, restoreUnlessDelivered } from './delivered';
import {
  groupScheduleCalls,
  readGroupSchedules,
  standingInGroups,
  unclearStanding,
  type Standing,
} from './groupSchedules';
import { groupData, groupSelect, groupShape, isRoleAssignable, whyNotByGraph, type Group } from './groups';
import { alreadyPresent, reference, restored, saysItExists, type AccessKind } from './kind';
import { withoutAddresses } from './rules';

const idShape = z.object({ id: z.string() });

/**
 * Direct memberships of groups. Dynamic, on-premises-synced and mail-enabled groups come out as `manual`.
 * Source: facts on `POST /groups/{id}/members/$ref`; a second add answers 400 "already exist".
 * Members for a time and those who switched their membership on are left to `pimGroup` (see standingInGroups): given back
 * from here, they would be members for good.
 */
export const groupMembership: AccessKind = {
  kind: 'groupMembership',
  title: 'Group memberships',
  calls: {
    capture: ['GET /users/{user-id}/memberOf/microsoft.graph.group', ...groupScheduleCalls],
    restore: ['POST /groups/{group-id}/members/$ref', 'GET /users/{user-id}/memberOf/microsoft.graph.group'],
  },
  limits:
    'On-premises-synced and mail-enabled groups are left to people; of a dynamic group the report quotes the rule and ' +
    'says whether it will take the guest in again. Memberships that an access package gives come back with the package. ' +
    'Where the app may not read PIM for Groups (`pimGroup` is skipped), members for a time count as members for good, ' +
    'except of role-assignable groups, which are then left to people.',
  capturePermissions: [
    { anyOf: ['Directory.Read.All', 'Directory.ReadWrite.All'], why: 'read the groups a guest is a member of' },
    ...readGroupSchedules,
  ],
  restorePermissions: [
    {
      anyOf: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'add the new guest to groups',
      when: isDirect,
    },
    {
      anyOf: ['RoleManagement.ReadWrite.Directory'],
      why: 'add the new guest to role-assignable groups',
      when: (grant) => isRoleAssignable(grant) && isDirect(grant),
    },
  ],
  async capture(guestId, outside) {
    const [groups, standing] = await Promise.all([
      outside.graph.readAll(
        `/users/${guestId}/memberOf/microsoft.graph.group?$select=${groupSelect}&$top=999`,
        groupShape,
      ),
      standingInGroups(guestId, 'member', outside),
    ]);
    return groups.flatMap((group) => (standing(group) === 'passing' ? [] : [membershipOf(group, standing)]));
  },
  restore(grants, newId, { graph }) {
    const held = async (): Promise<string[]> => {
      const path = `/users/${newId}/memberOf/microsoft.graph.group?$select=id&$top=999`;
      return (await graph.readAll(path, idShape)).map(({ id }) => id);
    };
    return restoreUnlessDelivered(grants, held, async (grant) => {
      try {
        await graph.write('POST', `/groups/${grant.key}/members/$ref`, reference(newId));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

function membershipOf(group: Group, standing: Standing): Grant {
  const unclear = standing(group) === 'unclear' ? unclearStanding('member') : undefined;
  const instruction = instructionFor(group) ?? unclear;
  return {
    kind: 'groupMembership',
    key: group.id,
    name: group.displayName ?? group.id,
    ...(instruction === undefined ? {} : { instruction }),
    data: groupData(group),
  };
}

function instructionFor(group: Group): string | undefined {
  if (!(group.groupTypes ?? []).includes('DynamicMembership')) return whyNotByGraph(group, 'member');
  const rule = group.membershipRule ?? '';
  if (rule === '') return 'The group is dynamic and its rule could not be read: look at the rule.';
  return `The group is dynamic: its rule decides, ${withoutAddresses(rule)}. ${judgeRule(rule).sentence}`;
}
