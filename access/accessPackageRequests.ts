import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';
import {
  ENTITLEMENTS,
  isHeld,
  packageData,
  readAssignments,
  scheduleEnd,
  type HeldAssignment,
  type PackageData,
} from './accessPackageAssignments';
import { alreadyPresent, attemptOfError, oneByOne, restored, type Attempt, type Outside } from './kind';

const requestShape = z.object({
  requestType: z.string().nullish(),
  state: z.string().nullish(),
  createdDateTime: z.string().nullish(),
  justification: z.string().nullish(),
  accessPackage: z.object({ id: z.string() }).nullish(),
});
type PackageRequest = z.infer<typeof requestShape>;

/** Stands in the requests of this app: for the auditor, and so that it knows them again. */
export const JUSTIFICATION = 'Given back after the guest moved to another account (Entra Guest Switch)';

/** What a guest has and awaits of access packages. */
interface Found {
  assignments: HeldAssignment[];
  /** Requests to add, newest first. */
  requests: PackageRequest[];
}

/**
 * Assigns packages to the new guest. The service works by itself after a request, so a grant is `retry` until the
 * assignment is delivered. It looks before it asks: a request whose answer was lost is found and not made again.
 */
export async function restorePackages(
  grants: readonly Grant[],
  newId: string,
  { graph, clock }: Outside,
): Promise<Attempt[]> {
  const found = await look(newId, graph).catch(attemptOfError);
  return oneByOne(grants, async (grant) => {
    if ('result' in found) return found;
    const data = packageData.parse(grant.data);
    const standing = standingOf(data, found);
    if (standing !== undefined) return standing;
    if (data.value !== null && Date.parse(data.value) <= clock.now().getTime()) return ended(data.value);
    try {
      await graph.write('POST', `${ENTITLEMENTS}/assignmentRequests`, requestFor(data, newId));
      return notYet('The request was made; the package is not delivered');
    } catch (error) {
      return await refused(error, data, newId, graph);
    }
  });
}

async function look(userId: string, graph: Graph): Promise<Found> {
  const filter = encodeURIComponent(`assignment/target/objectId eq '${userId}'`);
  const [assignments, requests] = await Promise.all([
    readAssignments(userId, graph),
    graph.readAll(`${ENTITLEMENTS}/assignmentRequests?$expand=accessPackage&$filter=${filter}`, requestShape),
  ]);
  return {
    assignments: assignments.filter(isHeld),
    requests: requests
      .filter(({ requestType }) => /add$/i.test(requestType ?? ''))
      .sort((a, b) => (b.createdDateTime ?? '').localeCompare(a.createdDateTime ?? '')),
  };
}

function requestFor({ accessPackageId, assignmentPolicyId, value }: PackageData, targetId: string): object {
  return {
    requestType: 'adminAdd',
    justification: JUSTIFICATION,
    assignment: { targetId, assignmentPolicyId, accessPackageId },
    // Without an end the policy decides, which gave the old assignment none either.
    ...(value === null ? {} : { schedule: { expiration: { type: 'afterDateTime', endDateTime: value } } }),
  };
}

/** What the guest's present assignments and requests say about a grant; undefined when it has to be asked for. */
function standingOf(data: PackageData, { assignments, requests }: Found): Attempt | undefined {
  const isSame = (one: { accessPackage?: { id: string } | null | undefined }): boolean =>
    one.accessPackage?.id.toLowerCase() === data.accessPackageId.toLowerCase();
  const own = requests.find((request) => isSame(request) && request.justification === JUSTIFICATION);
  const assignment = assignments.find(isSame);
  if (assignment !== undefined) return assigned(data, assignment, own !== undefined);
  const states = requests.filter(isSame).map(({ state }) => state?.toLowerCase());
  if (states.includes('pendingapproval')) {
    return manual('A request for the package awaits its approval: with that the package comes.');
  }
  if (states.some((state) => ['submitted', 'delivering', 'scheduled'].includes(state ?? ''))) {
    return notYet('The request was made; the package is not delivered');
  }
  switch (own?.state?.toLowerCase()) {
    case 'deliveryfailed':
      return {
        result: 'failed',
        detail: 'The package could not be delivered: the request shows the errors. Mend them and reprocess it.',
      };
    case 'denied':
    case 'canceled':
      return manual('Somebody refused or cancelled the request for the package. Ask there, or assign it by hand.');
    case 'delivered':
    case 'partiallydelivered':
      return notYet('The package was delivered; the assignment does not show');
    case undefined:
    default:
      return undefined;
  }
}

function assigned(data: PackageData, assignment: HeldAssignment, own: boolean): Attempt {
  if (assignment.assignmentPolicy?.id.toLowerCase() !== data.assignmentPolicyId.toLowerCase()) {
    return manual('The new guest has the package by another policy, which was left as it is.');
  }
  switch (assignment.state?.toLowerCase()) {
    case 'delivering':
      return notYet('The package is being delivered');
    case 'partiallydelivered':
      return manual('The package was delivered in part: the request shows what is missing, and why.');
    case undefined:
    default: {
      const end = scheduleEnd(assignment.schedule) ?? null;
      if (end !== data.value) {
        const was = data.value === null ? 'never' : `on ${data.value}`;
        return manual(
          `The new guest has the package, but it ends ${end === null ? 'never' : `on ${end}`}, not ${was}.`,
        );
      }
      return own ? restored : alreadyPresent;
    }
  }
}

/** A refusal may only say that a request is open which did not show yet: another look tells. */
async function refused(error: unknown, data: PackageData, newId: string, graph: Graph): Promise<Attempt> {
  if (!(error instanceof ServiceError) || error.status !== 400) return attemptOfError(error);
  const standing = standingOf(data, await look(newId, graph));
  if (standing !== undefined) return standing;
  if (/already|open request|existing/i.test(error.serviceMessage)) return notYet('A request seems to be open already');
  if (!/policy/i.test(error.serviceMessage)) return attemptOfError(error);
  if (data.admittedByRule === true) {
    return notYet('The policy admits members of a group by rule, which has not taken the new guest in');
  }
  return manual(
    'The policy of the assignment does not admit the new guest, or not so long: assign the package by another policy.',
  );
}

function ended(value: string): Attempt {
  return manual(
    `The assignment ended on ${value}, before it could be restored. Assign the package anew if it is wanted.`,
  );
}

function manual(detail: string): Attempt {
  return { result: 'manual', detail };
}

function notYet(detail: string): Attempt {
  return { result: 'retry', detail, afterSeconds: 0 };
}
