/**
 * A failed call to a service. Matched by its fields, never by class: it crosses durable boundaries as text.
 * `serviceMessage` may contain names and addresses; it must not reach logs, history or error texts.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly service: 'graph' | 'azure' | 'storage' | 'identity';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly serviceMessage: string;
  /** Seconds the service asked to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(failure: {
    service: ServiceError['service'];
    status: number;
    code: string;
    serviceMessage?: string;
    retryAfterSeconds?: number | undefined;
  }) {
    super(`${failure.service} answered ${failure.status} ${failure.code}`);
    this.service = failure.service;
    this.status = failure.status;
    this.code = failure.code;
    this.serviceMessage = failure.serviceMessage ?? '';
    this.retryAfterSeconds = failure.retryAfterSeconds;
  }
}

/**
 * True when the same call may succeed later: no answer, throttled, a fault on the service's side, or a token that was
 * not taken (401: it expired or was revoked on its way; a missing permission is a 403).
 */
export function isTransient(error: ServiceError): boolean {
  return error.status === 0 || [401, 408, 429].includes(error.status) || error.status >= 500;
}

/** True when the service surely did not execute the call, although it may later: throttled, or no valid token. */
export function wasNotExecuted(error: ServiceError): boolean {
  return (
    error.status === 401 || error.status === 429 || (error.status === 503 && error.retryAfterSeconds !== undefined)
  );
}

/** True for an answer that says "no such object": after a recent write it may only mean "not replicated yet". */
export function isNotFound(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.status === 404;
}
