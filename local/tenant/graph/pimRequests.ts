import { randomUUID } from 'node:crypto';
import type { Period } from '../directory/period';
import { settleSchedules, startOf, withdraw, type PimArea } from '../directory/schedules';
import { created, noContent, type Reply } from '../http/message';
import { text, type Entity } from '../store/snapshot';
import { objectBody, requiredGuid, requiredText } from './bodies';
import { badRequest, denied, GraphError } from './errors';
import { projected } from './odata/projection';
import type { ObjectType } from './odata/types';
import { pimTime, requestedPeriod, scheduleInfoOf } from './pimPeriod';
import { requirePolicy, type Rules } from './pimPolicy';
import { sameTarget } from './pimSchedules';
import type { Call } from './route';
import { directoryObject, objectForWrite } from './targets';

/** What differs between roles and groups when a request is made. */
export interface RequestRules {
  readonly area: PimArea;
  readonly list: 'eligible' | 'active';
  readonly type: ObjectType;
  readonly context: string;
  /** Name of the request in paths. */
  readonly placeholder: string;
  /** The target's properties from the body, checked: unknown roles, groups and scopes are refused here. */
  readonly target: (call: Call, body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** Refuses a principal that cannot hold the target. */
  readonly requireFitting: (call: Call, request: Entity) => void;
  readonly policy: (call: Call, request: Entity) => Rules;
  /** Everything that stands for the list now, what was made outside PIM included. */
  readonly standing: (call: Call, now: number) => Entity[];
  readonly scheduleId: (request: Entity) => string;
  /** Takes away what was assigned outside PIM. */
  readonly removePlain: (call: Call, schedule: Entity) => void;
}

const refusal = (code: string, message: string): GraphError => new GraphError(400, code, message);

/** Who may not yet be known everywhere: right after an invitation PIM answers this for minutes. */
export const subjectMissing = (): GraphError => new GraphError(404, 'SubjectNotFound', 'The subject is not found.');

/** Answers a request for a schedule: `adminAssign` and `adminRemove`; an application activates nothing for itself. */
export function postRequest(call: Call, rules: RequestRules): Reply {
  const body = objectBody(call);
  const action = requiredText(body, 'action').toLowerCase();
  if (action.startsWith('self')) throw denied();
  const request: Entity = {
    id: randomUUID(),
    ...rules.target(call, body),
    principalId: requiredGuid(body, 'principalId'),
    justification: text({ id: '', ...body }, 'justification') ?? null,
    scheduleInfo: body['scheduleInfo'] ?? null,
    ticketInfo: body['ticketInfo'] ?? { ticketNumber: null, ticketSystem: null },
    isValidationOnly: body['isValidationOnly'] === true,
  };
  if (action === 'adminassign') return assign(call, rules, request);
  if (action === 'adminremove') return remove(call, rules, request);
  throw badRequest(`The action '${action}' is not supported.`);
}

function requireSubject(call: Call, request: Entity): void {
  const id = text(request, 'principalId') ?? '';
  for (const view of [call.tenant.store.primary(), call.replica]) {
    if (directoryObject(view, id) === undefined) throw subjectMissing();
  }
}

function assign(call: Call, rules: RequestRules, request: Entity): Reply {
  const { area, list } = rules;
  const now = call.tenant.clock.now();
  requireSubject(call, request);
  rules.requireFitting(call, request);
  const view = call.tenant.store.primary();
  const requests = view.list(list === 'eligible' ? area.eligibleRequests : area.activeRequests);
  const pending = requests.filter((one) => (text(one, 'status') ?? '').startsWith('Pending'));
  if (sameTarget(area, pending, request) !== undefined) {
    throw refusal('PendingRoleAssignmentRequest', 'There is already an existing pending Role assignment request.');
  }
  if (sameTarget(area, rules.standing(call, now), request) !== undefined) {
    throw refusal('RoleAssignmentExists', 'The Role assignment already exists.');
  }
  const period = requestedPeriod(request, now);
  requirePolicy(rules.policy(call, request), request, period);
  if (request['isValidationOnly'] === true) return answer(call, rules, { ...request, status: 'Granted' });
  const scheduleId = rules.scheduleId(request);
  const status = period.start > now ? 'Granted' : 'Provisioned';
  const done = recorded(call, { ...request, action: 'adminAssign', status, targetScheduleId: scheduleId }, period);
  call.tenant.store.transaction((tx) => {
    tx.put(area[list], scheduleFor(rules, done, scheduleId, period));
    tx.put(list === 'eligible' ? area.eligibleRequests : area.activeRequests, done);
    settleSchedules(tx, now);
  });
  return answer(call, rules, done);
}

/** The request as it is kept: who asked, when, and the period in force. */
function recorded(call: Call, request: Entity, period: Period | undefined): Entity {
  const stamp = pimTime(call.tenant.clock.now());
  const { objectId, appId } = call.caller;
  return {
    ...request,
    createdDateTime: stamp,
    completedDateTime: stamp,
    approvalId: null,
    customData: null,
    createdBy: {
      application: { id: appId, displayName: null },
      device: null,
      user: { id: objectId, displayName: null },
    },
    ...(period === undefined ? {} : { scheduleInfo: scheduleInfoOf(period) }),
  };
}

function scheduleFor({ list }: RequestRules, request: Entity, id: string, period: Period): Entity {
  const { principalId, roleDefinitionId, directoryScopeId, appScopeId, groupId, accessId } = request;
  const forRole = { roleDefinitionId, directoryScopeId: directoryScopeId ?? null, appScopeId: appScopeId ?? null };
  const isRole = groupId === undefined;
  return {
    id,
    principalId,
    ...(isRole ? forRole : { groupId, accessId }),
    createdUsing: request.id,
    createdDateTime: request['createdDateTime'],
    modifiedDateTime: null,
    status: 'Provisioned',
    memberType: isRole ? 'Direct' : 'direct',
    ...(list === 'active' ? { assignmentType: isRole ? 'Assigned' : 'assigned' } : {}),
    scheduleInfo: scheduleInfoOf(period),
  };
}

/** An assignment can be taken away five minutes after it was made, not earlier. */
const shortestActiveMs = 5 * 60_000;

function remove(call: Call, rules: RequestRules, request: Entity): Reply {
  const { area, list } = rules;
  const now = call.tenant.clock.now();
  const found = sameTarget(area, rules.standing(call, now), request);
  if (found === undefined) throw refusal('RoleAssignmentDoesNotExist', 'The Role assignment does not exist.');
  const since = Date.parse(text(found, 'createdDateTime') ?? '1970-01-01T00:00:00Z');
  if (list === 'active' && now - since < shortestActiveMs) {
    throw refusal('ActiveDurationTooShort', 'The active duration is too short, minimum required is 5 minutes.');
  }
  const done = recorded(
    call,
    { ...request, action: 'adminRemove', status: 'Revoked', targetScheduleId: found.id },
    undefined,
  );
  if (!call.tenant.store.primary().has(area[list], found.id)) rules.removePlain(call, found);
  call.tenant.store.transaction((tx) => {
    if (list === 'active' && tx.has(area.active, found.id)) withdraw(tx, found);
    tx.remove(area[list], found.id);
    tx.put(list === 'eligible' ? area.eligibleRequests : area.activeRequests, done);
  });
  return answer(call, rules, done);
}

function answer(call: Call, { type, context }: RequestRules, request: Entity): Reply {
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#${context}/$entity`,
    ...projected({ type, entity: request }, undefined),
  });
}

/** Takes back a request that has not taken effect yet, with the schedule that waits for its start. */
export function cancelRequest(call: Call, { area, list, placeholder }: RequestRules): Reply {
  const collection = list === 'eligible' ? area.eligibleRequests : area.activeRequests;
  const request = objectForWrite(call, collection, placeholder);
  const status = text(request, 'status') ?? '';
  const schedule = call.tenant.store.primary().get(area[list], text(request, 'targetScheduleId') ?? '');
  const future = schedule !== undefined && startOf(schedule) > call.tenant.clock.now();
  const waits = status.startsWith('Pending') || (status === 'Granted' && future);
  if (!waits) throw refusal('RequestCannotBeCancelled', 'The request cannot be cancelled any more.');
  call.tenant.store.transaction((tx) => {
    tx.patch(collection, request.id, { status: 'Canceled' });
    tx.remove(area[list], text(request, 'targetScheduleId') ?? '');
  });
  return noContent();
}
