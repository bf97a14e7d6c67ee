import type { Entity } from '../../store/snapshot';
import { GraphError } from '../errors';

/** Navigation properties that may be expanded, and how the value is found for an object. */
export type Expandable = Readonly<Record<string, (entity: Entity) => unknown>>;

/** The requested expansions; refuses any other. */
export function expansionsOf(source: string | null, offered: Expandable): [string, (entity: Entity) => unknown][] {
  if (source === null) return [];
  return source.split(',').map((requested) => {
    const name = requested.trim().replace(/\(.*$/, '');
    const find = offered[name];
    if (find === undefined) {
      throw new GraphError(400, 'BadRequest', `Parsing OData Select and Expand failed: '${name}' cannot be expanded.`);
    }
    return [name, find];
  });
}
