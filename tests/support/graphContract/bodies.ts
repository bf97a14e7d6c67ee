import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { pointerTo, type GraphDocument, type PlacedSchema, type Schema } from './document';
import { isDirectoryExtension, type Shape, type Shapes } from './shapes';

/** Annotations of a whole object or answer. */
const objectAnnotations = new Set(
  ['context', 'count', 'nextLink', 'deltaLink', 'type', 'id', 'etag', 'editLink', 'readLink']
    .map((name) => `@odata.${name}`)
    .concat('@removed'),
);

/** Annotations behind a property's name, as in `members@odata.bind`. */
const propertyAnnotations = new Set(
  ['bind', 'type', 'count', 'context', 'nextLink', 'navigationLink', 'associationLink']
    .map((name) => `@odata.${name}`)
    .concat('@delta'),
);

/** Types whose objects carry names beyond the published ones: throttling errors add code, status and message. */
const openTypes = new Set(['microsoft.graph.ODataErrors.InnerError']);

/** Checks JSON bodies against schemas of the document. Problems name places and rules, never values. */
export class Bodies {
  private readonly validators = new Map<string, ValidateFunction>();
  private loaded: Ajv | undefined;

  constructor(
    private readonly document: GraphDocument,
    private readonly shapes: Shapes,
  ) {}

  /**
   * Validates against the schema, against every type that an `@odata.type` inside names, and finds names that no
   * schema knows: as published the schemas allow any additional property, so that a misspelled one would pass.
   */
  problemsOf(placed: PlacedSchema, body: unknown): string[] {
    const problems = this.invalid(placed.pointer, body, '');
    this.walk(placed.schema, body, '', problems);
    return [...new Set(problems)];
  }

  private walk(schema: Schema, value: unknown, at: string, problems: string[]): void {
    if (Array.isArray(value)) {
      const { items } = this.shapes.of(schema);
      if (items !== undefined) value.forEach((item, index) => this.walk(items, item, `${at}/${index}`, problems));
    } else if (isRecord(value)) {
      const shape = this.shapeOfValue(schema, value, at, problems);
      if (isOpen(shape)) return;
      for (const [key, child] of Object.entries(value)) {
        const property = shape.properties.get(key);
        if (property !== undefined) this.walk(property, child, `${at}/${key}`, problems);
        else if (!isKnownKey(shape, key)) problems.push(`${at}/${key} is unknown to ${shape.name ?? 'the schema'}`);
      }
    }
  }

  /** The shape that `@odata.type` names, otherwise the declared one with everything that derived types may add. */
  private shapeOfValue(schema: Schema, value: Record<string, unknown>, at: string, problems: string[]): Shape {
    const declared = this.shapes.withDerived(schema);
    const odataType = value['@odata.type'];
    if (typeof odataType !== 'string' || isOpen(declared)) return declared;

    const name = this.shapes.typeNamed(odataType);
    if (name === undefined) {
      problems.push(`${at}/@odata.type names a type that is not in the document`);
      return declared;
    }
    const named = this.shapes.of(this.shapes.schemaOf(name));
    if (declared.name !== undefined && !named.lineage.has(declared.name)) {
      problems.push(`${at}/@odata.type names a type that is not a ${declared.name}`);
    }
    problems.push(...this.invalid(pointerTo(['components', 'schemas', name]), value, at));
    return named;
  }

  private invalid(pointer: string, value: unknown, at: string): string[] {
    const validate = this.validatorAt(pointer);
    if (validate(value)) return [];
    return worthReporting(validate.errors ?? []).map((error) => `${at}${error.instancePath} ${textOf(error)}`);
  }

  private validatorAt(pointer: string): ValidateFunction {
    const known = this.validators.get(pointer);
    if (known !== undefined) return known;
    const validator = this.ajv().compile({ $ref: `graph${pointer}` });
    this.validators.set(pointer, validator);
    return validator;
  }

  private ajv(): Ajv {
    if (this.loaded !== undefined) return this.loaded;
    // The document is no JSON schema itself, so it must not be validated as one; formats are Microsoft's own.
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, validateSchema: false });
    ajv.addSchema(this.document, 'graph');
    this.loaded = ajv;
    return ajv;
  }
}

/** A type of which only the name is published says nothing about its contents. */
function isOpen(shape: Shape): boolean {
  const told = [...shape.properties.keys()].filter((name) => name !== '@odata.type');
  return (told.length === 0 && shape.cutNavigation.size === 0) || openTypes.has(shape.name ?? '');
}

function isKnownKey(shape: Shape, key: string): boolean {
  if (objectAnnotations.has(key) || shape.cutNavigation.has(key) || isDirectoryExtension(key)) return true;
  const split = key.indexOf('@');
  if (split <= 0 || !propertyAnnotations.has(key.slice(split))) return false;
  const name = key.slice(0, split);
  return shape.properties.has(name) || shape.cutNavigation.has(name);
}

/** Of "object or null" (published as an `anyOf` of two) only what the first branch says is worth reporting. */
function worthReporting(errors: readonly ErrorObject[]): ErrorObject[] {
  const nullBranches = new Set(errors.filter(failsNullBranch).map(branchOf));
  return errors.filter((error) => error.keyword !== 'anyOf' && !nullBranches.has(branchOf(error)));
}

function failsNullBranch(error: ErrorObject): boolean {
  const choices: unknown = error.params['allowedValues'];
  return error.keyword === 'enum' && Array.isArray(choices) && choices.length === 1 && choices[0] === null;
}

function branchOf(error: ErrorObject): string {
  return `${error.instancePath} ${error.schemaPath.slice(0, -error.keyword.length)}`;
}

function textOf(error: ErrorObject): string {
  return error.message ?? `breaks the rule ${error.keyword}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
