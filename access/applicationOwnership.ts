import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';

const ownedShape = z.object({ '@odata.type': z.string(), id: z.string(), displayName: z.string().nullish() });
type Owned = z.infer<typeof ownedShape>;

const collections = {
  '#microsoft.graph.application': { collection: 'applications', noun: 'app registration' },
  '#microsoft.graph.servicePrincipal': { collection: 'servicePrincipals', noun: 'enterprise application' },
} as const;

const ownershipData = z.strictObject({
  collection: z.enum(['applications', 'servicePrincipals']),
  id: z.string().min(1),
});

/** Ownerships of app registrations and enterprise applications. Groups that a guest owns are another kind. */
export const applicationOwnership: AccessKind = {
  kind: 'applicationOwnership',
  title: 'Application ownerships',
  calls: {
    capture: ['GET /users/{user-id}/ownedObjects'],
    restore: [
      'POST /applications/{application-id}/owners/$ref',
      'POST /servicePrincipals/{servicePrincipal-id}/owners/$ref',
    ],
  },
  limits: 'Secrets and certificates that the guest knows are not looked at.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read what a guest owns',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['Application.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'make the new guest an owner of applications',
    },
    { anyOf: ['Directory.Read.All', 'Directory.ReadWrite.All'], why: 'make the new guest an owner of applications' },
  ],
  async capture(guestId, { graph }) {
    const owned = await graph.readAll(`/users/${guestId}/ownedObjects?$select=id,displayName&$top=999`, ownedShape);
    return owned.flatMap(grantsOf);
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async (grant) => {
      const { collection, id } = ownershipData.parse(grant.data);
      try {
        await graph.write('POST', `/${collection}/${id}/owners/$ref`, reference(newId));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

function grantsOf({ '@odata.type': type, id, displayName }: Owned): Grant[] {
  if (type !== '#microsoft.graph.application' && type !== '#microsoft.graph.servicePrincipal') return [];
  const { collection, noun } = collections[type];
  return [
    {
      kind: 'applicationOwnership',
      key: `${collection}/${id}`,
      name: `${displayName ?? id} (${noun})`,
      data: { collection, id },
    },
  ];
}
