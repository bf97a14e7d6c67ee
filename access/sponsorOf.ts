import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { alreadyPresent, oneByOne, reference, restored, saysItExists, type AccessKind } from './kind';

const sponsoredShape = z.object({ '@odata.type': z.string(), id: z.string(), displayName: z.string().nullish() });
type Sponsored = z.infer<typeof sponsoredShape>;
const idShape = z.object({ id: z.string() });

/** Types of objects whose sponsors are at `/users/{id}/sponsors`. */
const users = ['#microsoft.graph.user', '#microsoft.graph.agentUser'];

/**
 * Whom the guest sponsors. Graph's list also holds those that a group of the guest sponsors; they come back with the
 * group and are told apart by looking at the sponsors of each.
 */
export const sponsorOf: AccessKind = {
  kind: 'sponsorOf',
  title: 'Sponsored users',
  calls: {
    capture: ['GET /users/{user-id}/sponsorOf', 'GET /users/{user-id}/sponsors'],
    restore: ['POST /users/{user-id}/sponsors/$ref'],
  },
  limits: 'Agent identities that the guest sponsors are left to people.',
  capturePermissions: [{ anyOf: ['User.Read.All', 'User.ReadWrite.All'], why: 'read whom a guest sponsors' }],
  restorePermissions: [
    {
      anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'make the new guest a sponsor of those whom the old one sponsored',
    },
  ],
  async capture(guestId, { graph }) {
    const sponsored = await graph.readAll(`/users/${guestId}/sponsorOf?$select=id,displayName`, sponsoredShape);
    const direct = await Promise.all(
      sponsored.map(async (one) => {
        if (!users.includes(one['@odata.type'])) return true;
        const sponsors = await graph.readAll(`/users/${one.id}/sponsors?$select=id`, idShape);
        return sponsors.some(({ id }) => id.toLowerCase() === guestId);
      }),
    );
    const others = sponsored.filter(({ id }, place) => direct[place] === true && id.toLowerCase() !== guestId);
    return others.map(grantOf);
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async ({ key }) => {
      try {
        await graph.write('POST', `/users/${key}/sponsors/$ref`, reference(newId));
        return restored;
      } catch (error) {
        if (saysItExists(error)) return alreadyPresent;
        throw error;
      }
    });
  },
};

function grantOf(one: Sponsored): Grant {
  return {
    kind: 'sponsorOf',
    key: one.id,
    name: one.displayName ?? one.id,
    ...(users.includes(one['@odata.type']) ? {} : { instruction: AGENT }),
    data: {},
  };
}

const AGENT =
  'The guest, or a group of the guest, sponsors this agent: open it in the Microsoft Entra admin center under Agents, ' +
  'and add the new guest to its sponsors unless a group is one.';
