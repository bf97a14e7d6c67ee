import { membersWithin } from '../directory/groups';
import {
  endOf,
  groupPim,
  isRunning,
  linkOf,
  managedGroups,
  rolePim,
  startOf,
  type PimArea,
} from '../directory/schedules';
import { graphTime } from '../store/clock';
import { text, texts, type Entity, type View } from '../store/snapshot';
import { directoryObject } from './targets';

const permanent = { type: 'noExpiration', endDateTime: null, duration: null };

/** What PIM says of an assignment that was made without it: it has always been there and does not end. */
const foundByPim = (now: number) => ({
  createdUsing: null,
  createdDateTime: null,
  modifiedDateTime: null,
  status: 'Provisioned',
  // Microsoft's example shows the time of the request here.
  scheduleInfo: { startDateTime: graphTime(now), recurrence: null, expiration: permanent },
});

/** Schedules of live principals that have not ended. Purged and soft-deleted principals have none to show. */
function standing(view: View, collection: string, now: number): Entity[] {
  return view
    .list(collection)
    .filter((schedule) => (endOf(schedule) ?? Infinity) > now && isLive(view, text(schedule, 'principalId')));
}

const isLive = (view: View, id: string | undefined): boolean => directoryObject(view, id ?? '') !== undefined;

/** The same schedule for every member of the group that holds it. */
function throughGroups(view: View, schedules: readonly Entity[]): Entity[] {
  return schedules.flatMap((schedule) => {
    const group = view.get('groups', text(schedule, 'principalId') ?? '');
    if (group === undefined) return [];
    const members = texts(group, 'members').filter((id) => isLive(view, id));
    return members.map((principalId) => ({
      ...schedule,
      id: `${schedule.id}_${principalId}`,
      principalId,
      memberType: 'Group',
    }));
  });
}

/** Role eligibilities: those made for a principal, and those that its role-assignable groups have. */
export function roleEligibilities(view: View, now: number): Entity[] {
  const direct = standing(view, rolePim.eligible, now);
  return [...direct, ...throughGroups(view, direct)];
}

/**
 * Active roles: time-bound ones, activations, and every role assignment that was made outside PIM, which PIM shows as
 * assigned, direct and without end under the assignment's own id.
 */
export function roleActivities(view: View, now: number): Entity[] {
  const scheduled = standing(view, rolePim.active, now);
  const known = new Set(view.list(rolePim.active).map((schedule) => text(schedule, 'assignmentId')));
  const outside = view
    .list('roleAssignments')
    .filter(({ id, principalId }) => !known.has(id) && isLive(view, String(principalId)))
    .map((assignment): Entity => {
      const { id, principalId, roleDefinitionId, directoryScopeId = null, appScopeId = null } = assignment;
      const scope = { directoryScopeId, appScopeId };
      const how = { assignmentType: 'Assigned', memberType: 'Direct', assignmentId: id };
      return { id, principalId, roleDefinitionId, ...scope, ...foundByPim(now), ...how };
    });
  const direct = [...scheduled, ...outside];
  return [...direct, ...throughGroups(view, direct)];
}

/** Eligible members and owners of groups. */
export const groupEligibilities = (view: View, now: number): Entity[] => standing(view, groupPim.eligible, now);

/** Active members and owners of managed groups, those among them that came without PIM, and members through groups. */
export function groupActivities(view: View, now: number): Entity[] {
  const scheduled = standing(view, groupPim.active, now);
  const known = new Set(view.list(groupPim.active).map((one) => placeOf(one)));
  const outside = [...managedGroups(view)].flatMap((groupId) =>
    (['member', 'owner'] as const).flatMap((accessId) => {
      const group = view.get('groups', groupId);
      const ids = texts(group, accessId === 'owner' ? 'owners' : 'members').filter((id) => isLive(view, id));
      const direct = ids
        .map((principalId) => plainLink(groupId, accessId, principalId, 'direct', now))
        .filter((one) => !known.has(placeOf(one)));
      return [...direct, ...ids.flatMap((id) => nested(view, groupId, accessId, id, now))];
    }),
  );
  return [...scheduled, ...outside];
}

const placeOf = (schedule: Entity): string =>
  `${linkOf(schedule)}/${text(schedule, 'groupId') ?? ''}/${text(schedule, 'principalId') ?? ''}`;

function nested(view: View, groupId: string, accessId: string, memberId: string, now: number): Entity[] {
  return [...membersWithin(view, memberId)]
    .filter((id) => view.has('users', id))
    .map((principalId) => plainLink(groupId, accessId, principalId, 'group', now));
}

function plainLink(groupId: string, accessId: string, principalId: string, memberType: string, now: number): Entity {
  const id = `${groupId}_${accessId}_${principalId}${memberType === 'group' ? '_group' : ''}`;
  return { id, groupId, accessId, principalId, ...foundByPim(now), assignmentType: 'assigned', memberType };
}

/** What runs now, as instances. `reference` is the property that names the schedule an instance came from. */
export function instancesOf(schedules: readonly Entity[], reference: string, now: number): Entity[] {
  return schedules
    .filter((schedule) => isRunning(schedule, now))
    .map((schedule) => {
      const end = endOf(schedule);
      return {
        ...schedule,
        id: `${schedule.id}-instance`,
        [reference]: schedule.id,
        roleAssignmentOriginId: text(schedule, 'assignmentId') ?? null,
        startDateTime: graphTime(startOf(schedule)),
        endDateTime: end === undefined ? null : graphTime(end),
      };
    });
}

/** Requests of live principals. */
export const requestsOf = (view: View, collection: string): Entity[] =>
  view.list(collection).filter((request) => isLive(view, text(request, 'principalId')));

/** The principal's schedule or request of the same role or access; undefined when there is none. */
export function sameTarget(area: PimArea, candidates: readonly Entity[], wanted: Entity): Entity | undefined {
  const target = area.target(wanted).toLowerCase();
  return candidates.find(
    (one) => text(one, 'principalId') === text(wanted, 'principalId') && area.target(one).toLowerCase() === target,
  );
}
