import { ok, type Reply } from '../../http/message';
import type { Entity } from '../../store/snapshot';
import { GraphError } from '../errors';
import type { Call } from '../route';
import { expansionsOf, type Expandable } from './expand';
import type { ObjectType } from './types';

/** An object and its type, where types are mixed. */
export interface TypedEntity {
  readonly type: ObjectType;
  readonly entity: Entity;
}

/** Properties that Graph leaves out when unset, because their type has no null. */
const neverNull = ['birthday', 'hireDate', 'deviceEnrollmentLimit', 'appRoleAssignmentRequired'];

const directoryExtension = /^extension_[0-9a-f]{32}_\w+$/;

/**
 * The properties named by `$select`; undefined without it. Throws Graph's 400 for a name the type does not have
 * (with no type given, mixed lists, names are taken as they are).
 */
export function selection(query: URLSearchParams, type: ObjectType | undefined): readonly string[] | undefined {
  const source = query.get('$select');
  if (source === null || source === '*') return undefined;
  const names = source.split(',').map((name) => name.trim());
  if (type === undefined) return names;
  return names.map((name) => {
    if (directoryExtension.test(name)) return name;
    const known = type.properties.find((property) => property.toLowerCase() === name.toLowerCase());
    if (known === undefined) {
      throw new GraphError(
        400,
        'BadRequest',
        `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type '${type.odataType.slice(1)}'.`,
      );
    }
    return known;
  });
}

/** What Graph answers of an object: the chosen properties, or the type's default set. Unset ones are null or []. */
export function projected(
  { type, entity }: TypedEntity,
  chosen: readonly string[] | undefined,
): Record<string, unknown> {
  const names = chosen?.filter((name) => type.properties.includes(name) || directoryExtension.test(name));
  const empty = (name: string): unknown => (type.collections.includes(name) ? [] : null);
  const entries = (names ?? type.defaults)
    .filter((name) => entity[name] !== undefined || !(directoryExtension.test(name) || neverNull.includes(name)))
    .map((name) => [name, entity[name] ?? empty(name)] as const);
  return Object.fromEntries(entries);
}

/** Answers one object with `$select` and `$expand`. `context` is the name after `$metadata#`. */
export function entityReply(call: Call, object: TypedEntity, context: string, expand: Expandable = {}): Reply {
  const { query } = call;
  const chosen = selection(query, object.type);
  const expansions = expansionsOf(query.get('$expand'), expand);
  return ok({
    '@odata.context': `${call.tenant.origin()}${call.version}/$metadata#${context}${chosen === undefined ? '' : `(${chosen.join(',')})`}/$entity`,
    ...projected(object, chosen),
    ...expanded(expansions, object.entity),
  });
}

/** The expanded properties of one object; one without a value is left out, as Graph does. */
export function expanded(
  expansions: readonly (readonly [string, (entity: Entity) => unknown])[],
  entity: Entity,
): Record<string, unknown> {
  const found = expansions.map(([name, find]) => [name, find(entity)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
