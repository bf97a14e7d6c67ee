import { z } from 'zod';
import { kindSchema } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

/** Reading assignments of access packages; shared by capture and restore of the kind. */

export const ENTITLEMENTS = '/identityGovernance/entitlementManagement';

const deliveredShape = z.strictObject({ kind: kindSchema, key: z.string().min(1) });
export type Delivered = z.infer<typeof deliveredShape>;

/** What an access package grant remembers, read back strictly before it is used. */
export const packageData = z.strictObject({
  accessPackageId: z.string().min(1),
  assignmentPolicyId: z.string().min(1),
  /** When the assignment ends, ISO 8601 in UTC; null = never. */
  value: z.string().nullable(),
  /** The groups and app roles that the package gives, by their kinds and keys. */
  delivers: z.array(deliveredShape),
  /** The policy admits the guest through a group by rule, which takes the new guest in after a while only. */
  admittedByRule: z.literal(true).optional(),
});
export type PackageData = z.infer<typeof packageData>;

const scheduleShape = z.object({
  startDateTime: z.string().nullish(),
  expiration: z.object({ endDateTime: z.string().nullish(), duration: z.string().nullish() }).nullish(),
});
type Schedule = z.infer<typeof scheduleShape>;

const policyShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  allowedTargetScope: z.string().nullish(),
  specificAllowedTargets: z
    .array(z.object({ groupId: z.string().nullish(), membershipRule: z.string().nullish() }))
    .nullish(),
  automaticRequestSettings: z.object({ requestAccessForAllowedTargets: z.boolean().nullish() }).nullish(),
});
export type AssignmentPolicy = z.infer<typeof policyShape>;

const assignmentShape = z.object({
  id: z.string(),
  state: z.string().nullish(),
  schedule: scheduleShape.nullish(),
  accessPackage: z.object({ id: z.string(), displayName: z.string().nullish() }).nullish(),
  assignmentPolicy: policyShape.nullish(),
});
export type Assignment = z.infer<typeof assignmentShape>;

/** An assignment that gives access now or will in a moment. */
export interface HeldAssignment extends Assignment {
  accessPackage: NonNullable<Assignment['accessPackage']>;
}

/** Every assignment of a user, ended ones too: the list of the service keeps them. */
export function readAssignments(userId: string, graph: Graph): Promise<Assignment[]> {
  const filter = encodeURIComponent(`target/objectId eq '${userId}'`);
  return graph.readAll(
    `${ENTITLEMENTS}/assignments?$expand=target,accessPackage,assignmentPolicy&$filter=${filter}`,
    assignmentShape,
  );
}

/** True for an assignment that has not ended or failed. */
export function isHeld(assignment: Assignment): assignment is HeldAssignment {
  const { state, accessPackage } = assignment;
  const active = ['delivering', 'partiallydelivered', 'delivered'].includes(state?.toLowerCase() ?? '');
  return active && accessPackage !== null && accessPackage !== undefined;
}

/**
 * A tenant without Entra ID P2 or Governance has no access packages: it answers 403 `NoLicense`. Any other 403 is a
 * missing permission and is thrown.
 */
export async function unlessUnlicensed<T>(reading: Promise<T[]>): Promise<T[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 403 && error.code === 'NoLicense') return [];
    throw error;
  }
}

/** When a schedule ends, as ISO 8601 in UTC; undefined when never. Both forms occur: a date, or start and duration. */
export function scheduleEnd(schedule: Schedule | null | undefined): string | undefined {
  const { endDateTime, duration } = schedule?.expiration ?? {};
  if (endDateTime) return new Date(endDateTime).toISOString();
  const length = durationMs(duration ?? '');
  if (length === undefined || !schedule?.startDateTime) return undefined;
  return new Date(Date.parse(schedule.startDateTime) + length).toISOString();
}

const second = 1000;

/** `P30DT12H` in milliseconds: Microsoft's durations have days, hours, minutes and seconds only. */
function durationMs(duration: string): number | undefined {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration)?.slice(1);
  if (parts === undefined) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part: string | undefined) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * second;
}
