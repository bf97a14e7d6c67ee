import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, oneByOne, restored, type AccessKind, type Attempt } from './kind';

const userShape = z.object({
  usageLocation: z.string().nullish(),
  licenseAssignmentStates: z
    .array(
      z.object({
        skuId: z.string(),
        disabledPlans: z.array(z.string()).nullish(),
        assignedByGroup: z.string().nullish(),
        state: z.string().nullish(),
      }),
    )
    .nullish(),
});
type LicensedUser = z.infer<typeof userShape>;
const detailShape = z.object({ skuId: z.string(), skuPartNumber: z.string().nullish() });
const licenseData = z.strictObject({ skuId: z.string().min(1), value: z.array(z.string().min(1)) });

/** Licences assigned to the guest directly. Those that come through a group return with the membership. */
export const license: AccessKind = {
  kind: 'license',
  title: 'Licences',
  calls: {
    capture: ['GET /users/{user-id}', 'GET /users/{user-id}/licenseDetails'],
    restore: ['GET /users/{user-id}', 'POST /users/{user-id}/assignLicense'],
  },
  limits: 'Licences that come through a group return with the group. A licence needs a free seat and a usage location.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read the licences of a guest',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['LicenseAssignment.ReadWrite.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'assign licences to the new guest',
    },
  ],
  async capture(guestId, { graph }) {
    const [user, details] = await Promise.all([
      readUser(guestId, graph),
      graph.readAll(`/users/${guestId}/licenseDetails?$select=id,skuId,skuPartNumber`, detailShape),
    ]);
    const names = new Map(details.map(({ skuId, skuPartNumber }) => [skuId.toLowerCase(), skuPartNumber]));
    return [...directLicenses(user)].map(([skuId, value]): Grant => {
      return { kind: 'license', key: skuId, name: names.get(skuId) ?? skuId, data: { skuId, value } };
    });
  },
  async restore(grants, newId, { graph }) {
    const user = await readUser(newId, graph).catch(attemptOfError);
    return oneByOne(grants, async (grant): Promise<Attempt> => {
      if ('result' in user) return user;
      const { skuId, value } = licenseData.parse(grant.data);
      const present = directLicenses(user).get(skuId);
      if (present !== undefined) return compare(present, value);
      if (!user.usageLocation) return withoutLocation;
      try {
        await graph.write('POST', `/users/${newId}/assignLicense`, {
          addLicenses: [{ skuId, disabledPlans: value }],
          removeLicenses: [],
        });
        return restored;
      } catch (error) {
        return refused(error);
      }
    });
  },
};

function readUser(userId: string, graph: Graph): Promise<LicensedUser> {
  return graph.read(`/users/${userId}?$select=id,usageLocation,licenseAssignmentStates`, userShape);
}

/** Direct licences that took effect: product → plans that are switched off, in order. */
function directLicenses({ licenseAssignmentStates }: LicensedUser): Map<string, string[]> {
  const direct = (licenseAssignmentStates ?? []).filter(
    ({ assignedByGroup, state }) => !assignedByGroup && /^active/i.test(state ?? 'active'),
  );
  return new Map(direct.map(({ skuId, disabledPlans }) => [skuId.toLowerCase(), [...(disabledPlans ?? [])].sort()]));
}

function compare(present: readonly string[], wanted: readonly string[]): Attempt {
  if (JSON.stringify(present) === JSON.stringify(wanted)) return alreadyPresent;
  return {
    result: 'manual',
    detail: 'The new guest has the licence with other service plans switched off, which was left as it is.',
  };
}

const withoutLocation: Attempt = {
  result: 'retry',
  detail: 'The new guest has no usage location, without which no licence can be assigned',
  afterSeconds: 0,
};

function refused(error: unknown): Attempt {
  if (!(error instanceof ServiceError) || error.status !== 400) return attemptOfError(error);
  const text = `${error.code} ${error.serviceMessage}`;
  if (/available licenses|CountViolation/i.test(text)) {
    return {
      result: 'failed',
      detail: 'No licence of this product is free. Free or buy one, then assign it to the guest by hand.',
    };
  }
  return /usage location/i.test(text) ? withoutLocation : attemptOfError(error);
}
