import Ajv2020 from 'ajv/dist/2020';
import { openApiDocument } from '../../functions/openApi';
import { routes } from '../../functions/routes';
import { BASE_URL, type TestAnswer } from './testApp';

const document = openApiDocument(BASE_URL);
// The document is not a JSON Schema, but references into it are; formats say nothing that the patterns do not.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'openapi', ...document });

const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

/**
 * Fails unless the OpenAPI document describes this answer: its status, its content type, its body, its headers.
 * Answers of the catch-all have no operation of their own; their body must still be a documented problem.
 */
export function expectDocumented(answer: TestAnswer): void {
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  if (answer.answeredBy === 'notFound') {
    expectBody('#/components/schemas/Problem', answer.json);
    return;
  }
  const { method, route } = routes[answer.answeredBy];
  const path = ['paths', `/${route}`, method.toLowerCase(), 'responses', String(answer.status)];
  const described = at(document, ...path);
  expect(described).toBeDefined();
  for (const header of Object.keys(at(described, 'headers') ?? {})) {
    if (header === 'Content-Disposition' || (header === 'Retry-After' && answer.status === 200)) continue;
    expect([header, answer.headers.get(header)]).not.toEqual([header, null]);
  }
  const content = at(described, 'content') as Record<string, unknown> | undefined;
  if (answer.text === '' && content === undefined) return;
  expect(Object.keys(content ?? {})).toContain(type);
  if (answer.json === undefined) return;
  expectBody(`#/${[...path, 'content', type, 'schema'].map(pointer).join('/')}`, answer.json);
}

function expectBody(reference: string, body: unknown): void {
  const validate = ajv.compile({ $ref: `openapi${reference}` });
  validate(body);
  expect(validate.errors ?? []).toEqual([]);
}

/** One step of a JSON pointer inside of a URI fragment. */
function pointer(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
