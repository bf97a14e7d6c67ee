import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { ServiceError } from '../domain/serviceError';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';
import { ruleInWords } from './rules';

const unitShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  membershipType: z.string().nullish(),
  membershipRule: z.string().nullish(),
  isMemberManagementRestricted: z.boolean().nullish(),
});
type Unit = z.infer<typeof unitShape>;

const unitSelect = 'id,displayName,membershipType,membershipRule,isMemberManagementRestricted';

/**
 * Administrative units. They are restored last: a guest in a unit under restricted management can only be changed with
 * a role at that unit, and two directory roles alone may put the guest there.
 */
export const administrativeUnit: AccessKind = {
  kind: 'administrativeUnit',
  title: 'Administrative units',
  calls: {
    capture: ['GET /users/{user-id}/memberOf/microsoft.graph.administrativeUnit'],
    restore: ['POST /directory/administrativeUnits/{administrativeUnit-id}/members/$ref'],
  },
  limits:
    'Units by rule are left to their rule. Units under restricted management take members only from a Privileged ' +
    'Role Administrator or Global Administrator, which the app usually is not.',
  capturePermissions: [
    { anyOf: ['Directory.Read.All', 'Directory.ReadWrite.All'], why: 'read the administrative units of a guest' },
  ],
  restorePermissions: [
    {
      anyOf: ['AdministrativeUnit.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'add the new guest to administrative units',
    },
  ],
  async capture(guestId, { graph }) {
    const cast = 'microsoft.graph.administrativeUnit';
    const units = await graph.readAll(`/users/${guestId}/memberOf/${cast}?$select=${unitSelect}&$top=999`, unitShape);
    return units.map(grantOf);
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async (grant) => {
      try {
        await graph.write('POST', `/directory/administrativeUnits/${grant.key}/members/$ref`, reference(newId));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        if (error instanceof ServiceError && error.status === 403 && grant.data['restricted'] === true) {
          return { result: 'manual', detail: RESTRICTED };
        }
        throw error;
      }
    });
  },
};

const RESTRICTED =
  'The unit is under restricted management: a Privileged Role Administrator or Global Administrator has to add the guest.';

function grantOf(unit: Unit): Grant {
  const byRule = unit.membershipType?.toLowerCase() === 'dynamic';
  const instruction = `The unit is dynamic: it follows ${ruleInWords(unit.membershipRule)}`;
  return {
    kind: 'administrativeUnit',
    key: unit.id,
    name: unit.displayName ?? unit.id,
    ...(byRule ? { instruction } : {}),
    data: { restricted: unit.isMemberManagementRestricted === true },
  };
}
