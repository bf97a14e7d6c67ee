/** A request inside a `$batch`; `url` is relative to the version root. */
export interface BatchRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

/** An answer inside a `$batch`. */
export interface BatchResponse {
  readonly id: string;
  readonly status: number;
  readonly body?: unknown;
}

/** The well-formed requests of a batch body; the schema of the batch reports the others. */
export function batchRequests(body: unknown): BatchRequest[] {
  return members<BatchRequest>((body as { requests?: unknown } | undefined)?.requests).filter(
    (r): r is BatchRequest => typeof r.id === 'string' && typeof r.method === 'string' && typeof r.url === 'string',
  );
}

/** The well-formed answers of a batch body; the schema of the batch reports the others. */
export function batchResponses(body: unknown): BatchResponse[] {
  return members<BatchResponse>((body as { responses?: unknown } | undefined)?.responses).filter(
    (r): r is BatchResponse => typeof r.id === 'string' && typeof r.status === 'number',
  );
}

function members<T>(list: unknown): Partial<T>[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : [];
}
