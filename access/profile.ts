import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isTransient, ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, restored, type AccessKind, type Attempt } from './kind';

/** Updatable attributes that an application can both read and write in one PATCH. Addresses of sign-in stay out. */
const attributes = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'department',
  'companyName',
  'employeeId',
  'employeeType',
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

const value = z.union([z.string(), z.array(z.string())]);
type Value = z.infer<typeof value>;
const userShape = z.record(z.string(), z.unknown());
const profileData = z.strictObject({ value });

/** Profile attributes, one grant each, so that the report shows which of them differ. */
export const profile: AccessKind = {
  kind: 'profile',
  title: 'Profile attributes',
  calls: { capture: ['GET /users/{user-id}'], restore: ['PATCH /users/{user-id}'] },
  limits: 'Addresses of sign-in, the photo, and what SharePoint keeps (about me, skills, …) stay out.',
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
    const present = await read(guestId, graph);
    return attributes.flatMap((attribute): Grant[] => {
      const found = present.get(attribute);
      return found === undefined ? [] : [{ kind: 'profile', key: attribute, name: attribute, data: { value: found } }];
    });
  },
  async restore(grants, newId, { graph }) {
    try {
      return await restoreTogether(grants, newId, graph);
    } catch (error) {
      return grants.map(() => attemptOfError(error));
    }
  },
};

/** The attributes that have a value. Empty texts and lists count as absent. */
async function read(id: string, graph: Graph): Promise<Map<string, Value>> {
  const user = await graph.read(`/users/${id}?$select=id,${attributes.join(',')}`, userShape);
  return new Map(
    attributes.flatMap((attribute): [string, Value][] => {
      const parsed = value.safeParse(user[attribute]);
      return parsed.success && parsed.data.length > 0 ? [[attribute, parsed.data]] : [];
    }),
  );
}

async function restoreTogether(grants: readonly Grant[], newId: string, graph: Graph): Promise<Attempt[]> {
  const present = await read(newId, graph);
  const wanted = new Map(grants.map((grant) => [grant.key, profileData.parse(grant.data).value]));
  const absent = grants.filter((grant) => !present.has(grant.key));
  const written = new Map<string, Attempt>(await write(absent, wanted, newId, graph));
  return grants.map((grant) => written.get(grant.key) ?? compare(wanted.get(grant.key), present.get(grant.key)));
}

/** One PATCH for all; when it is refused, one each, so that a single bad value does not hold back the others. */
async function write(
  grants: readonly Grant[],
  wanted: ReadonlyMap<string, Value>,
  newId: string,
  graph: Graph,
): Promise<[string, Attempt][]> {
  if (grants.length === 0) return [];
  const body = Object.fromEntries(grants.map((grant) => [grant.key, wanted.get(grant.key)]));
  try {
    await graph.write('PATCH', `/users/${newId}`, body);
    return grants.map((grant) => [grant.key, restored]);
  } catch (error) {
    const single = grants.length === 1;
    if (single || !(error instanceof ServiceError) || isTransient(error) || error.status === 404) {
      const attempt = attemptOfError(error);
      return grants.map((grant) => [grant.key, attempt]);
    }
    const attempts: [string, Attempt][] = [];
    for (const grant of grants) attempts.push(...(await write([grant], wanted, newId, graph)));
    return attempts;
  }
}

function compare(wanted: Value | undefined, present: Value | undefined): Attempt {
  if (JSON.stringify(wanted) === JSON.stringify(present)) return alreadyPresent;
  return {
    result: 'manual',
    detail: 'The new guest has another value, which was left as it is. Set the former one by hand if it is wanted.',
  };
}
