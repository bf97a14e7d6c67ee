import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { groupData, groupSelect, groupShape, isRoleAssignable, whyNotByGraph, type Group } from './groups';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';

const ownedObject = groupShape.extend({ '@odata.type': z.string() });

/** Ownerships of groups. `ownedObjects` also lists applications and devices; those belong to kinds of their own. */
export const groupOwnership: AccessKind = {
  kind: 'groupOwnership',
  title: 'Group ownerships',
  calls: { capture: ['GET /users/{user-id}/ownedObjects'], restore: ['POST /groups/{group-id}/owners/$ref'] },
  limits: 'Owners of on-premises-synced and mail-enabled groups are left to people.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read what a guest owns',
    },
  ],
  restorePermissions: [
    { anyOf: ['Group.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'make the new guest a group owner' },
    {
      anyOf: ['RoleManagement.ReadWrite.Directory'],
      why: 'make the new guest an owner of role-assignable groups',
      when: isRoleAssignable,
    },
  ],
  async capture(guestId, { graph }) {
    const owned = await graph.readAll(`/users/${guestId}/ownedObjects?$select=${groupSelect}&$top=999`, ownedObject);
    return owned.filter((object) => object['@odata.type'] === '#microsoft.graph.group').map(ownershipOf);
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async (grant) => {
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

function ownershipOf(group: Group): Grant {
  const instruction = whyNotByGraph(group, 'owner');
  return {
    kind: 'groupOwnership',
    key: group.id,
    name: group.displayName ?? group.id,
    ...(instruction === undefined ? {} : { instruction }),
    data: groupData(group),
  };
}
