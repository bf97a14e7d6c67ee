import { isRestError, type RestError } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { ServiceError } from '../domain/serviceError';
import { isIdentityFailure } from './credential';
import { retryAfterSeconds } from './retryAfter';

const details = z.object({
  errorCode: z.string().optional(),
  odataError: z.object({ code: z.string().optional() }).optional(),
});

/**
 * Turns what Azure's SDKs throw into a ServiceError. Without an answer the status is 0 and the code `timeout` or
 * `no-answer`; without a token the service is `identity`.
 *
 * @param timedOut whether the caller's own time limit had passed
 * @returns the error itself when it is not about the service (a fault of ours)
 */
export function restFailure(service: 'azure' | 'storage', error: unknown, timedOut = false): unknown {
  const name = error instanceof Error ? error.name : '';
  if (timedOut || name === 'AbortError') return new ServiceError({ service, status: 0, code: 'timeout' });
  if (isIdentityFailure(name)) return new ServiceError({ service: 'identity', status: 0, code: name });
  if (!isRestError(error)) return error;
  if (error.statusCode === undefined) return new ServiceError({ service, status: 0, code: 'no-answer' });
  return new ServiceError({
    service,
    status: error.statusCode,
    code: codeOf(error, error.statusCode),
    serviceMessage: error.message,
    retryAfterSeconds: retryAfterSeconds(error.response?.headers.get('Retry-After')),
  });
}

/** Tables put the service's code into the details, blobs into both places. */
function codeOf(error: RestError, status: number): string {
  const parsed = details.safeParse(error.details);
  const fromDetails = parsed.success ? (parsed.data.odataError?.code ?? parsed.data.errorCode) : undefined;
  return fromDetails ?? error.code ?? `http-${status}`;
}
