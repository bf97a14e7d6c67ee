import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import { migrationId } from '../domain/ids';
import { logFailure, Problem, problemResponse, safeHeaders, toProblem } from './problems';
import type { Services } from './services';

/** Answers one request. Throws Problem or ServiceError; anything else is a fault of ours. */
export type Handler = (request: HttpRequest, services: Services) => HttpResponseInit | Promise<HttpResponseInit>;

/** A handler that never throws. */
export type Endpoint = (request: HttpRequest, services: Services) => Promise<HttpResponseInit>;

/** Seconds after which a caller should look again while a migration runs. */
export const RETRY_AFTER = '10';

/**
 * Wraps a handler: problems and failures of services become problem+json, anything else a 500 without details.
 *
 * @param name name of the function, for the log
 */
export function endpoint(name: string, handler: Handler): Endpoint {
  return async (request, services) => {
    try {
      return await handler(request, services);
    } catch (error) {
      logFailure(services.log, name, error);
      return problemResponse(toProblem(error));
    }
  };
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponseInit {
  return {
    status,
    headers: { ...safeHeaders, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** An answer without a body. */
export function empty(status: number): HttpResponseInit {
  return { status, headers: safeHeaders };
}

/** An answer in plain text. */
export function text(status: number, body: string): HttpResponseInit {
  return { status, headers: { ...safeHeaders, 'Content-Type': 'text/plain; charset=utf-8' }, body };
}

/** Query of the routes that take none. */
export const noQuery = z.strictObject({});

/**
 * Reads the query string. Every parameter is at most once there and known, apart from `code`: the function key.
 *
 * @throws Problem invalid-query naming the parameter
 */
export function readQuery<S extends z.ZodObject>(request: HttpRequest, schema: S): z.output<S> {
  const found = new Map<string, string>();
  // From the URL and not from `request.query`: that one is a dictionary in which repeated names are already lost.
  for (const [name, value] of new URL(request.url).searchParams) {
    if (name === 'code') continue;
    if (found.has(name)) throw new Problem('invalid-query', 'This parameter is there twice.', { field: name });
    found.set(name, value);
  }
  const parsed = schema.safeParse(Object.fromEntries(found));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new Problem('invalid-query', 'This parameter is not known.', { field: issue.keys[0] ?? '' });
  }
  const field = String(issue?.path[0] ?? '');
  throw new Problem('invalid-query', issue?.message ?? 'The query is not valid.', { field });
}

/**
 * The id in the address.
 *
 * @throws Problem invalid-id
 */
export function readId(request: HttpRequest): string {
  const parsed = migrationId.safeParse(request.params['id']);
  if (!parsed.success) {
    throw new Problem('invalid-id', 'An id has 1 to 100 characters of A-Z, a-z, 0-9, "_" and "-".', { field: 'id' });
  }
  return parsed.data;
}
