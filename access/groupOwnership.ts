import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { groupData, groupSelect, groupShape, whyNotByGraph, type Group } from './groups';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';

const ownedObject = groupShape.extend({ '@odata.type': z.string() });

/** Ownerships of groups. `ownedObjects` also lists applications and devices; those belong to kinds of their own. */
export const groupOwnership: AccessKind = {
  kind: 'groupOwnership',
  title: 'Group ownerships',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read what a guest owns',
    },
  ],
  restorePermissions(grants) {
    const writable = grants.filter((grant) => grant.instruction === undefined);
    if (writable.length === 0) return [];
    const own = { anyOf: ['Group.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'make the new guest a group owner' };
    const roleAssignable = {
      anyOf: ['RoleManagement.ReadWrite.Directory'],
      why: 'make the new guest an owner of role-assignable groups',
    };
    return writable.some((grant) => grant.data['roleAssignable'] === true) ? [own, roleAssignable] : [own];
  },
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
