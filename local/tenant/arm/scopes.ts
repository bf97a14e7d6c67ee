import { isRecord, text, type Entity, type View } from '../store/snapshot';
import { ArmError } from './errors';

const managementGroupPrefix = '/providers/microsoft.management/managementgroups/';

/** Scopes are compared without regard to case. */
export const sameScope = (a: string, b: string): boolean => plain(a) === plain(b);

const plain = (scope: string): string => (scope === '/' ? '/' : scope.replace(/\/$/, '').toLowerCase());

/** The scopes above one (without itself), nearest first, up to `/`. */
export function ancestors(view: View, scope: string): string[] {
  const above: string[] = [];
  for (let current = parentOf(view, scope); current !== undefined; current = parentOf(view, current))
    above.push(current);
  return above;
}

function parentOf(view: View, scope: string): string | undefined {
  const lower = plain(scope);
  if (lower === '/') return undefined;
  if (lower.startsWith(managementGroupPrefix)) {
    return managementGroupParent(view.list('managementGroups').find((group) => plain(group.id) === lower)) ?? '/';
  }
  const [, subscription] = /^(\/subscriptions\/[^/]+)$/.exec(lower) ?? [];
  if (subscription !== undefined) {
    return (
      text(
        view.list('azureSubscriptions').find((one) => plain(one.id) === subscription),
        'managementGroupId',
      ) ?? rootOf(view)
    );
  }
  const [, ownerOfGroup] = /^(\/subscriptions\/[^/]+)\/resourcegroups\/[^/]+$/.exec(lower) ?? [];
  if (ownerOfGroup !== undefined) return ownerOfGroup;
  const [, resourceGroup] = /^(\/subscriptions\/[^/]+\/resourcegroups\/[^/]+)\/providers\/.+$/.exec(lower) ?? [];
  if (resourceGroup !== undefined) {
    const [, outer] = /^(.+\/providers\/[^/]+\/[^/]+\/[^/]+)(?:\/[^/]+\/[^/]+)+$/.exec(lower) ?? [];
    return outer ?? resourceGroup;
  }
  return '/';
}

/** The tenant root group: every subscription that no other group takes lies below it. */
function rootOf(view: View): string {
  return view.list('managementGroups').find((group) => managementGroupParent(group) === undefined)?.id ?? '/';
}

function managementGroupParent(group: Entity | undefined): string | undefined {
  const properties = group?.['properties'];
  const details = isRecord(properties) ? properties['details'] : undefined;
  const parent = isRecord(details) ? details['parent'] : undefined;
  return isRecord(parent) && typeof parent['id'] === 'string' ? parent['id'] : undefined;
}

/** True when `inner` is below `outer` by its path: inside a subscription, resource group or resource. */
export const isInside = (inner: string, outer: string): boolean =>
  plain(outer) !== '/' && plain(inner).startsWith(`${plain(outer)}/`);

function assignedScope({ properties }: Entity): string {
  return isRecord(properties) && typeof properties['scope'] === 'string' ? properties['scope'] : '';
}

/** True when the scope exists: `/`, or a management group, subscription, resource group or resource of the tenant. */
export function scopeExists(view: View, scope: string): boolean {
  if (plain(scope) === '/') return true;
  const listed = ['managementGroups', 'azureSubscriptions', 'azureResources'].some((name) =>
    view.list(name).some(({ id }) => sameScope(id, scope)),
  );
  // A state document need not list what an assignment or schedule names: Azure has none without its scope.
  const named = ['azureRoleAssignments', 'azureRoleEligibilitySchedules', 'azureRoleAssignmentSchedules'];
  return listed || named.some((name) => view.list(name).some((one) => sameScope(assignedScope(one), scope)));
}

/** The scope that a path names before its provider: nothing there is the root. */
export const scopeOfPath = (group: string | undefined): string => (group === undefined || group === '' ? '/' : group);

/** Refuses a scope that does not exist, in the words for what is missing of it. */
export function requireScope(view: View, scope: string): void {
  if (scopeExists(view, scope)) return;
  const [, subscription] = /^\/subscriptions\/([^/]+)/i.exec(scope) ?? [];
  if (subscription !== undefined && !scopeExists(view, `/subscriptions/${subscription}`)) {
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
  }
  throw new ArmError(404, 'ResourceNotFound', `The scope '${scope}' was not found.`);
}
