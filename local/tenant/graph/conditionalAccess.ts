import { noContent, type Reply } from '../http/message';
import { isRecord, part, type Entity } from '../store/snapshot';
import { objectBody } from './bodies';
import { GraphError, notFound } from './errors';
import { listOf } from './odata/list';
import { entityReply } from './odata/projection';
import { conditionalAccessPolicyType } from './odata/types';
import { isGuid, param, type Call, type Route } from './route';

const collection = 'conditionalAccessPolicies';
const context = 'identity/conditionalAccess/policies';

const invalid = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

function policyOf(call: Call): Entity {
  const id = param(call, 'conditionalAccessPolicy-id');
  const policy = call.replica.get(collection, id);
  if (policy === undefined) throw notFound(id);
  return policy;
}

const changeable = ['displayName', 'state', 'conditions', 'grantControls', 'sessionControls'];

const userLists = ['includeUsers', 'excludeUsers'] as const;
const otherLists = ['includeGroups', 'excludeGroups', 'includeRoles', 'excludeRoles'] as const;
const words = ['All', 'None', 'GuestsOrExternalUsers'];

type Users = Readonly<Record<string, unknown>>;

function listIn(users: Users | undefined, property: string): readonly string[] {
  const value = users?.[property] ?? [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalid(`Invalid value for property '${property}'.`);
  }
  return value as string[];
}

/**
 * The users condition as it is after the change: the whole condition is replaced, and what the body leaves out is
 * empty. Ids of users that were purged may stay, new ones must be users the answering replica knows.
 */
function replacedUsers(call: Call, before: Users | undefined, given: Users): Users {
  const users = {
    ...Object.fromEntries([...userLists, ...otherLists].map((name) => [name, listIn(given, name)])),
    includeGuestsOrExternalUsers: given['includeGuestsOrExternalUsers'] ?? null,
    excludeGuestsOrExternalUsers: given['excludeGuestsOrExternalUsers'] ?? null,
  };
  const included = ['includeUsers', 'includeGroups', 'includeRoles'].some((name) => listIn(given, name).length > 0);
  if (!included && users.includeGuestsOrExternalUsers === null) {
    throw invalid("'users' condition must include at least one user, group or role.");
  }
  for (const name of userLists) {
    const known = listIn(before, name);
    const unknown = listIn(given, name).filter(
      (id) => !words.includes(id) && !known.includes(id) && !(isGuid(id) && call.replica.has('users', id)),
    );
    if (unknown.length > 0) {
      throw invalid(`Policy contains invalid users: {${unknown.map((id) => `"${id}":"UserNotFound"`).join(',')}}`);
    }
    if (new Set(listIn(given, name)).size !== listIn(given, name).length) {
      throw invalid(`Property '${name}' contains a value twice.`);
    }
  }
  return users;
}

function change(call: Call): Reply {
  const { id } = policyOf(call);
  const policy = call.tenant.store.primary().get(collection, id);
  if (policy === undefined) throw notFound(id);
  const body = objectBody(call);
  const foreign = Object.keys(body).find((name) => !changeable.includes(name));
  if (foreign !== undefined) throw invalid(`Property '${foreign}' cannot be changed.`);
  const given = part(body, 'conditions');
  const conditions = given === undefined ? policy['conditions'] : { ...part(policy, 'conditions'), ...given };
  const users = part(given, 'users');
  if (given !== undefined && given['users'] !== undefined && users === undefined) {
    throw invalid("Invalid value for property 'users'.");
  }
  const complete =
    users === undefined || !isRecord(conditions)
      ? conditions
      : { ...conditions, users: replacedUsers(call, part(part(policy, 'conditions'), 'users'), users) };
  call.tenant.store.transaction((tx) =>
    tx.patch(collection, id, { ...body, conditions: complete, modifiedDateTime: call.tenant.clock.stamp() }),
  );
  return noContent();
}

/** Conditional Access policies. A purged user's id stays in them, as in Microsoft's. */
export const conditionalAccessRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/identity/conditionalAccess/policies',
    handle: (call) => listOf(call, conditionalAccessPolicyType, call.replica.list(collection), { context }),
  },
  {
    method: 'GET',
    path: '/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}',
    handle: (call) => entityReply(call, { type: conditionalAccessPolicyType, entity: policyOf(call) }, context),
  },
  {
    method: 'PATCH',
    path: '/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}',
    // https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update: all three of them.
    allOf: [['Policy.Read.All'], ['Policy.ReadWrite.ConditionalAccess'], ['Application.Read.All']],
    handle: change,
  },
];
