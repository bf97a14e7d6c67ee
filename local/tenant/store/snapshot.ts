/** One object of the tenant in Graph's (or Resource Manager's) own shape. Never changed in place. */
export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

/** Objects of one collection by id, in the order they were created. */
export type Collection = ReadonlyMap<string, Entity>;

/** The whole tenant at one moment: collections by name. */
export type Collections = ReadonlyMap<string, Collection>;

const nothing: Collection = new Map();

/** Read access to the tenant at one moment. */
export class View {
  constructor(protected readonly collections: Collections) {}

  /** All objects of a collection, oldest first; an unknown collection is empty. */
  list(name: string): Entity[] {
    return [...this.collection(name).values()];
  }

  get(name: string, id: string): Entity | undefined {
    return this.collection(name).get(id);
  }

  has(name: string, id: string): boolean {
    return this.collection(name).has(id);
  }

  /** The only object of a collection such as `organization`. Throws when the tenant has none: every tenant has one. */
  single(name: string): Entity {
    const [entity] = this.collection(name).values();
    if (entity === undefined) throw new Error(`The tenant has no ${name}.`);
    return entity;
  }

  protected collection(name: string): Collection {
    return this.collections.get(name) ?? nothing;
  }
}

/** A text property; undefined when absent, null or of another type. */
export function text(entity: Entity | undefined, property: string): string | undefined {
  const value = entity?.[property];
  return typeof value === 'string' ? value : undefined;
}

/** A list of texts; empty when absent. */
export function texts(entity: Entity | undefined, property: string): readonly string[] {
  const value = entity?.[property];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** True only for the boolean true. */
export function flag(entity: Entity | undefined, property: string): boolean {
  return entity?.[property] === true;
}

/** A nested object; undefined when absent, null or a list. */
export function part(value: unknown, property: string): Readonly<Record<string, unknown>> | undefined {
  const inner = isRecord(value) ? value[property] : undefined;
  return isRecord(inner) ? inner : undefined;
}

/** True for a JSON object (not a list, not null). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of the object without the named properties. */
export function without(object: object, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Equality of addresses and names as Entra compares them. */
export function sameText(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
}
