import { isRecord, part, text, type Entity, type View } from '../store/snapshot';
import { graphTime } from '../store/clock';
import type { Store, Transaction } from '../store/store';
import { deliverResource, resourcesOf, withdrawResource } from './entitlementResources';

/**
 * Entitlement management works by itself, some time after it was asked: requests are delivered, assignments end with
 * their schedule or with their target. Nothing of it happens within the request that causes it.
 */

/** States of an assignment that gives access now or will in a moment. */
const activeStates: readonly (string | undefined)[] = ['delivering', 'partiallyDelivered', 'delivered'];

/** States of a request that nothing has come of yet. */
const openStates: readonly (string | undefined)[] = ['submitted', 'pendingApproval', 'delivering', 'scheduled'];

export const isActive = (assignment: Entity): boolean => activeStates.includes(text(assignment, 'state'));
export const isOpen = (request: Entity): boolean => openStates.includes(text(request, 'state'));

/** Object id of the user that an assignment or a request is for. */
export function targetOf(object: Entity): string {
  const objectId = part(object, 'target')?.['objectId'];
  return typeof objectId === 'string' ? objectId : '';
}

/** Does everything that is due by `now`. */
export function settleEntitlements(store: Store, now: number): void {
  const view = store.primary();
  const due = [
    ...view.list('accessPackageAssignmentRequests').filter((request) => isDue(request, now)),
    ...view.list('accessPackageAssignments').filter((assignment) => hasEnded(view, assignment, now)),
  ];
  if (due.length === 0) return;
  store.transaction((tx) => {
    for (const request of tx.list('accessPackageAssignmentRequests')) {
      if (isDue(request, now)) advance(tx, request, now);
    }
    for (const assignment of tx.list('accessPackageAssignments')) {
      if (hasEnded(tx, assignment, now)) end(tx, assignment, now);
    }
  });
}

/** A request moves on when its time has come; one that waits for an approval does not by itself. */
function isDue(request: Entity, now: number): boolean {
  const state = text(request, 'state');
  if (state === 'submitted') return Number(request['deliveringAt']) <= now;
  return state === 'delivering' && Number(request['deliveredAt']) <= now;
}

function advance(tx: Transaction, request: Entity, now: number): void {
  const target = targetOf(request);
  // What a soft-deleted user was to get waits for the restore.
  if (tx.has('deletedUsers', target)) return;
  if (text(request, 'requestType') === 'adminRemove') {
    const assignment = tx.get('accessPackageAssignments', text(request, 'assignmentId') ?? '');
    if (assignment !== undefined && isActive(assignment)) end(tx, assignment, now);
    finish(tx, request, 'delivered', now);
    return;
  }
  if (!tx.has('users', target)) {
    finish(tx, request, 'deliveryFailed', now);
    return;
  }
  if (text(request, 'state') === 'submitted') beginDelivery(tx, request);
  const begun = tx.get('accessPackageAssignmentRequests', request.id);
  if (begun !== undefined && isDue(begun, now)) deliver(tx, begun, now);
}

function beginDelivery(tx: Transaction, request: Entity): void {
  const { accessPackageId, assignmentPolicyId, assignmentId, schedule, target } = request;
  tx.put('accessPackageAssignments', {
    id: String(assignmentId),
    state: 'delivering',
    status: 'Delivering',
    expiredDateTime: null,
    schedule,
    accessPackageId,
    assignmentPolicyId,
    target,
  });
  tx.patch('accessPackageAssignmentRequests', request.id, { state: 'delivering', status: 'Delivering' });
}

function deliver(tx: Transaction, request: Entity, now: number): void {
  const resources = resourcesOf(tx, text(request, 'accessPackageId') ?? '');
  const failures = resources.filter((resource) => !deliverResource(tx, resource, targetOf(request), now));
  const state =
    failures.length === 0 ? 'delivered' : failures.length < resources.length ? 'partiallyDelivered' : 'deliveryFailed';
  tx.patch('accessPackageAssignments', text(request, 'assignmentId') ?? '', { state, status: capital(state) });
  finish(tx, request, state, now);
}

