import { z } from 'zod';
import type { AccessKind } from './kind';
import { restoreValues, type UserValues } from './values';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const value = z.union([scalar, z.array(scalar)]);
type Value = z.infer<typeof value>;
const userShape = z.object({
  customSecurityAttributes: z.record(z.string(), z.record(z.string(), z.unknown()).nullish()).nullish(),
});
const attributeData = z.strictObject({ value });

const values: UserValues<Value> = {
  async read(userId, graph) {
    const user = await graph.read(`/users/${userId}?$select=id,customSecurityAttributes`, userShape);
    return new Map(
      Object.entries(user.customSecurityAttributes ?? {}).flatMap(([set, attributes]) =>
        Object.entries(attributes ?? {}).flatMap(([name, found]): [string, Value][] => {
          const parsed = value.safeParse(found);
          if (name.includes('@') || !parsed.success || isEmpty(parsed.data)) return [];
          // Several values are a set; sorted, they compare.
          return [[`${set}.${name}`, Array.isArray(parsed.data) ? parsed.data.toSorted() : parsed.data]];
        }),
      ),
    );
  },
  valueOf: ({ data }) => attributeData.parse(data).value,
  body(wanted) {
    const sets: Record<string, Record<string, unknown>> = {};
    for (const [key, found] of wanted) {
      // Neither a set nor an attribute has a dot in its name.
      const [set = '', name = ''] = key.split('.');
      sets[set] = {
        '@odata.type': '#Microsoft.DirectoryServices.CustomSecurityAttributeValue',
        ...sets[set],
        ...annotationOf(name, found),
        [name]: found,
      };
    }
    return { customSecurityAttributes: sets };
  },
};

/** Custom security attributes. Sets and attributes that a PATCH does not name keep what they have. */
export const customSecurityAttribute: AccessKind = {
  kind: 'customSecurityAttribute',
  title: 'Custom security attributes',
  calls: { capture: ['GET /users/{user-id}'], restore: ['PATCH /users/{user-id}'] },
  limits:
    'Attributes and predefined values that were deactivated since they were assigned cannot be assigned again; the ' +
    'report names them.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read a guest',
    },
    {
      anyOf: ['CustomSecAttributeAssignment.Read.All', 'CustomSecAttributeAssignment.ReadWrite.All'],
      why: 'read the custom security attributes of a guest',
    },
  ],
  restorePermissions: [
    { anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'write to the new guest' },
    {
      anyOf: ['CustomSecAttributeAssignment.ReadWrite.All'],
      why: 'assign custom security attributes to the new guest',
    },
  ],
  async capture(guestId, { graph }) {
    const present = await values.read(guestId, graph);
    return [...present].map(([key, found]) => ({
      kind: 'customSecurityAttribute',
      key,
      name: key.replace('.', ': '),
      data: { value: found },
    }));
  },
  restore: (grants, newId, { graph }) => restoreValues(grants, newId, graph, values),
};

const isEmpty = (found: Value): boolean => (typeof found === 'string' || Array.isArray(found)) && found.length === 0;

/** Numbers and lists are taken only with their type beside them. */
function annotationOf(name: string, found: Value): Record<string, string> {
  const [first] = [found].flat();
  const type = typeof first === 'number' ? 'Int32' : 'String';
  if (Array.isArray(found)) return { [`${name}@odata.type`]: `#Collection(${type})` };
  return type === 'Int32' ? { [`${name}@odata.type`]: '#Int32' } : {};
}
