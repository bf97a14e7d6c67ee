import type { Comparison } from './filterSyntax';
import type { ObjectType } from './types';

const words = (list: string): string[] => list.trim().split(/\s+/);

/** PIM compares for equality, without the advanced query index. */
const equals: readonly Comparison[] = ['eq'];

function pimType(odataType: string, properties: string, filters: string): ObjectType {
  return {
    collection: '',
    odataType: `#microsoft.graph.${odataType}`,
    resource: odataType.charAt(0).toUpperCase() + odataType.slice(1),
    properties: words(properties),
    collections: [],
    defaults: words(properties),
    filters: Object.fromEntries(words(filters).map((name) => [name, equals])),
  };
}

const role = 'principalId roleDefinitionId directoryScopeId appScopeId';
const roleSchedule = `id ${role} createdUsing createdDateTime modifiedDateTime status memberType scheduleInfo`;
const roleInstance = `id ${role} memberType startDateTime endDateTime`;
const request = `id status createdDateTime completedDateTime approvalId customData createdBy action isValidationOnly
  justification scheduleInfo ticketInfo targetScheduleId`;
const roleFilters = `${role} memberType`;

export const roleEligibilityScheduleType = pimType(
  'unifiedRoleEligibilitySchedule',
  roleSchedule,
  `id status ${roleFilters}`,
);
export const roleAssignmentScheduleType = pimType(
  'unifiedRoleAssignmentSchedule',
  `${roleSchedule} assignmentType`,
  `id status ${roleFilters} assignmentType`,
);
export const roleEligibilityInstanceType = pimType(
  'unifiedRoleEligibilityScheduleInstance',
  `${roleInstance} roleEligibilityScheduleId`,
  `id ${roleFilters} roleEligibilityScheduleId`,
);
export const roleAssignmentInstanceType = pimType(
  'unifiedRoleAssignmentScheduleInstance',
  `${roleInstance} assignmentType roleAssignmentOriginId roleAssignmentScheduleId`,
  `id ${roleFilters} assignmentType roleAssignmentScheduleId`,
);
const roleRequestFilters = `id ${role} status action targetScheduleId`;
export const roleEligibilityRequestType = pimType(
  'unifiedRoleEligibilityScheduleRequest',
  `${request} ${role}`,
  roleRequestFilters,
);
export const roleAssignmentRequestType = pimType(
  'unifiedRoleAssignmentScheduleRequest',
  `${request} ${role}`,
  roleRequestFilters,
);

const access = 'principalId groupId accessId';
const groupSchedule = `id ${access} createdUsing createdDateTime modifiedDateTime status memberType scheduleInfo`;
const groupInstance = `id ${access} memberType startDateTime endDateTime`;

export const groupEligibilityScheduleType = pimType(
  'privilegedAccessGroupEligibilitySchedule',
  groupSchedule,
  `id status ${access} memberType`,
);
export const groupAssignmentScheduleType = pimType(
  'privilegedAccessGroupAssignmentSchedule',
  `${groupSchedule} assignmentType`,
  `id status ${access} memberType assignmentType`,
);
export const groupEligibilityInstanceType = pimType(
  'privilegedAccessGroupEligibilityScheduleInstance',
  `${groupInstance} eligibilityScheduleId`,
  `id ${access} memberType eligibilityScheduleId`,
);
export const groupAssignmentInstanceType = pimType(
  'privilegedAccessGroupAssignmentScheduleInstance',
  `${groupInstance} assignmentType assignmentScheduleId`,
  `id ${access} memberType assignmentType assignmentScheduleId`,
);
const groupRequestFilters = `id ${access} status action targetScheduleId`;
export const groupEligibilityRequestType = pimType(
  'privilegedAccessGroupEligibilityScheduleRequest',
  `${request} ${access}`,
  groupRequestFilters,
);
export const groupAssignmentRequestType = pimType(
  'privilegedAccessGroupAssignmentScheduleRequest',
  `${request} ${access}`,
  groupRequestFilters,
);
