import { GraphError } from '@microsoft/microsoft-graph-client';
import { ServiceError } from '../../domain/serviceError';
import { errorOf } from '../answers';
import { isIdentityFailure } from '../credential';
import { retryAfterSeconds } from '../retryAfter';

/**
 * Turns what the SDK throws into a ServiceError. Without an answer the status is 0 and the code `timeout` or
 * `no-answer`; without a token the service is `identity`.
 *
 * @param timedOut whether the request's own time limit had passed
 * @returns the error itself when it is not about the service (a fault of ours)
 */
export function graphFailure(error: unknown, timedOut: boolean): unknown {
  if (!(error instanceof GraphError)) return error;
  if (timedOut) return new ServiceError({ service: 'graph', status: 0, code: 'timeout' });
  if (error.statusCode < 0) {
    const identity = isIdentityFailure(error.code);
    return identity
      ? new ServiceError({ service: 'identity', status: 0, code: error.code ?? '', serviceMessage: error.message })
      : new ServiceError({ service: 'graph', status: 0, code: 'no-answer' });
  }
  if (error.statusCode < 300) {
    // The status said success but the body broke off: what the call did is not known.
    return new ServiceError({ service: 'graph', status: 0, code: 'unreadable-answer' });
  }
  const fromService = typeof error.body === 'string' && error.body.startsWith('{') && error.code;
  return new ServiceError({
    service: 'graph',
    status: error.statusCode,
    code: fromService ? fromService : `http-${error.statusCode}`,
    serviceMessage: error.message,
    retryAfterSeconds: retryAfterSeconds(error.headers?.get('Retry-After')),
  });
}

/** A failed item of a batch as the same error a request of its own would have given. */
export function itemFailure(item: { status: number; body?: unknown }, wait: number | undefined): ServiceError {
  return new ServiceError({
    service: 'graph',
    status: item.status,
    ...errorOf(item.body, item.status),
    retryAfterSeconds: wait,
  });
}
