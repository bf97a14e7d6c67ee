import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { attemptOfError, type AccessKind, type Attempt } from './kind';
import { restoreValues, type UserValues } from './values';

const definitionShape = z.object({
  name: z.string().regex(/^extension_[0-9a-f]{32}_\w+$/i),
  appDisplayName: z.string().nullish(),
  isSyncedFromOnPremises: z.boolean().nullish(),
  targetObjects: z.array(z.string()).nullish(),
});
type Definition = z.infer<typeof definitionShape>;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const value = z.union([scalar, z.array(scalar)]);
type Value = z.infer<typeof value>;
const userShape = z.record(z.string(), z.unknown());
const extensionData = z.strictObject({ value });

/** So many names fit well into one address. */
const NAMES_A_READ = 40;

/**
 * Directory extensions: properties `extension_<application>_<name>` that applications define for users. Graph answers
 * them only by name, so the definitions of the tenant are asked for first.
 */
export const directoryExtension: AccessKind = {
  kind: 'directoryExtension',
  title: 'Directory extensions',
  calls: {
    capture: ['POST /directoryObjects/getAvailableExtensionProperties', 'GET /users/{user-id}'],
    restore: ['PATCH /users/{user-id}'],
  },
  limits:
    'Values that are synchronized from on-premises, and whole numbers of more than 15 digits, are left to people. ' +
    'Schema extensions are not listed by Graph for a user and stay out.',
  capturePermissions: [
    { anyOf: ['Directory.Read.All'], why: 'list the directory extensions of the tenant' },
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read the directory extensions of a guest',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'write the directory extensions of the new guest',
    },
  ],
  async capture(guestId, { graph }) {
    const definitions = await definitionsForUsers(graph);
    const names = definitions.map(({ name }) => name);
    const present = await valuesOf(names).read(guestId, graph);
    return definitions.flatMap((definition) => {
      const found = present.get(definition.name);
      return found === undefined ? [] : [grantOf(definition, found)];
    });
  },
  async restore(grants, newId, { graph }) {
    try {
      const defined = new Set((await definitionsForUsers(graph)).map(({ name }) => name.toLowerCase()));
      const open = grants.filter((grant) => defined.has(grant.key.toLowerCase()));
      const attempts = await restoreValues(open, newId, graph, valuesOf(open.map(({ key }) => key)));
      const made = new Map(open.map((grant, place) => [grant.key, attempts[place]]));
      return grants.map((grant) => made.get(grant.key) ?? noDefinition);
    } catch (error) {
      return grants.map(() => attemptOfError(error));
    }
  },
};

const noDefinition: Attempt = {
  result: 'manual',
  detail: 'No application of the tenant defines this extension any more. Define it again, then set the value by hand.',
};

async function definitionsForUsers(graph: Graph): Promise<Definition[]> {
  const path = '/directoryObjects/getAvailableExtensionProperties';
  const { value: all } = await graph.query(path, {}, z.object({ value: z.array(definitionShape) }));
  return all.filter(({ targetObjects }) => (targetObjects ?? []).includes('User'));
}

function valuesOf(names: readonly string[]): UserValues<Value> {
  return {
    async read(userId, graph) {
      const parts = Array.from({ length: Math.ceil(names.length / NAMES_A_READ) }, (_, index) =>
        names.slice(index * NAMES_A_READ, (index + 1) * NAMES_A_READ),
      );
      const answers = await Promise.all(
        parts.map((part) => graph.read(`/users/${userId}?$select=id,${part.join(',')}`, userShape)),
      );
      const user = Object.assign({}, ...answers) as Record<string, unknown>;
      return new Map(
        names.flatMap((name): [string, Value][] => {
          const found = value.safeParse(user[name]);
          return found.success && found.data !== '' ? inOrder(name, found.data) : [];
        }),
      );
    },
    valueOf: ({ data }) => extensionData.parse(data).value,
    body: (values) => Object.fromEntries(values),
  };
}

/** The directory keeps no order of several values; sorted, they compare. */
function inOrder(name: string, found: Value): [string, Value][] {
  if (!Array.isArray(found)) return [[name, found]];
  return found.length === 0 ? [] : [[name, found.toSorted()]];
}

function grantOf({ name, appDisplayName, isSyncedFromOnPremises }: Definition, found: Value): Grant {
  const instruction = isSyncedFromOnPremises === true ? SYNCHRONIZED : inexact(found);
  return {
    kind: 'directoryExtension',
    key: name,
    name: `${appDisplayName ?? 'Application'}: ${name.slice('extension_'.length + 33)}`,
    ...(instruction === undefined ? {} : { instruction }),
    data: { value: found },
  };
}

const SYNCHRONIZED =
  'The value is synchronized from on-premises and can be set there only: at the object in the local Active Directory ' +
  'that is synchronized to the new guest.';

/** JSON numbers this large arrive rounded, so that a copy would be another number. */
function inexact(found: Value): string | undefined {
  const numbers = [found].flat().filter((one) => typeof one === 'number');
  if (numbers.every((one) => !Number.isInteger(one) || Number.isSafeInteger(one))) return undefined;
  return 'The number has more digits than can be copied exactly: take it from the application that keeps it.';
}
