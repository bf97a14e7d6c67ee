import { flag, text, texts, type Entity, type View } from '../store/snapshot';
import { groupsAround, isRoleAssignable } from './groups';
import { groupPim, rolePim, schedulesOf } from './schedules';

/** Template ids of the built-in roles that decide who may act on whom. */
export const roleTemplates = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  privilegedRoleAdministrator: 'e8611ab8-c189-46e8-94e1-60213ab1f814',
  privilegedAuthenticationAdministrator: '7be44c8a-adaf-4e2a-84d6-ab2649e08a13',
  authenticationAdministrator: 'c4e39bd9-1100-46d3-8c65-fb160da0071f',
  userAdministrator: 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  groupsAdministrator: 'fdd7a751-b60b-444a-984c-02652fe8fa1c',
  helpdeskAdministrator: '729827e3-9c14-49f7-bb1b-9608f156bbb8',
  directoryReaders: '88d8e3e3-8f55-4a1e-953a-9b9898b8876b',
  guestInviter: '95e79109-95c0-4d8e-aee3-d01accf2d47b',
  messageCenterReader: '790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b',
  passwordAdministrator: '966707d0-3269-4727-9be2-8c3a10f19b9d',
  reportsReader: '4a5d8f65-41da-4de4-8968-e035b65339cf',
  usageSummaryReportsReader: '75934031-6c7e-415a-99d7-48dbd49e875e',
} as const;

const unprivileged: readonly string[] = [
  roleTemplates.directoryReaders,
  roleTemplates.guestInviter,
  roleTemplates.messageCenterReader,
  roleTemplates.passwordAdministrator,
  roleTemplates.reportsReader,
  roleTemplates.usageSummaryReportsReader,
];

const { authenticationAdministrator, userAdministrator } = roleTemplates;
const highest: readonly string[] = [
  roleTemplates.privilegedAuthenticationAdministrator,
  roleTemplates.globalAdministrator,
];

/** The role definition of an assignment. */
export const definitionOf = (view: View, assignment: Entity): Entity | undefined =>
  view.get('roleDefinitions', text(assignment, 'roleDefinitionId') ?? '');

/** Role assignments made to the object itself. */
export const directAssignments = (view: View, principalId: string): Entity[] =>
  view.list('roleAssignments').filter((assignment) => text(assignment, 'principalId') === principalId);

/** Role assignments of the object itself and of the role-assignable groups around it. */
export function assignmentsOf(view: View, principalId: string): Entity[] {
  const holders = new Set([principalId, ...groupsAround(view, principalId).map(({ id }) => id)]);
  return view.list('roleAssignments').filter((assignment) => holders.has(text(assignment, 'principalId') ?? ''));
}

/** True when the principal holds the built-in role for the whole directory. */
export function holdsRole(view: View, principalId: string, ...templateIds: readonly string[]): boolean {
  return assignmentsOf(view, principalId).some(
    (assignment) =>
      text(assignment, 'directoryScopeId') === '/' &&
      templateIds.includes(text(definitionOf(view, assignment), 'templateId') ?? ''),
  );
}

/**
 * May the caller delete, restore or change sensitive properties of the user? Microsoft's table "who can perform
 * sensitive actions": nothing is needed for users without a privileged role; otherwise the caller needs one of the
 * administrator roles that the table gives for every role of the target. Roles and role-assignable groups that the
 * target is only eligible for count too: the table does not say, and the stricter reading is the safer one.
 */
export function mayActOn(view: View, callerId: string, userId: string): boolean {
  const sufficient = sufficientRoles(view, userId);
  return sufficient === 'none needed' || holdsRole(view, callerId, ...sufficient);
}

function sufficientRoles(view: View, userId: string): readonly string[] | 'none needed' {
  const held = [...assignmentsOf(view, userId), ...schedulesOf(view, rolePim.eligible, userId)];
  const definitions = held.map((assignment) => definitionOf(view, assignment));
  const eligible = new Set(schedulesOf(view, groupPim.eligible, userId).map((schedule) => text(schedule, 'groupId')));
  const guarded = view
    .list('groups')
    .some(
      (group) =>
        isRoleAssignable(group) &&
        (eligible.has(group.id) || [...texts(group, 'members'), ...texts(group, 'owners')].includes(userId)),
    );
  const demanding = definitions.filter(
    (role) => !(flag(role, 'isBuiltIn') && unprivileged.includes(text(role, 'templateId') ?? '')),
  );
  if (demanding.length === 0) return guarded ? highest : 'none needed';
  const sets = demanding.map((role) => rolesAbove(role));
  const all = [authenticationAdministrator, userAdministrator, ...highest];
  return all.filter((role) => (!guarded || highest.includes(role)) && sets.every((set) => set.includes(role)));
}

function rolesAbove(role: Entity | undefined): readonly string[] {
  const template = flag(role, 'isBuiltIn') ? text(role, 'templateId') : undefined;
  if (template === authenticationAdministrator) return [authenticationAdministrator, ...highest];
  const lesser: readonly (string | undefined)[] = [
    roleTemplates.groupsAdministrator,
    roleTemplates.helpdeskAdministrator,
    userAdministrator,
  ];
  return lesser.includes(template) ? [userAdministrator, ...highest] : highest;
}

/** Which roles keep an application from resetting a redemption: Microsoft says "any roles assigned", and no more. */
export const resetRefusals = ['directRoles', 'roles', 'rolesAndEligible'] as const;

/**
 * True when the user holds what an application may not reset: roles of their own (also those that PIM has made active),
 * roles through groups too, or also what they are merely eligible for.
 */
export function keepsFromReset(view: View, userId: string, which: (typeof resetRefusals)[number]): boolean {
  if (which === 'directRoles') return directAssignments(view, userId).length > 0;
  if (assignmentsOf(view, userId).length > 0) return true;
  if (which === 'roles') return false;
  const holders = [userId, ...groupsAround(view, userId).map(({ id }) => id)];
  const eligible = holders.some((id) => schedulesOf(view, rolePim.eligible, id).length > 0);
  const eligibleGroups = schedulesOf(view, groupPim.eligible, userId).map((one) =>
    view.get('groups', text(one, 'groupId') ?? ''),
  );
  return eligible || eligibleGroups.some((group) => group !== undefined && isRoleAssignable(group));
}

/**
 * May the caller manage the user at all? Members of a restricted management administrative unit can only be managed
 * with a role assigned at that unit.
 */
export function mayManage(view: View, callerId: string, userId: string): boolean {
  return view
    .list('administrativeUnits')
    .filter((unit) => flag(unit, 'isMemberManagementRestricted') && texts(unit, 'members').includes(userId))
    .every((unit) =>
      assignmentsOf(view, callerId).some(
        (assignment) => text(assignment, 'directoryScopeId') === `/administrativeUnits/${unit.id}`,
      ),
    );
}
