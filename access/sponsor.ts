import { z } from 'zod';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';

const sponsorShape = z.object({ id: z.string(), displayName: z.string().nullish() });

/** Users and groups that answer for the guest. The invitation names the first five, so these are mostly there again. */
export const sponsor: AccessKind = {
  kind: 'sponsor',
  title: 'Sponsors',
  calls: { capture: ['GET /users/{user-id}/sponsors'], restore: ['POST /users/{user-id}/sponsors/$ref'] },
  limits: 'A guest can have five sponsors; one that finds no place because others were added meanwhile is reported.',
  capturePermissions: [{ anyOf: ['User.Read.All', 'User.ReadWrite.All'], why: 'read the sponsors of a guest' }],
  restorePermissions: [
    { anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'give the new guest its sponsors' },
  ],
  async capture(guestId, { graph }) {
    const found = await graph.readAll(`/users/${guestId}/sponsors?$select=id,displayName`, sponsorShape);
    // Somebody who answers for themselves: there will be another self.
    const others = found.filter(({ id }) => id.toLowerCase() !== guestId);
    return others.map(({ id, displayName }) => ({ kind: 'sponsor', key: id, name: displayName ?? id, data: {} }));
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async ({ key }) => {
      try {
        await graph.write('POST', `/users/${newId}/sponsors/$ref`, reference(key));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};
