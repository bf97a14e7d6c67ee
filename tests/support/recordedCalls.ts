import type { z } from 'zod';
import type { Azure, Graph } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';

/** A mail address as services quote it in their messages. No log, error text or step outcome may carry it. */
export const QUOTED_ADDRESS = 'ada.lovelace@work.example';

/** One call as it reached the service; `path` is decoded, so that tests can read filters. */
export interface Call {
  method: 'GET' | 'LIST' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
}

/** Answers a call with a JSON value (an array for LIST), or throws a ServiceError. */
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
    put: (path, body) => ask('PUT', path, body),
  };
}

/** A service that must not be called. */
export const silent: Answer = (call) => {
  throw new Error(`Nobody should have asked for ${call.method} ${call.path}.`);
};

/** The calls that change something. */
export function writesIn(calls: readonly Call[]): Call[] {
  return calls.filter((call) => call.method !== 'GET' && call.method !== 'LIST');
}

function asking(calls: Call[], answer: Answer) {
  return async (method: Call['method'], path: string, body?: unknown): Promise<unknown> => {
    const call: Call = { method, path: decodeURIComponent(path), ...(body === undefined ? {} : { body }) };
    calls.push(structuredClone(call));
    await Promise.resolve();
    return structuredClone(answer(call));
  };
}
