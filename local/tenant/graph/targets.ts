import { mayActOn, mayManage } from '../directory/roles';
import { sameText, text, type Entity, type View } from '../store/snapshot';
import { denied, notFound } from './errors';
import { directoryTypes } from './odata/types';
import type { TypedEntity } from './odata/projection';
import { param, type Call } from './route';

/** A live user by object id or by user principal name. */
export function findUser(view: View, key: string): Entity | undefined {
  return view.get('users', key) ?? view.list('users').find((user) => sameText(text(user, 'userPrincipalName'), key));
}

/** The user named in the path as the replica of this request shows it. Throws Graph's 404. */
export function userOf(call: Call): Entity {
  const key = param(call, 'user-id');
  const user = findUser(call.replica, key);
  if (user === undefined) throw notFound(key);
  return user;
}

/** The user named in the path for a write: known to the replica that checks it and still there in truth. */
export function userForWrite(call: Call): Entity {
  const user = call.tenant.store.primary().get('users', userOf(call).id);
  if (user === undefined) throw notFound(param(call, 'user-id'));
  return user;
}

/** Refuses unless the caller may do sensitive things to the user. */
export function requireAuthorityOver(call: Call, user: Entity): void {
  const view = call.tenant.store.primary();
  if (!mayActOn(view, call.caller.objectId, user.id)) throw denied();
}

/** Refuses when a restricted administrative unit guards the user. */
export function requireManageable(call: Call, user: Entity): void {
  if (!mayManage(call.tenant.store.primary(), call.caller.objectId, user.id)) throw denied();
}

/** A live user, group, service principal or administrative unit by id; soft-deleted users are not among them. */
export function directoryObject(view: View, id: string): TypedEntity | undefined {
  for (const type of directoryTypes) {
    const entity = view.get(type.collection, id);
    if (entity !== undefined) return { type, entity };
  }
  return undefined;
}

/** The objects of these ids that are live, in this order. */
export function liveObjects(view: View, ids: readonly string[]): TypedEntity[] {
  return ids.flatMap((id) => directoryObject(view, id) ?? []);
}

/** An object of the collection as the replica shows it. Throws Graph's 404. */
export function objectOf(call: Call, collection: string, placeholder: string): Entity {
  const id = param(call, placeholder);
  const object = call.replica.get(collection, id);
  if (object === undefined) throw notFound(id);
  return object;
}

/** The same for a write: known to the replica and still there in truth. */
export function objectForWrite(call: Call, collection: string, placeholder: string): Entity {
  const { id } = objectOf(call, collection, placeholder);
  const object = call.tenant.store.primary().get(collection, id);
  if (object === undefined) throw notFound(id);
  return object;
}
