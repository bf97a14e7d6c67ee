import { createHash } from 'node:crypto';
import { part, text, texts, type Entity, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';

/**
 * Privileged Identity Management: who is eligible for what, and who holds it until when. A schedule that is active
 * also shows as what it stands for: a role assignment, or a membership or ownership of a group.
 */

/** One of the two things that PIM manages, and where its schedules and requests are kept. */
export interface PimArea {
  readonly eligible: string;
  readonly active: string;
  readonly eligibleRequests: string;
  readonly activeRequests: string;
  /** What a schedule or request is about, whoever holds it; equal texts mean the same role or access. */
  readonly target: (schedule: Entity) => string;
}

/** PIM for Microsoft Entra roles. */
export const rolePim: PimArea = {
  eligible: 'roleEligibilitySchedules',
  active: 'roleAssignmentSchedules',
  eligibleRequests: 'roleEligibilityScheduleRequests',
  activeRequests: 'roleAssignmentScheduleRequests',
  target: (one) =>
    `${text(one, 'roleDefinitionId') ?? ''}@${text(one, 'directoryScopeId') ?? text(one, 'appScopeId') ?? '/'}`,
};

/** PIM for Groups. */
export const groupPim: PimArea = {
  eligible: 'groupEligibilitySchedules',
  active: 'groupAssignmentSchedules',
  eligibleRequests: 'groupEligibilityScheduleRequests',
  activeRequests: 'groupAssignmentScheduleRequests',
  target: (one) => `${text(one, 'accessId') ?? ''}@${text(one, 'groupId') ?? ''}`,
};

/** Collections that hold schedules and requests. */
export const pimCollections: readonly string[] = [rolePim, groupPim].flatMap((area) => [
  area.eligible,
  area.active,
  area.eligibleRequests,
  area.activeRequests,
]);

const durationPattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds of a duration such as `P30D` or `PT2H30M`; undefined when it is not one. */
export function durationMs(duration: string): number | undefined {
  const found = durationPattern.exec(duration);
  if (found === null || duration === 'P') return undefined;
  const [days, hours, minutes, seconds] = found.slice(1).map((value) => Number((value as string | undefined) ?? 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}

/** When a schedule begins, in milliseconds since 1970; a schedule that does not say has always been there. */
export function startOf(schedule: Entity): number {
  const start = part(schedule, 'scheduleInfo')?.['startDateTime'];
  return typeof start === 'string' ? Date.parse(start) : 0;
}

/** When a schedule ends, in milliseconds since 1970; undefined when it does not end. */
export function endOf(schedule: Entity): number | undefined {
  const expiration = part(part(schedule, 'scheduleInfo'), 'expiration');
  const { endDateTime, duration } = expiration ?? {};
  if (typeof endDateTime === 'string') return Date.parse(endDateTime);
  const length = typeof duration === 'string' ? durationMs(duration) : undefined;
  return length === undefined ? undefined : startOf(schedule) + length;
}

/** True from its start until its end. */
export const isRunning = (schedule: Entity, now: number): boolean =>
  startOf(schedule) <= now && (endOf(schedule) ?? Infinity) > now;

/** The principal's schedules of one collection. */
export const schedulesOf = (view: View, collection: string, principalId: string): Entity[] =>
  view.list(collection).filter((schedule) => text(schedule, 'principalId') === principalId);

/** Groups that PIM manages: settings of its own, or any schedule. All members of such a group show as schedules. */
export function managedGroups(view: View): Set<string> {
  const named = [...view.list(groupPim.eligible), ...view.list(groupPim.active)].map((one) => text(one, 'groupId'));
  const configured = view.list('groups').flatMap(({ id, pim }) => (pim === undefined ? [] : [id]));
  return new Set([...configured, ...named.filter((id) => id !== undefined)]);
}

/** Which list of a group an access id means. */
export const linkOf = (schedule: Entity): 'members' | 'owners' =>
  text(schedule, 'accessId')?.toLowerCase() === 'owner' ? 'owners' : 'members';

/** Brings the tenant to this moment: ended schedules go with what they gave, begun ones give it. */
export function settleSchedules(tx: Transaction, now: number): void {
  for (const { eligible, active } of [rolePim, groupPim]) {
    for (const schedule of [...tx.list(eligible), ...tx.list(active)]) {
      if ((endOf(schedule) ?? Infinity) > now) continue;
      if (tx.has(active, schedule.id)) withdraw(tx, schedule);
      tx.remove(tx.has(active, schedule.id) ? active : eligible, schedule.id);
    }
  }
  for (const schedule of tx.list(rolePim.active)) {
    if (isRunning(schedule, now) && text(schedule, 'assignmentId') === undefined) giveRole(tx, schedule);
  }
  for (const schedule of tx.list(groupPim.active)) {
    if (isRunning(schedule, now) && schedule['linked'] !== true) giveLink(tx, schedule);
  }
}

/** Ends an active schedule: the role assignment or the link that it stands for goes too. */
export function withdraw(tx: Transaction, schedule: Entity): void {
  const assignmentId = text(schedule, 'assignmentId');
  if (assignmentId !== undefined) tx.remove('roleAssignments', assignmentId);
  const group = tx.get('groups', text(schedule, 'groupId') ?? '');
  if (group === undefined || schedule['linked'] !== true) return;
  const link = linkOf(schedule);
  const left = texts(group, link).filter((id) => id !== text(schedule, 'principalId'));
  tx.patch('groups', group.id, { [link]: left });
}

/**
 * Transaction hook: an active schedule whose role assignment or link was taken away by other means (the roles or the
 * groups API) is over.
 */
export function forgetEndedSchedules(tx: Transaction): void {
  const touched = new Set(tx.changes().map(({ collection }) => collection));
  if (touched.has('roleAssignments')) {
    for (const schedule of tx.list(rolePim.active)) {
      const assignmentId = text(schedule, 'assignmentId');
      if (assignmentId !== undefined && !tx.has('roleAssignments', assignmentId))
        tx.remove(rolePim.active, schedule.id);
    }
  }
  if (!touched.has('groups')) return;
  for (const schedule of tx.list(groupPim.active)) {
    const ids = texts(tx.get('groups', text(schedule, 'groupId') ?? ''), linkOf(schedule));
    if (schedule['linked'] === true && !ids.includes(text(schedule, 'principalId') ?? '')) {
      tx.remove(groupPim.active, schedule.id);
    }
  }
}

function giveRole(tx: Transaction, schedule: Entity): void {
  const principalId = text(schedule, 'principalId') ?? '';
  const target = rolePim.target(schedule);
  const present = tx
    .list('roleAssignments')
    .find((one) => text(one, 'principalId') === principalId && rolePim.target(one) === target);
  const id = present?.id ?? assignmentIdOf(principalId, target);
  if (present === undefined) {
    const { roleDefinitionId, directoryScopeId, appScopeId } = schedule;
    tx.put('roleAssignments', {
      id,
      principalId,
      roleDefinitionId,
      ...(typeof directoryScopeId === 'string' ? { directoryScopeId } : {}),
      ...(typeof appScopeId === 'string' ? { appScopeId } : {}),
    });
  }
  tx.patch(rolePim.active, schedule.id, { assignmentId: id });
}

/** The id of the role assignment that a schedule makes: the same for the same role, scope and principal. */
const assignmentIdOf = (principalId: string, target: string): string =>
  `${createHash('sha256').update(`${principalId}/${target}`).digest('base64url')}-1`;

function giveLink(tx: Transaction, schedule: Entity): void {
  const group = tx.get('groups', text(schedule, 'groupId') ?? '');
  const principalId = text(schedule, 'principalId') ?? '';
  if (group === undefined) return;
  const link = linkOf(schedule);
  const ids = texts(group, link);
  if (!ids.includes(principalId)) tx.patch('groups', group.id, { [link]: [...ids, principalId] });
  tx.patch(groupPim.active, schedule.id, { linked: true });
}
