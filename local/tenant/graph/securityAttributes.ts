import { flag, isRecord, text, type Entity, type View } from '../store/snapshot';
import { badRequest, type GraphError } from './errors';

/** What is stored of one user: attribute set → attribute → value, without annotations. */
type Assigned = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const typeOfSet = /^#?microsoft\.(directoryservices|graph)\.customSecurityAttributeValue$/i;
const largestText = 64;
const mostValues = 50;

/** The definition of an attribute; names are case-sensitive. */
function definitionOf(view: View, set: string, name: string): Entity | undefined {
  return view
    .list('customSecurityAttributeDefinitions')
    .find((one) => text(one, 'attributeSet') === set && text(one, 'name') === name);
}

const plainNames = (values: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(values).filter((name) => !name.includes('@'));

function assignedTo(user: Entity): Assigned {
  const stored = user['customSecurityAttributes'];
  if (!isRecord(stored)) return {};
  return Object.fromEntries(
    Object.entries(stored).flatMap(([set, values]) => (isRecord(values) ? [[set, values]] : [])),
  );
}

/** The annotation that Graph writes beside a value; none for a single text or a Boolean. */
function annotationOf(definition: Entity | undefined): string | undefined {
  const type = text(definition, 'type') === 'Integer' ? 'Int32' : text(definition, 'type');
  if (flag(definition, 'isCollection')) return `#Collection(${type ?? 'String'})`;
  return type === 'Int32' ? '#Int32' : undefined;
}

/** A user's attributes with the annotations that Graph answers; null when there are none. */
export function shownSecurityAttributes(view: View, user: Entity): unknown {
  const sets = Object.entries(assignedTo(user)).map(([set, values]) => {
    const shown = plainNames(values).flatMap((name) => {
      const annotation = annotationOf(definitionOf(view, set, name));
      const value = [name, values[name]] as const;
      return annotation === undefined ? [value] : [[`${name}@odata.type`, annotation] as const, value];
    });
    return [set, { '@odata.type': '#microsoft.graph.customSecurityAttributeValue', ...Object.fromEntries(shown) }];
  });
  return sets.length === 0 ? null : Object.fromEntries(sets);
}

const invalid = (what: string): GraphError => badRequest(`Invalid custom security attribute assignment: ${what}`);

/**
 * A user's attributes after a PATCH: sets and attributes that it does not name stay, null and [] remove. Throws
 * Graph's 400 for whatever has no active definition, the wrong type or annotation, or a value that is not allowed.
 */
export function changedSecurityAttributes(view: View, user: Entity, change: unknown): unknown {
  if (!isRecord(change)) throw invalid('an object of attribute sets is expected.');
  const result = new Map(
    Object.entries(assignedTo(user)).map(([set, values]) => [set, new Map(Object.entries(values))]),
  );
  for (const set of plainNames(change)) {
    const values = change[set];
    if (!isRecord(values) || !typeOfSet.test(String(values['@odata.type']))) {
      throw invalid(`attribute set '${set}' needs its '@odata.type'.`);
    }
    const after = result.get(set) ?? new Map<string, unknown>();
    for (const name of plainNames(values)) {
      const value = values[name];
      const removed = value === null || (Array.isArray(value) && value.length === 0);
      if (removed) after.delete(name);
      else after.set(name, allowedValue(view, { set, name, value, annotation: values[`${name}@odata.type`] }));
    }
    result.set(set, after);
  }
  const kept = [...result].filter(([, values]) => values.size > 0);
  if (kept.flatMap(([, values]) => [...values.values()]).flat().length > mostValues) {
    throw invalid(`an object can have at most ${mostValues} values.`);
  }
  return kept.length === 0 ? null : Object.fromEntries(kept.map(([set, values]) => [set, Object.fromEntries(values)]));
}

interface Assignment {
  readonly set: string;
  readonly name: string;
  readonly value: unknown;
  readonly annotation: unknown;
}

function allowedValue(view: View, { set, name, value, annotation }: Assignment): unknown {
  const definition = definitionOf(view, set, name);
  if (definition === undefined) throw invalid(`there is no attribute '${set}_${name}'.`);
  if (text(definition, 'status') !== 'Available') throw invalid(`attribute '${set}_${name}' is deactivated.`);
  if (annotation !== annotationOf(definition)) throw invalid(`'${name}@odata.type' does not fit '${set}_${name}'.`);
  const values: readonly unknown[] = flag(definition, 'isCollection') && Array.isArray(value) ? value : [value];
  if (flag(definition, 'isCollection') !== Array.isArray(value) || !values.every((one) => hasType(definition, one))) {
    throw invalid(`the value of '${set}_${name}' has the wrong type.`);
  }
  if (flag(definition, 'usePreDefinedValuesOnly') && !values.every((one) => isPredefined(definition, one))) {
    throw invalid(`the value of '${set}_${name}' is not one of its predefined values.`);
  }
  return value;
}

function hasType(definition: Entity, value: unknown): boolean {
  const type = text(definition, 'type');
  if (type === 'Boolean') return typeof value === 'boolean';
  if (type === 'Integer') return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
  return typeof value === 'string' && value.length <= largestText;
}

/** Predefined values are texts, also of whole numbers; a deactivated one cannot be assigned any more. */
function isPredefined(definition: Entity, value: unknown): boolean {
  const allowed = definition['allowedValues'];
  return (
    Array.isArray(allowed) &&
    allowed.some((one) => isRecord(one) && one['id'] === String(value) && one['isActive'] === true)
  );
}
