import { randomUUID } from 'node:crypto';
import { endOf, isActive, isOpen, isWithinPolicy, targetOf } from '../directory/entitlements';
import { created, type Reply } from '../http/message';
import { isRecord, part, text, type Entity, type View } from '../store/snapshot';
import { objectBody, requiredGuid } from './bodies';
import { GraphError } from './errors';
import { assignmentRequestType } from './odata/governanceTypes';
import { projected } from './odata/projection';
import { isGuid, type Call } from './route';

const bad = (message: string): GraphError => new GraphError(400, 'BadRequest', message);
const absent = (what: string): GraphError => new GraphError(404, 'ResourceNotFound', `${what} does not exist.`);

/**
 * `POST …/assignmentRequests`: 201 with a request that is only submitted. Applications may add and remove; what users
 * do for themselves needs a user.
 */
export function createAssignmentRequest(call: Call): Reply {
  const body = objectBody(call);
  const assignment = part(body, 'assignment');
  const requestType = String(body['requestType']).toLowerCase();
  if (assignment === undefined) throw bad('The assignment of the request is missing.');
  if (requestType === 'adminadd') return answer(call, addition(call, body, assignment));
  if (requestType === 'adminremove') return answer(call, removal(call, assignment));
  throw bad('No valid policy was found in the request.');
}

function addition(
  call: Call,
  body: Readonly<Record<string, unknown>>,
  assignment: Readonly<Record<string, unknown>>,
): Entity {
  const accessPackageId = requiredGuid(assignment, 'accessPackageId');
  const assignmentPolicyId = requiredGuid(assignment, 'assignmentPolicyId');
  const targetId = requiredGuid(assignment, 'targetId');
  const view = call.tenant.store.primary();
  if (!view.has('accessPackages', accessPackageId)) throw absent('The access package');
  const policy = view.get('accessPackageAssignmentPolicies', assignmentPolicyId);
  if (policy === undefined || text(policy, 'accessPackageId') !== accessPackageId) {
    throw bad('No valid policy was found in the request.');
  }
  // The subject is looked up where the directory has replicated to.
  const user = call.replica.has('users', targetId) ? view.get('users', targetId) : undefined;
  if (user === undefined) throw absent('The subject');
  if (!isWithinPolicy(view, policy, user)) throw bad("You don't meet policy requirements to request this entitlement.");
  refuseSecond(view, accessPackageId, targetId);
  const approval = part(policy, 'requestApprovalSettings')?.['isApprovalRequiredForAdd'] === true;
  return {
    ...timed(call, 'adminAdd', approval),
    justification: typeof body['justification'] === 'string' ? body['justification'] : null,
    schedule: scheduleOf(call, body['schedule'], policy),
    accessPackageId,
    assignmentPolicyId,
    assignmentId: randomUUID(),
    target: subject(user),
  };
}

/** One assignment and one open request a package, by whatever policy. */
function refuseSecond(view: View, accessPackageId: string, targetId: string): void {
  const same = (object: Entity): boolean =>
    text(object, 'accessPackageId') === accessPackageId && targetOf(object) === targetId;
  const assigned = view.list('accessPackageAssignments').some((one) => same(one) && isActive(one));
  const requested = view.list('accessPackageAssignmentRequests').some((one) => same(one) && isOpen(one));
  if (assigned || requested) throw bad('The subject has an assignment or an open request for this access package.');
}

function removal(call: Call, { id }: Readonly<Record<string, unknown>>): Entity {
  if (typeof id !== 'string' || !isGuid(id)) throw bad('The id of the assignment is missing.');
  const assignment = call.tenant.store.primary().get('accessPackageAssignments', id.toLowerCase());
  if (assignment === undefined) throw absent('The assignment');
  if (!isActive(assignment)) throw bad('The assignment is not active.');
  const { accessPackageId, assignmentPolicyId, schedule, target } = assignment;
  return {
    ...timed(call, 'adminRemove', false),
    justification: null,
    schedule,
    accessPackageId,
    assignmentPolicyId,
    assignmentId: assignment.id,
    target,
  };
}

/** Delivery begins after half of the delay and is done at its end; what needs an approval waits for it. */
function timed(call: Call, requestType: string, approval: boolean): Entity {
  const now = call.tenant.clock.now();
  const delay = call.tenant.settings.get().accessPackageMs;
  return {
    id: randomUUID(),
    requestType,
    state: approval ? 'pendingApproval' : 'submitted',
    status: approval ? 'PendingApproval' : 'Accepted',
    createdDateTime: new Date(now).toISOString(),
    completedDateTime: null,
    answers: [],
    deliveringAt: now + Math.floor(delay / 2),
    deliveredAt: now + delay,
  };
}

/** The schedule of the request, else the policy's. */
function scheduleOf(call: Call, requested: unknown, policy: Entity): Record<string, unknown> {
  const now = call.tenant.clock.now();
  const until = (endDateTime: string | null) => ({
    startDateTime: new Date(now).toISOString(),
    recurrence: null,
    expiration: { type: endDateTime === null ? 'noExpiration' : 'afterDateTime', endDateTime, duration: null },
  });
  const wanted = endOf(requested);
  const latest = latestEnd(policy, now);
  if (isRecord(requested) && wanted !== undefined) {
    if (!(wanted > now)) throw bad('The schedule ends before it begins.');
    if (wanted > latest) throw bad('The schedule exceeds the expiration of the policy.');
    return until(new Date(wanted).toISOString());
  }
  return until(latest === Infinity ? null : new Date(latest).toISOString());
}

const day = 24 * 60 * 60 * 1000;

function latestEnd(policy: Entity, now: number): number {
  const expiration = part(policy, 'expiration');
  const { type, endDateTime, duration } = expiration ?? {};
  if (type === 'afterDateTime' && typeof endDateTime === 'string') return Date.parse(endDateTime);
  const [, days] = /^P(\d+)D$/.exec(String(duration)) ?? [];
  return type === 'afterDuration' && days !== undefined ? now + Number(days) * day : Infinity;
}

/** The subject of a user; made with the first request for them, with an id of its own. */
const subject = (user: Entity): Record<string, unknown> => ({
  id: randomUUID(),
  objectId: user.id,
  displayName: user['displayName'] ?? null,
  email: user['mail'] ?? null,
  principalName: user['userPrincipalName'] ?? null,
  onPremisesSecurityIdentifier: null,
  subjectType: 'user',
});

/** The answer knows neither dates nor what will come of it. */
function answer(call: Call, request: Entity): Reply {
  call.tenant.store.transaction((tx) => tx.put('accessPackageAssignmentRequests', request));
  const entity = { ...request, createdDateTime: null };
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#identityGovernance/entitlementManagement/assignmentRequests/$entity`,
    ...projected({ type: assignmentRequestType, entity }, undefined),
  });
}
