import { batchRequests, batchResponses, type BatchRequest } from './batch';
import { isBeyondSubset } from './beyondSubset';
import { Bodies } from './bodies';
import { pointerTo, resolveOperation, type GraphDocument, type PlacedSchema, type ResolvedOperation } from './document';
import { Queries } from './queries';
import { Shapes } from './shapes';
import { templateFinder, withoutVersion } from './templates';

/** One exchange with Graph as recorded by a test. Absent, null and '' bodies all mean: no body was sent. */
export interface ContractEntry {
  readonly method: string;
  /** Pathname with the version, such as `/v1.0/users/1`. */
  readonly path: string;
  /** What follows `?`, still encoded. */
  readonly query?: string;
  readonly status: number;
  readonly requestBody?: unknown;
  readonly responseBody?: unknown;
}

/** The checks of one document. Each method returns problems; an empty list means: conforms. */
export class ExchangeChecks {
  private readonly finder;
  private readonly shapes;
  private readonly bodies;
  private readonly queries;

  constructor(private readonly document: GraphDocument) {
    this.finder = templateFinder(Object.keys(document.paths));
    this.shapes = new Shapes(document);
    this.bodies = new Bodies(document, this.shapes);
    this.queries = new Queries(this.shapes);
  }

  /** The operation, or why there is none. */
  operation(method: string, path: string): ResolvedOperation | string {
    const relative = withoutVersion(path);
    if (relative === undefined) return 'the path does not begin with /v1.0/';
    const template = this.finder.find(relative);
    if (template === undefined) return 'no published path has this form';
    return resolveOperation(this.document, template, method) ?? `${template} has no method ${method.toUpperCase()}`;
  }

  request(entry: ContractEntry): string[] {
    const operation = this.operation(entry.method, entry.path);
    if (typeof operation === 'string') return [operation];
    const success = [...operation.responses].find(([status]) => status.startsWith('2'))?.[1];
    const element = success && this.shapes.elementOf(success.schema);
    const problems = this.queries.problemsOf(entry.query ?? '', operation.queryOptions, element);

    if (isEmpty(entry.requestBody)) {
      if (operation.request?.required === true) problems.push('the request has no body');
    } else if (operation.request === undefined) {
      problems.push('the operation takes no body');
    } else {
      problems.push(...this.bodies.problemsOf(operation.request.body, entry.requestBody));
      if (operation.template === '/$batch') problems.push(...this.requestsInBatch(entry));
    }
    return problems;
  }

  response(entry: ContractEntry): string[] {
    const operation = this.operation(entry.method, entry.path);
    if (typeof operation === 'string') return [operation];
    const status = String(entry.status);
    const declared = [status, `${status.charAt(0)}XX`].find((key) => operation.responses.has(key));
    if (declared === undefined) return [`status ${status} is not declared`];
    const placed = operation.responses.get(declared);

    if (isEmpty(entry.responseBody)) {
      return placed === undefined || mayBeEmpty(operation, entry.status) ? [] : ['the answer has no body'];
    }
    if (placed === undefined || entry.status === 204) return [`an answer ${status} of this operation has no body`];
    const problems = this.bodies.problemsOf(placed, entry.responseBody);
    if (this.lacksValue(placed, entry.responseBody)) problems.push('the collection has no value');
    if (operation.template === '/$batch' && entry.status === 200) problems.push(...this.responsesInBatch(entry));
    return problems;
  }

  type(name: string, body: unknown): string[] {
    const placed = { schema: this.shapes.schemaOf(name), pointer: pointerTo(['components', 'schemas', name]) };
    return this.bodies.problemsOf(placed, body);
  }

  /** No published collection requires its `value`, yet none comes without. */
  private lacksValue(placed: PlacedSchema, body: unknown): boolean {
    const { schema } = placed;
    return this.shapes.elementOf(schema) !== schema && !Array.isArray((body as { value?: unknown }).value);
  }

  /** Requests inside a batch that are known to be beyond the published subset are left to the tests of the tenant. */
  private requestsInBatch(entry: ContractEntry): string[] {
    return batchRequests(entry.requestBody).flatMap((request) => {
      const inner = toEntry(request);
      const problems = isBeyondSubset(inner.method, inner.path) ? [] : this.request(inner);
      if (/^\/?v1\.0\//i.test(request.url))
        problems.push('the url names a version; it is relative to the version root');
      return problems.map((problem) => `request ${request.id}: ${problem}`);
    });
  }

  private responsesInBatch(entry: ContractEntry): string[] {
    const requests = new Map(batchRequests(entry.requestBody).map((request) => [request.id, request]));
    const responses = batchResponses(entry.responseBody);
    const answered = new Set(responses.map((response) => response.id));
    const problems = [...requests.keys()].filter((id) => !answered.has(id)).map((id) => `request ${id} has no answer`);
    if (answered.size !== responses.length) problems.push('a request is answered twice');
    for (const { id, status, body } of responses) {
      const request = requests.get(id);
      if (request === undefined) problems.push(`answer ${id} belongs to no request`);
      else {
        const inner = { ...toEntry(request), status, responseBody: body };
        const found = isBeyondSubset(inner.method, inner.path) ? [] : this.response(inner);
        problems.push(...found.map((problem) => `answer ${id}: ${problem}`));
      }
    }
    return problems;
  }
}

function toEntry(request: BatchRequest): ContractEntry {
  const [path = '', ...query] = request.url.split('?');
  return {
    method: request.method,
    path: `/v1.0${path.startsWith('/') ? path : `/${path}`}`,
    query: query.join('?'),
    status: 0,
    requestBody: request.body,
  };
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || body === '';
}

/** Published as 2XX with a user in the body; the page user-update says 204 without one, and so does the service. */
function mayBeEmpty(operation: ResolvedOperation, status: number): boolean {
  return status === 204 && operation.method === 'PATCH' && operation.template === '/users/{user-id}';
}
