import { CRASH_POINTS, type ArmedCrash, type CrashPoint, type StoredCrashPlan } from './crash';
import { triggerOf } from './coreApi';
import { instanceFilter } from './durableRpc';
import type { DurableEngine } from './engine/engine';
import type { LoadedApp } from './loadApp';
import { json, jsonBody, type HostRequest, type HostResponse } from './messages';
import type { TimerFunctions } from './timerFunctions';

/** Path of the control endpoints, loopback only. */
export const CONTROL_PATH = '/_host/';

/** What the control endpoints act on. The crash plan, the timers and the app are absent in an in-memory host. */
export interface Controlled {
  engine: DurableEngine;
  now: () => number;
  advance: (ms: number) => Promise<void>;
  crash: StoredCrashPlan | undefined;
  timers: TimerFunctions | undefined;
  app: LoadedApp | undefined;
}

/** The request's body is not what the endpoint takes. */
class BadRequest extends Error {}

/** Answers one control request. */
export async function control(host: Controlled, request: HostRequest): Promise<HostResponse> {
  const [resource = '', id = '', part] = request.url.pathname
    .slice(CONTROL_PATH.length)
    .split('/')
    .map(decodeURIComponent);
  try {
    switch (`${request.method} ${resource}`) {
      case 'GET clock':
        return clock(host);
      case 'POST clock':
        return await advance(host, request);
      case 'GET instances':
        return id === '' ? list(host, request) : instance(host, id, part);
      case 'GET functions':
        return json(200, functions(host));
      case 'POST timers':
        return await runTimer(host, id);
      case 'GET crash':
      case 'PUT crash':
      case 'DELETE crash':
        return crash(host, request);
      default:
        return { status: 404 };
    }
  } catch (error) {
    if (error instanceof BadRequest || error instanceof SyntaxError || error instanceof RangeError) {
      return json(400, { error: error.message });
    }
    throw error;
  }
}

function clock(host: Controlled): HostResponse {
  return json(200, { now: new Date(host.now()).toISOString() });
}

async function advance(host: Controlled, request: HostRequest): Promise<HostResponse> {
  const { advanceMs } = (jsonBody(request) ?? {}) as { advanceMs?: unknown };
  if (!isWhole(advanceMs)) throw new BadRequest('advanceMs is a whole number of milliseconds, not negative.');
  await host.advance(advanceMs);
  return clock(host);
}

function list({ engine }: Controlled, request: HostRequest): HostResponse {
  const { instances, continuation } = engine.list(instanceFilter(request));
  const rows = instances.map(({ instanceId, name, runtimeStatus, customStatus, createdTime, lastUpdatedTime }) => ({
    instanceId,
    name,
    runtimeStatus,
    customStatus,
    createdTime,
    lastUpdatedTime,
  }));
  return json(200, rows, continuation === undefined ? {} : { 'x-ms-continuation-token': continuation });
}

function instance({ engine }: Controlled, id: string, part: string | undefined): HostResponse {
  const status = engine.status(id);
  if (!status) return { status: 404 };
  if (part === undefined) return json(200, status);
  return part === 'history' ? json(200, engine.history(id)) : { status: 404 };
}

function functions({ app, timers }: Controlled): unknown[] {
  const nextTimes = timers?.nextTimes() ?? {};
  return [...(app?.functions.values() ?? [])].map(({ metadata }) => {
    const { type, route, methods, authLevel, schedule } = triggerOf(metadata).trigger;
    return { name: metadata.name, type, route, methods, authLevel, schedule, next: nextTimes[metadata.name] };
  });
}

async function runTimer({ timers }: Controlled, name: string): Promise<HostResponse> {
  const succeeded = await timers?.run(name);
  if (succeeded === undefined) return { status: 404 };
  return json(succeeded ? 200 : 500, { succeeded });
}

function crash({ crash: plan }: Controlled, request: HostRequest): HostResponse {
  if (!plan) return { status: 404 };
  if (request.method === 'PUT') plan.arm(armedCrash(jsonBody(request)));
  if (request.method === 'DELETE') plan.disarm();
  return json(200, plan.state);
}

function armedCrash(body: unknown): ArmedCrash {
  const { point, name, times = 1, skip = 0 } = (body ?? {}) as Record<string, unknown>;
  const known = CRASH_POINTS.find((candidate): candidate is CrashPoint => candidate === point);
  if (!known) throw new BadRequest(`point is one of ${CRASH_POINTS.join(', ')}.`);
  if (!isWhole(times) || times === 0 || !isWhole(skip)) throw new BadRequest('times and skip are whole numbers.');
  if (name !== undefined && typeof name !== 'string') throw new BadRequest('name is the name of a function.');
  return { point: known, times, skip, ...(name === undefined ? {} : { name }) };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
