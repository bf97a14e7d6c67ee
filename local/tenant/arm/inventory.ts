import { ok, type Reply } from '../http/message';
import { without, type Entity, type View } from '../store/snapshot';
import type { ArmCall, ArmRoute } from './api';
import { requireAllowed, sees } from './rbac';
import { ArmError } from './errors';
import { isInside, sameScope } from './scopes';

/** Objects at, above or in which the caller has any role; others are not even mentioned. */
const visible = (view: View, call: ArmCall, collection: string): Entity[] =>
  view.list(collection).filter(({ id }) => sees(view, call.caller.objectId, id));

/** A subscription as answered: its place under the management groups is not part of it. */
const subscription = (entity: Entity): unknown => without(entity, 'managementGroupId');

function getSubscription(call: ArmCall): Reply {
  const id = `/subscriptions/${call.groups[0] ?? ''}`;
  const found = visible(call.replica, call, 'azureSubscriptions').find((one) => sameScope(one.id, id));
  if (found === undefined) {
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${call.groups[0] ?? ''}' could not be found.`);
  }
  return ok(subscription(found));
}

function resourceGroups(call: ArmCall): Reply {
  const scope = `/subscriptions/${call.groups[0] ?? ''}`;
  requireAllowed(call.replica, call.caller, 'Microsoft.Resources/subscriptions/resourceGroups/read', scope);
  const groups = call.replica
    .list('azureResources')
    .filter(({ id }) => isInside(id, scope) && /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+$/i.test(id));
  return ok({ value: groups });
}

/** Subscriptions, resource groups and management groups that the caller can see. */
export const inventoryRoutes: readonly ArmRoute[] = [
  {
    method: 'GET',
    pattern: /^\/subscriptions\/?$/i,
    handle: (call) => ok({ value: visible(call.replica, call, 'azureSubscriptions').map(subscription) }),
  },
  { method: 'GET', pattern: /^\/subscriptions\/([^/]+)$/i, handle: getSubscription },
  { method: 'GET', pattern: /^\/subscriptions\/([^/]+)\/resourceGroups\/?$/i, handle: resourceGroups },
  {
    method: 'GET',
    pattern: /^\/providers\/Microsoft\.Management\/managementGroups\/?$/i,
    handle: (call) => ok({ value: visible(call.replica, call, 'managementGroups') }),
  },
];
