import { roleTemplates } from '../directory/roles';
import { administrativeUnits, groups, guests, numbered, staff } from './ids';

/** Far enough that no test that moves the clock meets it. */
const farAhead = '2099-06-30T12:00:00Z';
const since = '2024-02-05T08:00:00Z';

const period = (end: string | undefined) => ({
  startDateTime: since,
  recurrence: null,
  expiration:
    end === undefined
      ? { type: 'noExpiration', endDateTime: null, duration: null }
      : { type: 'afterDateTime', endDateTime: end, duration: null },
});

function schedule(number: number, principalId: string, end: string | undefined) {
  const id = numbered('9100a000', number);
  return {
    id,
    principalId,
    createdUsing: id,
    createdDateTime: since,
    modifiedDateTime: null,
    status: 'Provisioned',
    scheduleInfo: period(end),
  };
}

function roleSchedule(number: number, principalId: string, roleDefinitionId: string, scope: string, end?: string) {
  return {
    ...schedule(number, principalId, end),
    roleDefinitionId,
    directoryScopeId: scope,
    appScopeId: null,
    memberType: 'Direct',
  };
}

function groupSchedule(number: number, principalId: string, accessId: string, groupId: string, end?: string) {
  const common = schedule(number, principalId, end);
  return { ...common, id: `${groupId}_${accessId}_${common.id}`, accessId, groupId, memberType: 'direct' };
}

const suppliers = `/administrativeUnits/${administrativeUnits.suppliers}`;

export const roleEligibilitySchedules = [
  roleSchedule(1, guests.mara, roleTemplates.groupsAdministrator, '/', farAhead),
  roleSchedule(2, guests.mara, roleTemplates.reportsReader, suppliers),
  roleSchedule(3, staff.helpdesk, roleTemplates.userAdministrator, '/', farAhead),
];

export const roleAssignmentSchedules = [
  { ...roleSchedule(4, guests.mara, roleTemplates.messageCenterReader, '/', farAhead), assignmentType: 'Assigned' },
  // The service desk has switched its eligible role on.
  {
    ...roleSchedule(5, staff.helpdesk, roleTemplates.userAdministrator, '/', farAhead),
    assignmentType: 'Activated',
    activatedUsing: numbered('9100a000', 3),
  },
];

export const groupEligibilitySchedules = [
  groupSchedule(6, guests.mara, 'member', groups.rigOperators, farAhead),
  groupSchedule(7, guests.mara, 'owner', groups.changeBoard),
  groupSchedule(8, guests.tomas, 'member', groups.rigOperators, farAhead),
];

export const groupAssignmentSchedules = [
  { ...groupSchedule(9, guests.mara, 'member', groups.changeBoard, farAhead), assignmentType: 'assigned' },
  { ...groupSchedule(10, guests.mara, 'owner', groups.rigOperators, farAhead), assignmentType: 'assigned' },
  { ...groupSchedule(11, guests.jonas, 'member', groups.changeBoard, farAhead), assignmentType: 'assigned' },
];
