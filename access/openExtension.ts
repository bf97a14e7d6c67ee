import { z } from 'zod';
import { isSameJson } from '../domain/comparison';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import {
  alreadyPresent,
  attemptOfError,
  oneByOne,
  restored,
  saysItExists,
  type AccessKind,
  type Attempt,
} from './kind';

const extensionShape = z.looseObject({ id: z.string(), extensionName: z.string().nullish() });
const content = z.record(z.string(), z.unknown());
type Content = z.infer<typeof content>;
const extensionData = z.strictObject({ value: content });

/**
 * Open extensions: named sets of untyped values that applications keep at a user. An extension that exists is never
 * changed, because an update replaces all of it.
 */
export const openExtension: AccessKind = {
  kind: 'openExtension',
  title: 'Open extensions',
  calls: {
    capture: ['GET /users/{user-id}/extensions'],
    restore: ['POST /users/{user-id}/extensions'],
  },
  limits:
    'Graph lets one application make two open extensions for a user, so that a third must be made by the application ' +
    'that it belongs to; those that are made again belong to this app.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read the open extensions of a guest',
    },
  ],
  restorePermissions: [
    { anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'make open extensions for the new guest' },
  ],
  async capture(guestId, { graph }) {
    const found = await read(guestId, graph);
    return [...found].map(([key, value]) => ({ kind: 'openExtension', key, name: key, data: { value } }));
  },
  async restore(grants, newId, { graph }) {
    try {
      const present = await read(newId, graph);
      return await oneByOne(grants, ({ key, data }) => {
        const { value } = extensionData.parse(data);
        const there = present.get(key);
        return there === undefined ? create(key, value, newId, graph) : Promise.resolve(compare(value, there));
      });
    } catch (error) {
      return grants.map(() => attemptOfError(error));
    }
  },
};

/** Contents by name. Annotations of single values stay with them: Graph wants them back when lists are written. */
async function read(userId: string, graph: Graph): Promise<Map<string, Content>> {
  const extensions = await graph.readAll(`/users/${userId}/extensions`, extensionShape);
  return new Map(
    extensions.map(({ id, extensionName, ...rest }) => [
      extensionName ?? id,
      Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('@'))),
    ]),
  );
}

async function create(extensionName: string, value: Content, newId: string, graph: Graph): Promise<Attempt> {
  try {
    await graph.write('POST', `/users/${newId}/extensions`, {
      ...value,
      '@odata.type': 'microsoft.graph.openTypeExtension',
      extensionName,
    });
    return restored;
  } catch (error) {
    // It is there, but with what content shows only when it can be read.
    if (saysItExists(error))
      return { result: 'retry', detail: 'The extension exists but is not readable yet.', afterSeconds: 2 };
    const attempt = attemptOfError(error);
    const refused = error instanceof ServiceError && error.status === 400 && attempt.result === 'failed';
    return refused ? { ...attempt, detail: `${error.message}. ${REFUSED}` } : attempt;
  }
}

const REFUSED =
  'An application may make two open extensions for a user; have the application that it belongs to write it again.';

function compare(wanted: Content, there: Content): Attempt {
  if (isSameJson(wanted, there)) return alreadyPresent;
  return {
    result: 'manual',
    detail:
      'The new guest has this extension with other content, which was left as it is. Correct it by hand if needed.',
  };
}
