import { z } from 'zod';
import type { Azure } from '../domain/ports';
import { isNotFound, ServiceError } from '../domain/serviceError';
import { AUTHORIZATION, isForbidden, listAt, prefix, same, type Place } from './azureScopes';

/** Version of the requests to PIM for Azure resources. */
export const PIM_VERSION = 'api-version=2020-10-01';

const scheduleShape = z.object({
  id: z.string(),
  properties: z.object({
    scope: z.string(),
    roleDefinitionId: z.string(),
    principalId: z.string(),
    /** `Activated` (by the principal, from an eligibility) or `Assigned`; eligibilities have none. */
    assignmentType: z.string().nullish(),
    status: z.string().nullish(),
    startDateTime: z.string().nullish(),
    /** Absent or null: for good. Lasting role assignments show as active schedules like this too. */
    endDateTime: z.string().nullish(),
    condition: z.string().nullish(),
    conditionVersion: z.string().nullish(),
    roleEligibilityScheduleRequestId: z.string().nullish(),
    roleAssignmentScheduleRequestId: z.string().nullish(),
    expandedProperties: z
      .object({ roleDefinition: z.object({ displayName: z.string().nullish() }).nullish() })
      .nullish()
      .catch(undefined),
  }),
});
export type Schedule = z.output<typeof scheduleShape>;

/** The lists of PIM that are read: schedules reach into the future, instances are what is in force now. */
export type PimList = 'roleEligibilitySchedules' | 'roleAssignmentSchedules' | 'roleAssignmentScheduleInstances';

/**
 * The principal's own entries in a list of PIM at these places. A tenant without Microsoft Entra ID P2 has none: PIM
 * says so with 400 `AadPremiumLicenseRequired` wherever the app may ask at all, and is then not asked again.
 *
 * @param onRefusal told of every scope at which the app may not read the list
 * @throws ServiceError 403 when the list may not be read anywhere
 */
export async function pimEntries(
  list: PimList,
  places: readonly Place[],
  principalId: string,
  azure: Azure,
  onRefusal?: (scope: string) => void,
): Promise<Schedule[]> {
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  const read = (scope: string): Promise<Schedule[]> =>
    azure.readAll(`${prefix(scope)}${AUTHORIZATION}/${list}?${PIM_VERSION}&$filter=${filter}`, scheduleShape);
  const [first] = places;
  if (first === undefined) return [];
  // The first place tells whether there is a licence; hundreds of others need not be asked for that.
  const probe = read(first.scope);
  try {
    await probe.catch((error: unknown) => {
      if (!isForbidden(error) && !isNotFound(error)) throw error;
    });
    const found = await listAt(places, (scope) => (scope === first.scope ? probe : read(scope)), onRefusal);
    return found.filter(({ properties }) => same(properties.principalId, principalId));
  } catch (error) {
    if (error instanceof ServiceError && error.status === 400 && error.code === 'AadPremiumLicenseRequired') return [];
    throw error;
  }
}
