import { EngineError, type DurableEngine } from './engine/engine';
import type { InstanceFilter } from './engine/queries';
import { json, jsonBody, type HostRequest, type HostResponse } from './messages';

/** Path under which the durable client's requests are served, loopback only. */
export const RPC_PATH = '/runtime/durable/';

const STATUS_OF_ERROR = { badRequest: 400, notFound: 404, ended: 410, notFailed: 412, alreadyExists: 500 } as const;

/** What the `durableClient` binding hands to a function, as JSON text. `port` is where this host listens. */
export function durableClientInput(port: number, taskHubName: string): string {
  const rpcBaseUrl = `http://127.0.0.1:${port}${RPC_PATH}`;
  const instance = `${rpcBaseUrl}instances/INSTANCEID`;
  return JSON.stringify({
    taskHubName,
    creationUrls: {
      createNewInstancePostUri: `${rpcBaseUrl}orchestrators/{functionName}[/{instanceId}]`,
      createAndWaitOnNewInstancePostUri: `${rpcBaseUrl}orchestrators/{functionName}[/{instanceId}]`,
    },
    managementUrls: {
      id: 'INSTANCEID',
      statusQueryGetUri: instance,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}`,
      terminatePostUri: `${instance}/terminate?reason={text}`,
      rewindPostUri: `${instance}/rewind?reason={text}`,
      purgeHistoryDeleteUri: instance,
      suspendPostUri: `${instance}/suspend?reason={text}`,
      resumePostUri: `${instance}/resume?reason={text}`,
    },
    baseUrl: rpcBaseUrl,
    requiredQueryStringParameters: '',
    rpcBaseUrl,
  });
}

/** Answers one request of the durable client; 404 for paths that are not its. */
export function durableRpc(engine: DurableEngine, request: HostRequest): HostResponse {
  try {
    const parts = request.url.pathname.slice(RPC_PATH.length).split('/').map(decodeURIComponent);
    const [collection, ...rest] = parts;
    if (collection === 'orchestrators' && request.method === 'POST') return start(engine, request, rest);
    if (collection === 'instances') return instances(engine, request, rest);
    return { status: 404 };
  } catch (error) {
    // The client shows the body of a refused rewind as it is.
    if (error instanceof EngineError && error.code === 'notFailed') return { status: 412, body: error.message };
    if (error instanceof EngineError) return json(STATUS_OF_ERROR[error.code], { Message: error.message });
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof URIError) {
      return json(400, { Message: error.message });
    }
    throw error;
  }
}

function start(engine: DurableEngine, request: HostRequest, [name = '', instanceId]: string[]): HostResponse {
  const version = request.url.searchParams.get('version') ?? undefined;
  const id = engine.start(name, { instanceId, version, input: jsonBody(request) });
  return json(202, { id });
}

function instances(
  engine: DurableEngine,
  request: HostRequest,
  [id = '', operation, event = '']: string[],
): HostResponse {
  const { method, url } = request;
  if (id === '') return method === 'DELETE' ? purgeBy(engine, request) : list(engine, request);
  if (operation === undefined) return method === 'DELETE' ? purge(engine, id) : status(engine, id, url.searchParams);
  const reason = url.searchParams.get('reason') ?? '';
  switch (`${method} ${operation}`) {
    case 'POST raiseEvent':
      engine.raiseEvent(id, event, jsonBody(request));
      break;
    case 'POST terminate':
      engine.terminate(id, reason);
      break;
    case 'POST suspend':
      engine.suspend(id, reason);
      break;
    case 'POST resume':
      engine.resume(id, reason);
      break;
    case 'POST rewind':
      engine.rewind(id, reason);
      break;
    default:
      return { status: 404 };
  }
  return { status: 202 };
}

function status(engine: DurableEngine, id: string, query: URLSearchParams): HostResponse {
  const found = engine.status(id, {
    input: query.get('showInput') !== 'false',
    history: query.get('showHistory') === 'true',
  });
  if (!found) return { status: 404 };
  const open = ['Pending', 'Running', 'Suspended'].includes(found.runtimeStatus);
  return open ? json(202, found, { 'retry-after': '5' }) : json(200, found);
}

function list(engine: DurableEngine, request: HostRequest): HostResponse {
  const { instances: page, continuation } = engine.list(instanceFilter(request));
  return json(200, page, continuation === undefined ? {} : { 'x-ms-continuation-token': continuation });
}

function purge(engine: DurableEngine, id: string): HostResponse {
  const instancesDeleted = engine.purge(id);
  return instancesDeleted === 0 ? { status: 404 } : json(200, { instancesDeleted });
}

function purgeBy(engine: DurableEngine, request: HostRequest): HostResponse {
  const instancesDeleted = engine.purgeBy(instanceFilter(request));
  return instancesDeleted === 0 ? { status: 404 } : json(200, { instancesDeleted });
}

/** Reads the filter of a list request from its query and its continuation header. Throws `RangeError`. */
export function instanceFilter({ url, headers }: HostRequest): InstanceFilter {
  const query = url.searchParams;
  const filter: InstanceFilter = {};
  const statuses = query.get('runtimeStatus');
  const [from, to] = [query.get('createdTimeFrom'), query.get('createdTimeTo')];
  const continuation = headers['x-ms-continuation-token'];
  if (statuses) filter.runtimeStatus = statuses.split(',');
  if (from) filter.createdTimeFrom = from;
  if (to) filter.createdTimeTo = to;
  if (continuation) filter.continuation = continuation;
  if (query.has('top')) {
    const top = Number(query.get('top'));
    if (!Number.isSafeInteger(top) || top < 1) throw new RangeError('top is not a positive whole number.');
    filter.top = top;
  }
  return filter;
}
