import type { HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import { sanitizeError } from '../adapters/logging';
import { failures, httpCodes, type HttpCode } from '../domain/failures';
import type { Log } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

const fieldErrorSchema = z.strictObject({ code: z.enum(httpCodes), field: z.string(), detail: z.string() });
export type FieldError = z.infer<typeof fieldErrorSchema>;

/** Body of every error answer: RFC 9457, with `code` from the failure registry. */
export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(httpCodes),
  field: z.string().optional(),
  errors: z.array(fieldErrorSchema).optional(),
  migrationId: z.string().optional(),
});
type ProblemBody = z.infer<typeof problemSchema>;

interface ProblemExtras {
  /** Name of the field, header or parameter that is at fault. */
  field?: string;
  /** All faults of a body, when there may be several. */
  errors?: FieldError[];
  /** The migration that the caller should look at instead. */
  migrationId?: string;
  headers?: Record<string, string>;
}

/** Thrown by handlers to end a request; `endpoint` turns it into the answer. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: HttpCode;
  readonly extras: ProblemExtras;

  constructor(code: HttpCode, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.code = code;
    this.extras = extras;
  }
}

/** Headers of every answer: nothing here may be cached or guessed at. */
export const safeHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

const SECONDS_UNTIL_RETRY = 10;

/** The answer to a problem: status and title come from the registry. */
export function problemResponse(problem: Problem): HttpResponseInit {
  const { title, status } = failures[problem.code];
  const { headers, ...members } = problem.extras;
  const body: ProblemBody = {
    type: `urn:entra-guest-switch:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    ...members,
  };
  return {
    status,
    headers: { ...safeHeaders, 'Content-Type': 'application/problem+json', ...headers },
    body: JSON.stringify(body),
  };
}

/**
 * Turns whatever a handler threw into a problem. Texts of services never reach the caller: they may hold addresses.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof ServiceError)) return new Problem('unexpected-error', 'The request was not completed.');
  const headers = { 'Retry-After': String(Math.ceil(error.retryAfterSeconds ?? SECONDS_UNTIL_RETRY)) };
  return error.service === 'storage'
    ? new Problem('records-unavailable', 'Nothing is lost; try again later.', { headers })
    : new Problem('directory-unavailable', 'Nothing was changed; try again later.', { headers });
}

/** Logs what an operator must know: failures of ours or of services, never a caller's mistake. */
export function logFailure(log: Log, endpoint: string, error: unknown): void {
  if (error instanceof Problem) return;
  log.warn('request-failed', { endpoint, ...sanitizeError(error) });
}
