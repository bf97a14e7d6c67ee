import { text, type Entity, type View } from '../store/snapshot';
import { propertiesOf, roleGuid } from './rbac';
import { sameScope } from './scopes';

/**
 * Privileged Identity Management for Azure roles: who is eligible, and who holds a role until when. What runs is
 * computed for the moment of the request: a schedule that ends leaves nothing to clean up.
 */
export type ScheduleList = 'eligible' | 'active';

/** Names of the resource types of one list. */
export interface ScheduleTypes {
  readonly list: ScheduleList;
  readonly schedules: string;
  readonly instances: string;
  readonly requests: string;
}

/** Where the schedules are kept. Lasting role assignments are no schedules here, though PIM shows them as such. */
export const scheduleCollections: Readonly<Record<ScheduleList, string>> = {
  eligible: 'azureRoleEligibilitySchedules',
  active: 'azureRoleAssignmentSchedules',
};

/** Requests of both lists by resource id. */
export const requestCollection = 'azureRoleScheduleRequests';

const capital = (type: string): string => type.charAt(0).toUpperCase() + type.slice(1);

/** Resource id of a schedule, instance or request; PIM spells the type with a capital. */
export const scheduleId = (scope: string, type: string, name: string): string =>
  `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/${capital(type)}/${name}`;

/** A schedule, instance or request as answered. */
export const shownAs = ({ id, name, properties }: Entity, type: string): unknown => ({
  properties,
  name,
  id,
  type: `Microsoft.Authorization/${capital(type)}`,
});

const timeOf = (schedule: Entity, property: string): number | undefined => {
  const value = propertiesOf(schedule)[property];
  return typeof value === 'string' ? Date.parse(value) : undefined;
};

/** True until its end; a schedule may lie in the future. */
export const isOver = (schedule: Entity, now: number): boolean => (timeOf(schedule, 'endDateTime') ?? Infinity) <= now;

/** True from its start until its end. */
export const isRunning = (schedule: Entity, now: number): boolean =>
  (timeOf(schedule, 'startDateTime') ?? -Infinity) <= now && !isOver(schedule, now);

/** The schedules of a list that are not over, future ones included. */
export const standing = (view: View, list: ScheduleList, now: number): Entity[] =>
  view.list(scheduleCollections[list]).filter((schedule) => !isOver(schedule, now));

/** The role assignment that an active schedule makes while it runs; it has the schedule's name. */
function assignmentOf(schedule: Entity): Entity {
  const properties = propertiesOf(schedule);
  const scope = String(properties['scope']);
  const name = String(schedule['name']);
  return {
    id: assignmentId(scope, name),
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: properties['roleDefinitionId'],
      principalId: properties['principalId'],
      principalType: properties['principalType'],
      scope,
      condition: properties['condition'] ?? null,
      conditionVersion: properties['conditionVersion'] ?? null,
      description: null,
      createdOn: properties['createdOn'],
      updatedOn: properties['updatedOn'],
      createdBy: null,
      updatedBy: null,
    },
  };
}

/** Resource id of a role assignment. */
export const assignmentId = (scope: string, name: string): string =>
  `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

/** Every role assignment of this moment: the lasting ones, and those that PIM made until its schedule ends. */
export const assignmentsAt = (view: View, now: number): Entity[] => [
  ...view.list('azureRoleAssignments'),
  ...standing(view, 'active', now)
    .filter((schedule) => isRunning(schedule, now))
    .map(assignmentOf),
];

/** What one assignment or schedule is about. */
export interface Triple {
  readonly scope: string;
  readonly principalId: string;
  readonly roleDefinitionId: string;
}

/** True when an assignment, schedule or request is about this role of this principal at this scope. */
export function isAbout(entity: Entity, { scope, principalId, roleDefinitionId }: Triple): boolean {
  const properties = propertiesOf(entity);
  return (
    sameScope(String(properties['scope']), scope) &&
    String(properties['principalId']) === principalId &&
    roleGuid(String(properties['roleDefinitionId'])) === roleGuid(roleDefinitionId)
  );
}

/** The active schedule that a role assignment comes from; undefined for a lasting assignment. */
export const scheduleBehind = (view: View, assignment: Entity): Entity | undefined =>
  view.list(scheduleCollections.active).find((schedule) => text(schedule, 'name') === text(assignment, 'name'));
