import { z } from 'zod';
import { decisionRequestSchema } from '../domain/approval';
import { failures, type HttpCode } from '../domain/failures';
import { migrationId } from '../domain/ids';
import {
  cancelRequestSchema,
  migrationListSchema,
  migrationRequestSchema,
  migrationSchema,
  reportSchema,
  resumeRequestSchema,
} from '../domain/migration';
import { statusSchema } from '../domain/phases';
import { wishRequestSchema } from '../domain/wishes';
import { breakerStateSchema, closeBreakerRequestSchema } from '../domain/inviteBreaker';
import { operations, type Answer, type Operation, type SchemaName } from './apiOperations';
import { reportQuerySchema } from './getReport';
import { healthSchema } from './health';
import { json, noQuery, readQuery, type Handler } from './http';
import { problemSchema } from './problems';
import { ROUTE_PREFIX, routes, type RouteName } from './routes';
import { VERSION } from './version';
import { deliverySchema } from './webhook';

type Json = Record<string, unknown>;

const bodies: Record<SchemaName, z.ZodType> = {
  MigrationRequest: migrationRequestSchema,
  CancelRequest: cancelRequestSchema,
  ResendRequest: wishRequestSchema,
  ResumeRequest: resumeRequestSchema,
  DecisionRequest: decisionRequestSchema,
  Migration: migrationSchema,
  MigrationList: migrationListSchema,
  Report: reportSchema,
  Health: healthSchema,
  CloseBreakerRequest: closeBreakerRequestSchema,
  InviteBreaker: breakerStateSchema,
  NotificationDelivery: deliverySchema,
  Problem: problemSchema,
};

/** GET /openapi.json */
export const openApi: Handler = (request, { settings }) => {
  readQuery(request, noQuery);
  return json(200, openApiDocument(settings.baseUrl));
};

/** The OpenAPI 3.1 document, made from the schemas that requests are checked with and the table of routes. */
export function openApiDocument(baseUrl: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Entra Guest Switch',
      version: VERSION,
      description: 'Moves a guest from a work account to a personal Microsoft account and gives back every access.',
    },
    servers: [{ url: `${baseUrl}/${ROUTE_PREFIX}` }],
    paths: paths(),
    components: {
      schemas: componentSchemas(),
      parameters,
      headers,
      securitySchemes: { functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' } },
    },
  };
}

function paths(): Json {
  const found: Record<string, Json> = {};
  for (const [name, { method, route }] of Object.entries(routes)) {
    const path = (found[`/${route}`] ??= {});
    path[method.toLowerCase()] = operation(name as RouteName, operations[name as RouteName]);
  }
  return found;
}

function operation(name: RouteName, { summary, parameters: names = [], body, answers, problems }: Operation): Json {
  const secured = routes[name].authLevel === 'function';
  const answered = Object.entries(answers).map(([status, answer]) => [status, success(answer)]);
  return {
    operationId: name,
    summary,
    security: secured ? [{ functionKey: [] }] : [],
    ...(names.length === 0 ? {} : { parameters: names.map((each) => ({ $ref: `#/components/parameters/${each}` })) }),
    ...(body && {
      requestBody: { required: body.required, content: { 'application/json': { schema: schemaRef(body.schema) } } },
    }),
    responses: {
      ...problemAnswers(problems),
      ...(secured ? { 401: { description: 'The function key is missing or wrong; the answer has no body' } } : {}),
      ...(Object.fromEntries(answered) as Json),
    },
  };
}

function success({ description, content = {}, headers: names = [] }: Answer): Json {
  const types = Object.entries(content).map(([type, schema]) => [
    type,
    schema === null
      ? { schema: { type: type === 'application/json' ? 'object' : 'string' } }
      : { schema: schemaRef(schema) },
  ]);
  const sent = names.map((name) => [name, { $ref: `#/components/headers/${name}` }]);
  return {
    description,
    ...(types.length === 0 ? {} : { content: Object.fromEntries(types) as Json }),
    ...(sent.length === 0 ? {} : { headers: Object.fromEntries(sent) as Json }),
  };
}

/** One answer a status, which lists the codes that come with it. */
function problemAnswers(codes: readonly HttpCode[]): Json {
  const answers: Record<string, Json> = {};
  for (const status of new Set(codes.map((code) => failures[code].status))) {
    const here = codes.filter((code) => failures[code].status === status);
    answers[status] = {
      description: here.map((code) => failures[code].title).join('; '),
      content: {
        'application/problem+json': {
          schema: { allOf: [schemaRef('Problem'), { properties: { code: { enum: here } } }] },
        },
      },
    };
  }
  return answers;
}

function schemaRef(name: SchemaName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** The zod schemas as JSON Schema 2020-12, which is what OpenAPI 3.1 speaks; one refers to another by its name. */
function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(bodies)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

/** JSON Schema of one value, without the marks that only a document of its own needs. */
function plain(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}

function parameter(where: 'path' | 'query' | 'header', name: string, schema: Json, description: string): Json {
  return { name, in: where, required: where === 'path', schema, description };
}

const schemaOf = (schema: z.ZodType): Json => plain(z.toJSONSchema(schema, { io: 'input' }));

const parameters = {
  id: parameter('path', 'id', schemaOf(migrationId), 'Id of the migration'),
  status: parameter('query', 'status', schemaOf(statusSchema), 'Only migrations with this status'),
  top: parameter('query', 'top', { type: 'integer', minimum: 1, maximum: 200, default: 50 }, 'Length of the page'),
  continuation: parameter('query', 'continuation', schemaOf(migrationId), '`continuation` of the page before'),
  format: parameter('query', 'format', schemaOf(reportQuerySchema.shape.format), 'Form of the report'),
  'Idempotency-Key': parameter(
    'header',
    'Idempotency-Key',
    { type: 'string', pattern: '^[\\x21-\\x7E]{1,255}$' },
    'The same key and body give the same migration, however often they are sent',
  ),
  token: parameter('path', 'token', { type: 'string' }, 'Signature of the id, as it is in the link'),
  lang: parameter('query', 'lang', { type: 'string' }, 'Language of the page; the one of the browser when absent'),
  validationToken: parameter('query', 'validationToken', { type: 'string' }, 'Handshake of a new subscription'),
} satisfies Record<NonNullable<Operation['parameters']>[number], Json>;

const text = { type: 'string' };
const headers = {
  Location: { description: 'Where to poll; answers 202 until the migration has ended', schema: text },
  'Operation-Location': { description: 'The monitor, which always answers 200', schema: text },
  'Retry-After': { description: 'Seconds to wait before the next request', schema: text },
  'Content-Disposition': { description: 'File name of the CSV form', schema: text },
};
