import { z } from 'zod';
import type { Graph } from '../domain/ports';
import { alreadyPresent, oneByOne, reference, restored, type AccessKind, type Attempt } from './kind';

const personShape = z.object({ id: z.string(), displayName: z.string().nullish() });
const userShape = z.object({ manager: personShape.nullish() });
const managerData = z.strictObject({ value: z.string().min(1) });

/** The guest's manager. */
export const manager: AccessKind = {
  kind: 'manager',
  title: 'Manager',
  calls: {
    capture: ['GET /users/{user-id}'],
    restore: ['PUT /users/{user-id}/manager/$ref'],
  },
  limits: 'A manager that somebody set for the new guest meanwhile stays.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read the manager of a guest',
    },
  ],
  restorePermissions: [
    { anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'set the manager of the new guest' },
  ],
  async capture(guestId, { graph }) {
    const found = await managerOf(guestId, graph);
    if (found === undefined) return [];
    return [{ kind: 'manager', key: 'manager', name: found.displayName ?? found.id, data: { value: found.id } }];
  },
  restore(grants, newId, { graph }) {
    return oneByOne(grants, async ({ data }) => {
      const { value } = managerData.parse(data);
      return setManager(newId, value, await managerOf(newId, graph), graph);
    });
  },
};

/**
 * A user's manager. It is expanded, because the address of the manager itself answers 404 both for "no manager" and for
 * "no such user". Throws ServiceError.
 */
export async function managerOf(
  userId: string,
  graph: Graph,
): Promise<{ id: string; displayName?: string | null | undefined } | undefined> {
  const path = `/users/${userId}?$select=id&$expand=manager($select=id,displayName)`;
  return (await graph.read(path, userShape)).manager ?? undefined;
}

/** Sets a manager where there is none: a PUT would replace another one without a word. */
export async function setManager(
  userId: string,
  managerId: string,
  present: { id: string } | undefined,
  graph: Graph,
): Promise<Attempt> {
  if (present === undefined) {
    await graph.write('PUT', `/users/${userId}/manager/$ref`, reference(managerId));
    return restored;
  }
  if (present.id.toLowerCase() === managerId.toLowerCase()) return alreadyPresent;
  return {
    result: 'manual',
    detail: 'Another manager was set meanwhile and left as it is. Set the former one by hand if it is wanted.',
  };
}
