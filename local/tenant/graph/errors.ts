/** A refusal in Graph's words. The request pipeline turns it into Graph's error body. */
export class GraphError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: { readonly details?: readonly unknown[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
  }
}

/** 400 with the directory's general code. */
export const badRequest = (message: string): GraphError => new GraphError(400, 'Request_BadRequest', message);

/** 400 for a query option that Graph does not support there. */
export const unsupportedQuery = (message: string): GraphError =>
  new GraphError(400, 'Request_UnsupportedQuery', message);

/** 403 as for a missing permission or directory role. */
export const denied = (): GraphError =>
  new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');

/** 404 as the directory answers for an unknown object. */
export const notFound = (id: string): GraphError =>
  new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );

/** 400 when an object that a write refers to is not (yet) known to the replica that checks it. */
export const referenceMissing = (): GraphError =>
  badRequest("The source resource object or one of the objects being referenced don't exist.");

/** 400 when a link is added a second time. `property` is `members`, `owners`, … */
export const referenceExists = (property: string): GraphError =>
  badRequest(`One or more added object references already exist for the following modified properties: '${property}'.`);