function finish(tx: Transaction, request: Entity, state: string, now: number): void {
  const completedDateTime = graphTime(now);
  tx.patch('accessPackageAssignmentRequests', request.id, { state, status: capital(state), completedDateTime });
}

const capital = (state: string): string => state.charAt(0).toUpperCase() + state.slice(1);

/** True when an active assignment is over: its time is up, or its target was purged. */
function hasEnded(view: View, assignment: Entity, now: number): boolean {
  if (!isActive(assignment)) return false;
  const target = targetOf(assignment);
  if (!view.has('users', target)) return !view.has('deletedUsers', target);
  const endsAt = endOf(assignment['schedule']);
  return endsAt !== undefined && endsAt <= now;
}

/** When a schedule ends, in milliseconds since 1970; undefined when never. */
export function endOf(schedule: unknown): number | undefined {
  const end = part(schedule, 'expiration')?.['endDateTime'];
  return typeof end === 'string' ? Date.parse(end) : undefined;
}

/** Takes away what the package gave, unless another package of the target gives it too. */
function end(tx: Transaction, assignment: Entity, now: number): void {
  tx.patch('accessPackageAssignments', assignment.id, {
    state: 'expired',
    status: 'ExpiredNotificationTriggered',
    expiredDateTime: graphTime(now),
  });
  const target = targetOf(assignment);
  const kept = tx
    .list('accessPackageAssignments')
    .filter((other) => isActive(other) && targetOf(other) === target)
    .flatMap((other) => resourcesOf(tx, text(other, 'accessPackageId') ?? ''))
    .map((resource) => JSON.stringify(resource));
  for (const resource of resourcesOf(tx, text(assignment, 'accessPackageId') ?? '')) {
    if (!kept.includes(JSON.stringify(resource))) withdrawResource(tx, resource, target);
  }
}

/** May an administrator assign the user directly by this policy? The user must be within the policy's scope. */
export function isWithinPolicy(view: View, policy: Entity, user: Entity): boolean {
  if (isRecord(policy['automaticRequestSettings'])) return false;
  const external = text(user, 'userType') === 'Guest';
  switch (text(policy, 'allowedTargetScope')) {
    case 'notSpecified':
    case 'allDirectoryUsers':
      return true;
    case 'allMemberUsers':
      return !external;
    case 'allExternalUsers':
      return external;
    case 'specificDirectoryUsers':
      return targetsOf(policy).some((target) => isNamed(view, target, user));
    case 'allConfiguredConnectedOrganizationUsers':
      return organizationOf(view, user) !== undefined;
    case 'specificConnectedOrganizationUsers':
      return targetsOf(policy).some((target) => target['connectedOrganizationId'] === organizationOf(view, user));
    case undefined:
    default:
      return false;
  }
}

const targetsOf = (policy: Entity): Readonly<Record<string, unknown>>[] =>
  Array.isArray(policy['specificAllowedTargets']) ? policy['specificAllowedTargets'].filter(isRecord) : [];

function isNamed(view: View, target: Readonly<Record<string, unknown>>, user: Entity): boolean {
  if (target['userId'] === user.id) return true;
  const group = view.get('groups', String(target['groupId']));
  return Array.isArray(group?.['members']) && group['members'].includes(user.id);
}

/** The connected organization of a guest who signs in with its work account. */
function organizationOf(view: View, user: Entity): string | undefined {
  const identities = Array.isArray(user['identities']) ? user['identities'].filter(isRecord) : [];
  if (!identities.some(({ issuer }) => issuer === 'ExternalAzureAD')) return undefined;
  const domain = (text(user, 'mail') ?? '').split('@')[1]?.toLowerCase();
  return view.list('externalOrganizations').find(({ domains }) => Array.isArray(domains) && domains.includes(domain))
    ?.id;
}
