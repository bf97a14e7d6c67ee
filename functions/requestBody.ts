import { MIMEType } from 'node:util';
import type { HttpRequest } from '@azure/functions';
import type { z } from 'zod';
import { Problem, type FieldError } from './problems';

/** Largest body of a caller's request, in bytes. */
export const BODY_LIMIT = 64 * 1024;
const LONGEST_FIELD_NAME = 200;

/**
 * Reads a JSON body.
 *
 * @param limit bytes
 * @throws Problem body-too-large, content-type-not-json, body-not-utf8 or body-not-json
 */
export async function readJson(request: HttpRequest, limit = BODY_LIMIT): Promise<unknown> {
  return parseJson(request, await readBytes(request, limit));
}

/** Like `readJson`, for requests whose body may be left out: then an empty object. */
export async function readOptionalJson(request: HttpRequest): Promise<unknown> {
  const bytes = await readBytes(request, BODY_LIMIT);
  return bytes.length === 0 ? {} : parseJson(request, bytes);
}

/**
 * Checks a body against its strict schema and reports all faults at once.
 *
 * @throws Problem unknown-field when a field is not known, otherwise invalid-body
 */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  const errors = parsed.success ? unstorableTexts(parsed.data, []) : parsed.error.issues.flatMap(fieldErrors);
  // A misspelled name also leaves a field missing: the name is what the caller has to know first.
  const first = errors.find((error) => error.code === 'unknown-field') ?? errors[0];
  if (parsed.success && first === undefined) return parsed.data;
  const { code, field, detail } = first ?? { code: 'invalid-body', field: '', detail: 'The body is not valid.' };
  throw new Problem(code, detail, { ...(field === '' ? {} : { field }), errors });
}

async function readBytes(request: HttpRequest, limit: number): Promise<Buffer> {
  const tooLarge = new Problem('body-too-large', `At most ${limit} bytes are taken.`);
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge;
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

function parseJson(request: HttpRequest, bytes: Buffer): unknown {
  if (!isJson(request.headers.get('content-type'))) {
    throw new Problem('content-type-not-json', 'Send Content-Type: application/json (UTF-8).');
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('body-not-utf8', 'The body has bytes that are not UTF-8.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the body, which may hold addresses.
    throw new Problem('body-not-json', 'The body cannot be parsed as JSON.');
  }
}

function isJson(contentType: string | null): boolean {
  try {
    const type = new MIMEType(contentType ?? '');
    const charset = type.params.get('charset');
    return type.essence === 'application/json' && (charset === null || charset.toLowerCase() === 'utf-8');
  } catch {
    return false;
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ code: 'invalid-body', field: fieldName(issue.path), detail: issue.message }];
  }
  return issue.keys.map((key) => ({
    code: 'unknown-field',
    field: fieldName([...issue.path, key]),
    detail: 'This field is not known.',
  }));
}

/** Spells a path the way callers write it: `remindAfterDays[1]`. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>((before, part) => {
    if (typeof part === 'number') return `${before}[${part}]`;
    return before === '' ? String(part) : `${before}.${String(part)}`;
  }, '');
  return name.slice(0, LONGEST_FIELD_NAME);
}

/**
 * Finds texts that JSON can carry but storage and addresses cannot: half surrogate pairs and control characters. Runs
 * after the schema, so the depth of the value is the schema's, not the caller's.
 */
function unstorableTexts(value: unknown, path: PropertyKey[]): FieldError[] {
  if (typeof value === 'string') {
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    const stored = value.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value);
    const detail = 'This text has a character that cannot be stored.';
    return stored ? [] : [{ code: 'invalid-body', field: fieldName(path), detail }];
  }
  if (typeof value !== 'object' || value === null) return [];
  const entries: [PropertyKey, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => unstorableTexts(item, [...path, key]));
}
