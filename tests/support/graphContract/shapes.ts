import type { GraphDocument, Schema } from './document';

/** What a schema says about an object once `$ref`, `allOf` and `anyOf` are followed. */
export interface Shape {
  /** Name of the published type, such as `microsoft.graph.user`; undefined for a schema written in place. */
  readonly name: string | undefined;
  /** The type itself and everything it derives from. */
  readonly lineage: ReadonlySet<string>;
  readonly properties: ReadonlyMap<string, Schema>;
  /** Navigation properties that exist at Microsoft but not in the subset: known by name only. */
  readonly cutNavigation: ReadonlySet<string>;
  readonly items: Schema | undefined;
}

/** Names that pages of Microsoft's documentation use although neither OpenAPI nor CSDL declares them. */
const documentedOnly: Readonly<Record<string, readonly string[]>> = {
  // entitlementmanagement-post-assignmentrequests: how an administrator asks for an assignment.
  'microsoft.graph.accessPackageAssignment': ['accessPackageId', 'assignmentPolicyId', 'targetId'],
  // group-get: present in the printed answer.
  'microsoft.graph.group': ['creationOptions'],
  // subscription-post-subscriptions: present in the printed answer.
  'microsoft.graph.subscription': ['notificationContentType'],
};

/** Answers questions about the types of one document; every answer is computed once. */
export class Shapes {
  private readonly shapes = new WeakMap<Schema, Shape>();
  private readonly widened = new WeakMap<Schema, Shape>();
  private readonly namesIgnoringCase: ReadonlyMap<string, string>;
  private readonly namesBySchema: ReadonlyMap<Schema, string>;

  constructor(private readonly document: GraphDocument) {
    const schemas = Object.entries(document.components.schemas);
    this.namesIgnoringCase = new Map(schemas.map(([name]) => [name.toLowerCase(), name]));
    this.namesBySchema = new Map(schemas.map(([name, schema]) => [schema, name]));
  }

  /** The published spelling of the type in an `@odata.type` such as `#microsoft.graph.user`; undefined if not here. */
  typeNamed(odataType: string): string | undefined {
    return this.namesIgnoringCase.get(odataType.replace(/^#/, '').toLowerCase());
  }

  /** The schema of a published type. Throws for a name that the document does not have. */
  schemaOf(name: string): Schema {
    const schema = this.document.components.schemas[name];
    if (schema === undefined) throw new Error(`The document has no schema ${name}.`);
    return schema;
  }

  /** The shape of a schema, without the properties of derived types. */
  of(schema: Schema): Shape {
    const known = this.shapes.get(schema);
    if (known !== undefined) return known;
    const shape = this.flatten(schema);
    this.shapes.set(schema, shape);
    return shape;
  }

  /**
   * The shape of a schema together with those of all types derived from it: what an object may carry, and a client may
   * select, where the service declares only the base type (`memberOf` declares directoryObject and returns groups).
   */
  withDerived(schema: Schema): Shape {
    const known = this.widened.get(schema);
    if (known !== undefined) return known;
    const own = this.of(schema);
    const properties = new Map(own.properties);
    const cutNavigation = new Set(own.cutNavigation);
    for (const derived of this.derivedFrom(own.name)) {
      for (const [name, property] of derived.properties) if (!properties.has(name)) properties.set(name, property);
      for (const name of derived.cutNavigation) cutNavigation.add(name);
    }
    const shape = { ...own, properties, cutNavigation };
    this.widened.set(schema, shape);
    return shape;
  }

  /** What a collection answer holds in `value`, otherwise the schema itself. */
  elementOf(schema: Schema): Schema {
    const value = this.of(schema).properties.get('value');
    return (value && this.of(value).items) ?? schema;
  }

  /** Whether `a/b` is a property of the schema or of a type derived from it. Nothing below a cut property is known. */
  hasPath(schema: Schema, path: string): boolean {
    const [first = '', ...rest] = path.split('/');
    const shape = this.withDerived(schema);
    if (shape.cutNavigation.has(first) || isDirectoryExtension(first)) return true;
    const property = shape.properties.get(first);
    if (property === undefined) return false;
    return rest.length === 0 || this.hasPath(this.of(property).items ?? property, rest.join('/'));
  }

  private derivedFrom(name: string | undefined): Shape[] {
    if (name === undefined) return [];
    return Object.entries(this.document.components.schemas)
      .filter(([candidate]) => candidate !== name)
      .map(([, schema]) => this.of(schema))
      .filter((shape) => shape.lineage.has(name));
  }

  private flatten(schema: Schema): Shape {
    const lineage = new Set<string>();
    const properties = new Map<string, Schema>();
    const cutNavigation = new Set<string>();
    let items = schema.items;
    const own = this.nameOf(schema);
    if (own !== undefined) lineage.add(own);

    for (const part of this.partsOf(schema)) {
      const inherited = this.of(part);
      for (const name of inherited.lineage) lineage.add(name);
      for (const [name, property] of inherited.properties) properties.set(name, property);
      for (const name of inherited.cutNavigation) cutNavigation.add(name);
      items ??= inherited.items;
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) properties.set(name, property);
    for (const name of schema['x-cut-navigation-properties'] ?? []) cutNavigation.add(name);
    for (const name of own === undefined ? [] : (documentedOnly[own] ?? [])) properties.set(name, {});
    // A set keeps the order of insertion: the most derived type comes first.
    return { name: [...lineage][0], lineage, properties, cutNavigation, items };
  }

  private partsOf(schema: Schema): Schema[] {
    const referenced = schema.$ref === undefined ? [] : [this.schemaOf(schemaName(schema.$ref))];
    return [...referenced, ...(schema.allOf ?? []), ...(schema.anyOf ?? []).filter((part) => !isNullOnly(part))];
  }

  private nameOf(schema: Schema): string | undefined {
    const name = schema.$ref === undefined ? this.namesBySchema.get(schema) : schemaName(schema.$ref);
    return name?.startsWith('microsoft.graph.') === true ? name : undefined;
  }
}

/** `extension_<application id without hyphens>_<name>`: registered per tenant, so no document can list them. */
export function isDirectoryExtension(name: string): boolean {
  return /^extension_[0-9a-f]{32}_\w+$/.test(name);
}

function schemaName(reference: string): string {
  return reference.replace('#/components/schemas/', '');
}

function isNullOnly(schema: Schema): boolean {
  return schema.enum?.length === 1 && schema.enum[0] === null;
}
