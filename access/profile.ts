import { z } from 'zod';
import type { Graph } from '../domain/ports';
import type { AccessKind } from './kind';
import { restoreValues, type UserValues } from './values';

/**
 * Updatable attributes that an application can both read and write in one PATCH. Addresses of sign-in stay out, and so
 * does the date of leaving, which needs a permission of its own.
 */
const attributes = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'department',
  'companyName',
  'employeeId',
  'employeeType',
  'employeeHireDate',
  'employeeOrgData',
  'officeLocation',
  'businessPhones',
  'mobilePhone',
  'faxNumber',
  'streetAddress',
  'city',
  'state',
  'postalCode',
  'country',
  'usageLocation',
  'preferredLanguage',
  'ageGroup',
  'consentProvidedForMinor',
] as const;

/** The attributes of Exchange are parts of one property; each of them is a grant of its own. */
const EXCHANGE = 'onPremisesExtensionAttributes';
const exchangeKeys = Array.from({ length: 15 }, (_, index) => `${EXCHANGE}.extensionAttribute${index + 1}`);

const value = z.union([z.string(), z.array(z.string()), z.record(z.string(), z.string())]);
type Value = z.infer<typeof value>;
const userShape = z.looseObject({ [EXCHANGE]: z.record(z.string(), z.unknown()).nullish() });
const profileData = z.strictObject({ value });

const values: UserValues<Value> = {
  /** The attributes that have a value. Empty texts, lists and objects count as absent. */
  async read(userId, graph) {
    const user = await readUser(userId, graph);
    const parts = Object.entries(user[EXCHANGE] ?? {}).map(([name, part]): [string, unknown] => [
      `${EXCHANGE}.${name}`,
      part,
    ]);
    const all = new Map<string, unknown>([...Object.entries(user), ...parts]);
    return new Map(
      [...attributes, ...exchangeKeys].flatMap((key): [string, Value][] => {
        const found = value.safeParse(withoutNothing(all.get(key)));
        return found.success && !isEmpty(found.data) ? [[key, found.data]] : [];
      }),
    );
  },
  valueOf: ({ data }) => profileData.parse(data).value,
  body(wanted) {
    const entries = [...wanted];
    const parts = entries.filter(([key]) => exchangeKeys.includes(key));
    return {
      ...Object.fromEntries(entries.filter(([key]) => !exchangeKeys.includes(key))),
      ...(parts.length === 0
        ? {}
        : { [EXCHANGE]: Object.fromEntries(parts.map(([key, part]) => [key.slice(EXCHANGE.length + 1), part])) }),
    };
  },
};

/** Profile attributes, one grant each, so that the report shows which of them differ. */
export const profile: AccessKind = {
  kind: 'profile',
  title: 'Profile attributes',
  calls: { capture: ['GET /users/{user-id}'], restore: ['PATCH /users/{user-id}'] },
  limits:
    'Addresses of sign-in, the photo, the date of leaving, and what SharePoint keeps (about me, skills, …) stay out.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read the profile of a guest',
    },
  ],
  restorePermissions: [
    { anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'], why: 'write the profile of the new guest' },
  ],
  async capture(guestId, { graph }) {
    const present = await values.read(guestId, graph);
    return [...present].map(([key, found]) => ({
      kind: 'profile',
      key,
      name: key.slice(key.indexOf('.') + 1),
      data: { value: found },
    }));
  },
  restore: (grants, newId, { graph }) => restoreValues(grants, newId, graph, values),
};

function readUser(userId: string, graph: Graph): Promise<z.output<typeof userShape>> {
  return graph.read(`/users/${userId}?$select=id,${attributes.join(',')},${EXCHANGE}`, userShape);
}

/** An object without the parts that have no value, and without Graph's annotations. */
function withoutNothing(found: unknown): unknown {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
  return Object.fromEntries(
    Object.entries(found).filter(([name, part]) => part !== null && part !== '' && !name.includes('@odata')),
  );
}

const isEmpty = (found: Value): boolean =>
  typeof found === 'string' || Array.isArray(found) ? found.length === 0 : Object.keys(found).length === 0;
