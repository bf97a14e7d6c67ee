import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
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

const ownedObject = groupShape.extend({ '@odata.type': z.string() });

/**
 * Ownerships of groups. `ownedObjects` also lists applications and devices; those belong to kinds of their own. Owners
 * for a time and those who switched their ownership on are left to `pimGroup` (see standingInGroups).
 */
export const groupOwnership: AccessKind = {
  kind: 'groupOwnership',
  title: 'Group ownerships',
  calls: {
    capture: ['GET /users/{user-id}/ownedObjects', ...groupScheduleCalls],
    restore: ['POST /groups/{group-id}/owners/$ref', 'GET /users/{user-id}/ownedObjects'],
  },
  limits:
    'Owners of on-premises-synced and mail-enabled groups are left to people. Ownerships that an access package gives ' +
    'come back with the package. Where the app may not read PIM for Groups (`pimGroup` is skipped), owners for a time ' +
    'count as owners for good, except of role-assignable groups, which are then left to people.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read what a guest owns',
    },
    ...readGroupSchedules,
  ],
  restorePermissions: [
    {
      anyOf: ['Group.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'make the new guest a group owner',
      when: isDirect,
    },
    {
      anyOf: ['RoleManagement.ReadWrite.Directory'],
      why: 'make the new guest an owner of role-assignable groups',
      when: (grant) => isRoleAssignable(grant) && isDirect(grant),
    },
  ],
  async capture(guestId, outside) {
    const [groups, standing] = await Promise.all([
      readOwnedGroups(guestId, outside.graph),
      standingInGroups(guestId, 'owner', outside),
    ]);
    return groups.flatMap((group) => (standing(group) === 'passing' ? [] : [ownershipOf(group, standing)]));
  },
  restore(grants, newId, { graph }) {
    const held = async (): Promise<string[]> => (await readOwnedGroups(newId, graph)).map(({ id }) => id);
    return restoreUnlessDelivered(grants, held, async (grant) => {
      try {
        await graph.write('POST', `/groups/${grant.key}/owners/$ref`, reference(newId));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

async function readOwnedGroups(userId: string, graph: Graph): Promise<Group[]> {
  const owned = await graph.readAll(`/users/${userId}/ownedObjects?$select=${groupSelect}&$top=999`, ownedObject);
  return owned.filter((object) => object['@odata.type'] === '#microsoft.graph.group');
}

function ownershipOf(group: Group, standing: Standing): Grant {
  const unclear = standing(group) === 'unclear' ? unclearStanding('owner') : undefined;
  const instruction = whyNotByGraph(group, 'owner') ?? unclear;
  return {
    kind: 'groupOwnership',
    key: group.id,
    name: group.displayName ?? group.id,
    ...(instruction === undefined ? {} : { instruction }),
    data: groupData(group),
  };
}
