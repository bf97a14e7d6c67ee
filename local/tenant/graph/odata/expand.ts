import { isRecord, type Entity } from '../../store/snapshot';
import { GraphError } from '../errors';

/**
 * Navigation properties that may be expanded, and how the value is found for an object. `nested` is the `$expand` in
 * the brackets behind the name: `a($expand=b)`.
 */
export type Expandable = Readonly<Record<string, (entity: Entity, nested: string | null, chosen: Chosen) => unknown>>;

/** Properties that a nested `$select` asks for; undefined without one. */
export type Chosen = readonly string[] | undefined;

/** The requested expansions; refuses any other. */
export function expansionsOf(source: string | null, offered: Expandable): [string, (entity: Entity) => unknown][] {
  if (source === null) return [];
  return splitOutside(source, ',').map((requested) => {
    const [, name = '', options = ''] = /^([^(]*)(?:\((.*)\))?$/s.exec(requested.trim()) ?? [];
    const find = offered[name];
    if (find === undefined) {
      throw new GraphError(400, 'BadRequest', `Parsing OData Select and Expand failed: '${name}' cannot be expanded.`);
    }
    const nested = option(options, '$expand');
    const select = option(options, '$select')?.split(',');
    return [name, (entity) => chosen(find(entity, nested, select), select)];
  });
}

/** Splits at a mark, but not within brackets. */
function splitOutside(source: string, mark: ',' | ';'): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of source) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === mark && depth === 0) parts.push('');
    else parts.push((parts.pop() ?? '') + character);
  }
  return parts;
}

function option(options: string, name: '$expand' | '$select'): string | null {
  const found = splitOutside(options, ';').find((one) => one.trim().startsWith(`${name}=`));
  return found === undefined ? null : found.trim().slice(name.length + 1);
}

/** `$select` within an expansion; annotations stay. */
function chosen(value: unknown, select: readonly string[] | undefined): unknown {
  if (select === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => chosen(item, select));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name.startsWith('@') || select.includes(name)));
}
