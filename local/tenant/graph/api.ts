import { randomUUID } from 'node:crypto';
import type { Message, Reply } from '../http/message';
import { verifyToken, type TokenKeys } from '../http/tokens';
import { someReplica, type Caller, type Tenant } from '../tenant';
import { GraphError, badRequest, denied } from './errors';
import { needsAdvancedIndex } from './odata/advanced';
import { permissionsOf } from './permissions';
import { findRoute, type Call } from './route';
import { graphRoutes } from './routes';
import type { Throttle } from './throttling';

/** What the Graph service needs besides the tenant. */
export interface GraphService {
  readonly tenant: Tenant;
  readonly keys: TokenKeys;
  readonly throttle: Throttle;
}

const audiences = ['https://graph.microsoft.com', '00000003-0000-0000-c000-000000000000'];

/** Who calls. Throws Graph's 401 when the token is missing, foreign, expired or meant for another service. */
function authenticate(service: GraphService, message: Message): Caller {
  const caller = verifyToken(service.keys, message.headers['authorization'], [...audiences, service.tenant.origin()]);
  if (typeof caller === 'string') throw new GraphError(401, 'InvalidAuthenticationToken', caller);
  return caller;
}

/**
 * Answers one request whose faults and latency are already dealt with. Refusals become Graph's error body.
 *
 * @param answer how the caller's request is answered; the route table unless it is a batch
 */
export async function answerGraph(
  service: GraphService,
  message: Message,
  answer: (caller: Caller) => Promise<Reply> = (caller) => dispatch(service, message, caller),
): Promise<Reply> {
  const requestId = randomUUID();
  const tracing = { 'request-id': requestId, 'client-request-id': message.headers['client-request-id'] ?? requestId };
  try {
    const caller = authenticate(service, message);
    const reply = await answer(caller);
    return { ...reply, headers: { ...tracing, ...reply.headers } };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    return {
      status: error.status,
      headers: { ...tracing, ...error.extra.headers },
      body: errorBody(service.tenant, error, tracing),
    };
  }
}

/** Graph's error body; `innerError.date` has no time zone there. */
export function errorBody(tenant: Tenant, error: GraphError, tracing: Readonly<Record<string, string>>): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.extra.details === undefined ? {} : { details: error.extra.details }),
      innerError: { date: tenant.clock.stamp().slice(0, 19), ...tracing },
    },
  };
}

async function dispatch(service: GraphService, message: Message, caller: Caller): Promise<Reply> {
  const { tenant } = service;
  const [, version = '', rest = ''] = /^(\/[^/]*)(.*)$/.exec(message.path) ?? [];
  const path = decodePath(rest);
  const query = new URLSearchParams(message.query);
  const found = findRoute(graphRoutes(), message.method, version, path);
  if (found === undefined) {
    const segment = path.split('/')[1] ?? '';
    throw new GraphError(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
  }
  if (found === 'wrongMethod') {
    throw new GraphError(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  }
  const { route, params } = found;
  service.throttle.charge(route, query, tenant, caller);
  for (const anyOf of permissionsOf(route)) {
    if (!anyOf.some((permission) => caller.roles.has(permission))) throw denied();
  }
  if (message.body instanceof SyntaxError) throw badRequest('Unable to read JSON request payload.');
  const lagging = needsAdvancedIndex(query, message.headers)
    ? tenant.store.replica(tenant.settings.get().replicationMs)
    : someReplica(tenant);
  const call: Call = {
    tenant,
    caller,
    method: message.method,
    path,
    version,
    params,
    query,
    headers: message.headers,
    body: message.body,
    replica: lagging,
  };
  return route.handle(call);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path.replace(/\/$/, ''));
  } catch {
    throw new GraphError(400, 'BadRequest', 'The request URI is not valid.');
  }
}
