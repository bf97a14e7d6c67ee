import type { z } from 'zod';
import type { Outside } from '../../access/kind';
import type { Azure, Graph } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';

/** A mail address as services quote it in their messages. No log, error text or step outcome may carry it. */
export const QUOTED_ADDRESS = 'ada.lovelace@work.example';

/** One call as it reached the service; `path` is decoded, so that tests can read filters. */
export interface Call {
  method: 'GET' | 'LIST' | 'QUERY' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
}

/** Answers a call with a JSON value (an array for LIST; QUERY is a POST that only reads), or throws a ServiceError. */
export type Answer = (call: Call) => unknown;

/** A refusal of a service; its message always quotes somebody's address, as the real ones may. */
export function refusal(
  status: number,
  code: string,
  message = '',
  more: { service?: ServiceError['service']; retryAfterSeconds?: number } = {},
): ServiceError {
  return new ServiceError({ service: 'graph', status, code, serviceMessage: `${message} ${QUOTED_ADDRESS}`, ...more });
}

/** "No such object", in the words of Microsoft Graph. */
export function notFound(): ServiceError {
  return refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.');
}

/** A Graph port over `answer` that remembers every call. */
export function graphOf(answer: Answer, roles: string[] = []): Graph & { calls: Call[] } {
  const calls: Call[] = [];
  const ask = asking(calls, answer);
  return {
    calls,
    read: async <T extends z.ZodType>(path: string, shape: T) => shape.parse(await ask('GET', path)),
    readAll: async <T extends z.ZodType>(path: string, item: T) => item.array().parse(await ask('LIST', path)),
    query: async <T extends z.ZodType>(path: string, body: unknown, shape: T) =>
      shape.parse(await ask('QUERY', path, body)),
    write: (method, path, body) => ask(method, path, body),
    ownIdentity: () => Promise.resolve({ roles, servicePrincipalId: 'a0000000-0000-4000-8000-000000000001' }),
  };
}

/** An Azure port over `answer` that remembers every call. */
export function azureOf(answer: Answer): Azure & { calls: Call[] } {
  const calls: Call[] = [];
  const ask = asking(calls, answer);
  return {
    calls,
    read: async <T extends z.ZodType>(path: string, shape: T) => shape.parse(await ask('GET', path)),
    readAll: async <T extends z.ZodType>(path: string, item: T) => item.array().parse(await ask('LIST', path)),
    query: async <T extends z.ZodType>(path: string, body: unknown, shape: T) =>
      shape.parse(await ask('QUERY', path, body)),
    put: (path, body) => ask('PUT', path, body),
    remove: async (path) => {
      await ask('DELETE', path);
    },
  };
}

/** What kinds of access get, with services that must not be called and a clock that stands, unless given. */
export function outsideOf(given: Partial<Outside>): Outside {
  return {
    graph: graphOf(silent),
    azure: azureOf(silent),
    clock: { now: () => new Date('2026-03-01T08:00:00.000Z') },
    tenantId: '7e000000-0000-4000-8000-000000000001',
    rewriteConditionalAccess: false,
    ...given,
  };
}

/** A service that must not be called. */
export const silent: Answer = (call) => {
  throw new Error(`Nobody should have asked for ${call.method} ${call.path}.`);
};

/** The calls that change something. */
export function writesIn(calls: readonly Call[]): Call[] {
  return calls.filter((call) => !['GET', 'LIST', 'QUERY'].includes(call.method));
}

function asking(calls: Call[], answer: Answer) {
  return async (method: Call['method'], path: string, body?: unknown): Promise<unknown> => {
    const call: Call = { method, path: decodeURIComponent(path), ...(body === undefined ? {} : { body }) };
    calls.push(structuredClone(call));
    await Promise.resolve();
    return structuredClone(answer(call));
  };
}
