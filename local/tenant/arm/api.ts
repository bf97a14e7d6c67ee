import { randomUUID } from 'node:crypto';
import type { GraphService } from '../graph/api';
import type { Message, Reply } from '../http/message';
import { verifyToken } from '../http/tokens';
import type { View } from '../store/snapshot';
import { someReplica, type Caller, type Tenant } from '../tenant';
import { ArmError } from './errors';
import { inventoryRoutes } from './inventory';
import { keyVaultRoutes } from './keyVaults';
import { pimRoutes } from './pimRoutes';
import { resourceGraphRoutes } from './resourceGraph';
import { roleAssignmentRoutes } from './roleAssignments';
import { roleDefinitionRoutes } from './roleDefinitions';

/** One request to one Resource Manager operation. */
export interface ArmCall {
  readonly tenant: Tenant;
  readonly caller: Caller;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The lagging state that reads of this request see. */
  readonly replica: View;
  /** Groups of the route's pattern. */
  readonly groups: readonly string[];
}

/** One Resource Manager operation; the pattern matches the decoded path without regard to case. */
export interface ArmRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly pattern: RegExp;
  /** The api-versions that know it; absent = any well-formed one. */
  readonly versions?: readonly string[];
  readonly handle: (call: ArmCall) => Reply;
}

const routes: readonly ArmRoute[] = [
  ...resourceGraphRoutes,
  ...roleAssignmentRoutes,
  ...roleDefinitionRoutes,
  ...pimRoutes,
  ...keyVaultRoutes,
  ...inventoryRoutes,
];

const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** Answers one request whose faults and latency are already dealt with. */
export function answerArm(service: GraphService, message: Message): Reply {
  const id = randomUUID();
  const headers = { 'x-ms-request-id': id, 'x-ms-correlation-request-id': id };
  try {
    const reply = dispatch(service, message);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    const { code, message: text, details } = error;
    const body = { error: { code, message: text, ...(details === undefined ? {} : { details }) } };
    return { status: error.status, headers, body };
  }
}

function dispatch({ tenant, keys }: GraphService, message: Message): Reply {
  const caller = verifyToken(keys, message.headers['authorization'], [...audiences, tenant.origin()]);
  if (typeof caller === 'string') {
    const missing = message.headers['authorization'] === undefined;
    throw new ArmError(401, missing ? 'AuthenticationFailed' : 'InvalidAuthenticationToken', caller);
  }
  const query = new URLSearchParams(message.query);
  const version = query.get('api-version');
  if (version === null || version === '') {
    const text = 'The api-version query parameter (?api-version=) is required for all requests.';
    throw new ArmError(400, 'MissingApiVersionParameter', text);
  }
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) {
    throw new ArmError(400, 'InvalidApiVersionParameter', `The api-version '${version}' is invalid.`);
  }
  const path = decodeURIComponent(message.path).replace(/^\/\//, '/');
  const fitting = routes.flatMap((route) => {
    const found = route.pattern.exec(path);
    return found === null ? [] : [{ route, groups: found.slice(1) }];
  });
  const chosen = fitting.find(({ route }) => route.method === message.method);
  if (fitting.length === 0) throw new ArmError(404, 'InvalidResourceType', 'The resource type could not be found.');
  if (chosen === undefined) {
    throw new ArmError(405, 'HttpMethodNotSupported', `The HTTP method ${message.method} is not supported here.`);
  }
  requireVersion(chosen, version, path);
  if (message.body instanceof SyntaxError) {
    throw new ArmError(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.');
  }
  const { body } = message;
  return chosen.route.handle({
    tenant,
    caller,
    path,
    query,
    body,
    replica: someReplica(tenant),
    groups: chosen.groups,
  });
}

/** Each resource provider knows its own versions; an api-version of another one is refused. */
function requireVersion({ route }: { readonly route: ArmRoute }, version: string, path: string): void {
  if (route.versions === undefined || route.versions.includes(version)) return;
  const type = /\/providers\/([^/]+\/[^/]+)(?:\/[^/]+)*\/?$/i.exec(path)?.[1] ?? path;
  throw new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for API version '${version}' for type '${type}'. The supported api-versions ` +
      `are '${route.versions.join(', ')}'.`,
  );
}
