import { failures } from '../../../domain/failures';
import { operations } from '../../../functions/apiOperations';
import { openApiDocument } from '../../../functions/openApi';
import { routes } from '../../../functions/routes';
import { VERSION } from '../../../functions/version';
import { expectDocumented } from '../../support/apiContract';
import { malformedRequests } from '../../support/malformedRequests';
import { BASE_URL, createTestApp } from '../../support/testApp';
import packageJson from '../../../package.json';

type Json = Record<string, unknown>;

const document = JSON.parse(JSON.stringify(openApiDocument(BASE_URL))) as Json;

function* everyObject(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inner of Object.values(value)) yield* everyObject(inner);
}

const resolve = (reference: string): unknown =>
  reference
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((value, key) => (value as Json | undefined)?.[key.replaceAll('~1', '/')], document);

it('is an OpenAPI 3.1 document of this version', () => {
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { version: VERSION },
    servers: [{ url: `${BASE_URL}/api` }],
  });
  expect(VERSION).toBe(packageJson.version);
});

it('resolves every reference', () => {
  const references = [...everyObject(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    expect(reference).toMatch(/^#\//);
    expect([reference, typeof resolve(reference)]).toEqual([reference, 'object']);
  }
});

it('has every route, with the parameters of its path and its security', () => {
  const paths = document['paths'] as Record<string, Record<string, Json>>;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.slice(1)}`),
  );
  expect(described.sort()).toEqual(
    Object.values(routes)
      .map(({ method, route }) => `${method} ${route}`)
      .sort(),
  );
  for (const [name, { method, route, authLevel }] of Object.entries(routes)) {
    const operation = paths[`/${route}`]?.[method.toLowerCase()];
    expect(operation?.['operationId']).toBe(name);
    expect(operation?.['security']).toEqual(authLevel === 'function' ? [{ functionKey: [] }] : []);
    const inPath = [...route.matchAll(/\{(\w+)\}/g)].map((match) => `#/components/parameters/${match[1] ?? ''}`);
    const used = ((operation?.['parameters'] ?? []) as Json[]).map(({ $ref }) => $ref);
    expect(used).toEqual(expect.arrayContaining(inPath));
  }
});

it('describes requests strictly, with their defaults and limits', () => {
  const request = resolve('#/components/schemas/MigrationRequest') as Json;
  expect(request).toMatchObject({
    type: 'object',
    required: ['guest'],
    additionalProperties: false,
    properties: { acceptWithinDays: { type: 'integer', minimum: 1, maximum: 90, default: 30 } },
  });
});

it('lists the codes of each problem status, and every code of the registry somewhere', () => {
  const listed = new Set(Object.values(operations).flatMap(({ problems }) => problems));
  const routeless = new Set(['route-not-found', 'method-not-allowed']);
  const registered = Object.entries(failures).filter(
    ([code, { in: where }]) => where === 'http' && !routeless.has(code),
  );
  expect([...listed].sort()).toEqual(registered.map(([code]) => code).sort());
  for (const request of malformedRequests)
    if (!routeless.has(request.expectCode)) expect(listed).toContain(request.expectCode);
});

it('is what GET /openapi.json answers', async () => {
  const answer = await createTestApp().call('GET', '/api/openapi.json');
  expect(answer.json).toEqual(document);
  expectDocumented(answer);
});
