import { groupsAround } from '../directory/groups';
import { isRecord, text, texts, type Entity, type View } from '../store/snapshot';
import type { Caller } from '../tenant';
import { unauthorized } from './errors';
import { ancestors, isInside, sameScope } from './scopes';

/** The properties of a role assignment, in Resource Manager's own shape. */
export const propertiesOf = (assignment: Entity): Readonly<Record<string, unknown>> =>
  isRecord(assignment['properties']) ? assignment['properties'] : {};

/** The GUID at the end of a role definition id, whatever scope stands before it. */
export const roleGuid = (roleDefinitionId: string): string =>
  roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1).toLowerCase();

/** A role definition by its GUID. */
export const roleDefinition = (view: View, id: string): Entity | undefined =>
  view.list('azureRoleDefinitions').find((definition) => text(definition, 'name') === roleGuid(id));

/** The principal itself and the groups around it: everyone whose assignments count for it. */
export const holdersFor = (view: View, principalId: string): Set<string> =>
  new Set([principalId, ...groupsAround(view, principalId).map(({ id }) => id)]);

/** What one role permits at a scope. */
export interface Permissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** The permissions that a principal has at a scope, one entry for each role, inherited ones included. */
export function permissionsAt(view: View, principalId: string, scope: string): Permissions[] {
  const scopes = [scope, ...ancestors(view, scope)];
  const holders = holdersFor(view, principalId);
  return view
    .list('azureRoleAssignments')
    .map(propertiesOf)
    .filter(({ principalId: holder, scope: at }) => {
      return holders.has(String(holder)) && scopes.some((one) => sameScope(one, String(at)));
    })
    .flatMap(({ roleDefinitionId }) => permissionsOfRole(roleDefinition(view, String(roleDefinitionId))));
}

/** True when the principal has any role at the scope, above it or, by its path, below it: then it is told of it. */
export function sees(view: View, principalId: string, scope: string): boolean {
  if (permissionsAt(view, principalId, scope).length > 0) return true;
  const holders = holdersFor(view, principalId);
  return view
    .list('azureRoleAssignments')
    .map(propertiesOf)
    .some((one) => holders.has(String(one['principalId'])) && isInside(String(one['scope']), scope));
}

function permissionsOfRole(definition: Entity | undefined): Permissions[] {
  const permissions = definition === undefined ? undefined : propertiesOf(definition)['permissions'];
  if (!Array.isArray(permissions)) return [];
  return permissions.filter(isRecord).map((one) => {
    const list = (name: string): readonly string[] => texts({ ...one, id: '' }, name);
    return {
      actions: list('actions'),
      notActions: list('notActions'),
      dataActions: list('dataActions'),
      notDataActions: list('notDataActions'),
    };
  });
}

/** True when a role of the principal allows the action (`Microsoft.Authorization/roleAssignments/write`, …) there. */
export const isAllowed = (view: View, principalId: string, action: string, scope: string): boolean =>
  permissionsAt(view, principalId, scope).some((permissions) => permits(permissions, action));

/** True when the role of this one assignment allows the action. */
export const grantsAction = (view: View, assignment: Entity, action: string): boolean => {
  const definition = roleDefinition(view, String(propertiesOf(assignment)['roleDefinitionId']));
  return permissionsOfRole(definition).some((permissions) => permits(permissions, action));
};

const permits = ({ actions, notActions }: Permissions, action: string): boolean =>
  actions.some((pattern) => covers(pattern, action)) && !notActions.some((pattern) => covers(pattern, action));

/** Refuses with Resource Manager's 403 unless the caller may do the action at the scope. */
export function requireAllowed(view: View, caller: Caller, action: string, scope: string): void {
  if (!isAllowed(view, caller.objectId, action, scope)) throw unauthorized(caller.objectId, action, scope);
}

function covers(pattern: string, action: string): boolean {
  const escaped = pattern.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'i').test(action);
}
