import type { Entity } from '../../store/snapshot';
import { GraphError } from '../errors';

/** Properties that a nested `$select` asks for; undefined without one. */
export type Chosen = readonly string[] | undefined;

/** Navigation properties that may be expanded, and how the value is found for an object; undefined leaves it out. */
export type Expandable = Readonly<Record<string, (entity: Entity, chosen: Chosen) => unknown>>;

/** A comma inside parentheses belongs to a nested option. */
const separator = /,(?![^(]*\))/;

/** The requested expansions; refuses any other. */
export function expansionsOf(source: string | null, offered: Expandable): [string, (entity: Entity) => unknown][] {
  if (source === null) return [];
  return source.split(separator).map((requested) => {
    const name = requested.trim().replace(/\(.*$/, '');
    const chosen = /\(\$select=([^)]*)\)/.exec(requested)?.[1]?.split(',');
    const find = offered[name];
    if (find === undefined) {
      throw new GraphError(400, 'BadRequest', `Parsing OData Select and Expand failed: '${name}' cannot be expanded.`);
    }
    return [name, (entity) => find(entity, chosen)];
  });
}
