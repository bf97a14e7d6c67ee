import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The parts of an OpenAPI 3.0 schema that the contract checks read themselves; Ajv reads the rest. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  /** Navigation properties that exist at Microsoft but whose types were cut out of the subset. */
  readonly 'x-cut-navigation-properties'?: readonly string[];
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly $ref?: string; readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>;
}

/** Microsoft's OpenAPI subset as parsed. Path items are keyed by lower-case method. */
export interface GraphDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A schema and where it stands in the document; the pointer is what Ajv compiles. */
export interface PlacedSchema {
  readonly pointer: string;
  readonly schema: Schema;
}

/** One operation with every reference followed. */
export interface ResolvedOperation {
  readonly template: string;
  readonly method: string;
  readonly operationId: string;
  /** Query options as spelled in the document, such as `$select`. */
  readonly queryOptions: ReadonlySet<string>;
  readonly request?: { readonly required: boolean; readonly body: PlacedSchema };
  /** Declared status ("204", "2XX", …) → the JSON body, or nothing where no body is declared. */
  readonly responses: ReadonlyMap<string, PlacedSchema | undefined>;
}

/** The subset's place: GRAPH_OPENAPI, otherwise the shared folder beside the project. */
export function documentFile(projectRoot: string): string {
  return process.env['GRAPH_OPENAPI'] ?? resolve(projectRoot, '../shared/graph/graph-v1.0-subset.json');
}

/** Reads and parses the subset; undefined when there is no file. Throws on a file that is not JSON. */
export function readDocument(file: string): GraphDocument | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GraphDocument) : undefined;
}

/** The operation of a template and a method, or undefined when the document declares none. */
export function resolveOperation(
  document: GraphDocument,
  template: string,
  method: string,
): ResolvedOperation | undefined {
  const operation = document.paths[template]?.[method.toLowerCase()];
  if (operation === undefined) return undefined;
  const base = ['paths', template, method.toLowerCase()];

  const queryOptions = (operation.parameters ?? [])
    .map((parameter) => follow(document, parameter, []).value)
    .filter((parameter) => parameter.in === 'query')
    .map((parameter) => parameter.name ?? '');

  const responses = new Map<string, PlacedSchema | undefined>();
  for (const [status, response] of Object.entries(operation.responses)) {
    const { value, place } = follow(document, response, [...base, 'responses', status]);
    responses.set(status, jsonSchemaOf(value, place));
  }

  const resolved = {
    template,
    method: method.toUpperCase(),
    operationId: operation.operationId,
    queryOptions: new Set(queryOptions),
    responses,
  };
  if (operation.requestBody === undefined) return resolved;
  const { value, place } = follow(document, operation.requestBody, [...base, 'requestBody']);
  const body = jsonSchemaOf(value, place);
  return body === undefined ? resolved : { ...resolved, request: { required: value.required === true, body } };
}

/** The JSON pointer of a place as a URI fragment, which is how Ajv reads it. */
export function pointerTo(place: readonly string[]): string {
  const steps = place.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')));
  return `#/${steps.join('/')}`;
}

function follow<T extends { readonly $ref?: string }>(
  document: GraphDocument,
  value: T,
  place: readonly string[],
): { value: T; place: readonly string[] } {
  if (value.$ref === undefined) return { value, place };
  const target = value.$ref.replace('#/', '').split('/');
  let found: unknown = document;
  for (const step of target) found = (found as Record<string, unknown>)[step];
  return { value: found as T, place: target };
}

function jsonSchemaOf(holder: Content, place: readonly string[]): PlacedSchema | undefined {
  const schema = holder.content?.['application/json']?.schema;
  return schema && { schema, pointer: pointerTo([...place, 'content', 'application/json', 'schema']) };
}
