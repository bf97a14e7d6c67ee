import { setTimeout as sleep } from 'node:timers/promises';
import { answerArm } from '../arm/api';
import { answerGraph, type GraphService } from '../graph/api';
import { answerBatch } from '../graph/batch';
import { ConnectionBroken, type Message, type Reply } from './message';
import type { Fault } from './faults';

/**
 * Serves one request to Graph or Resource Manager: latency, planned faults, the service itself, the log.
 *
 * @throws ConnectionBroken when a fault breaks the connection
 */
export async function serve(service: GraphService, message: Message): Promise<Reply> {
  const { tenant } = service;
  const started = performance.now();
  const at = new Date(tenant.clock.now()).toISOString();
  const fault = tenant.faults.take(message);
  let reply: Reply | undefined;
  try {
    const { latencyMs } = tenant.settings.get();
    if (latencyMs > 0 && message.inBatch !== true) await sleep(latencyMs);
    reply = plannedAnswer(fault) ?? (await answer(service, message));
    if (fault?.kind === 'lostAck') throw new ConnectionBroken('close');
    return reply;
  } finally {
    tenant.log.add({
      at,
      method: message.method,
      path: message.path,
      query: message.query,
      status: reply?.status ?? 0,
      ms: Math.round(performance.now() - started),
      ...(message.inBatch === true ? { inBatch: true as const } : {}),
      ...(fault === undefined ? {} : { fault: fault.kind }),
      requestHeaders: message.headers,
      ...(message.body === undefined || message.body instanceof SyntaxError ? {} : { requestBody: message.body }),
      ...(reply?.body === undefined ? {} : { responseBody: reply.body }),
    });
  }
}

/** The answer a fault gives without the service; undefined lets the request through (lostAck breaks it afterwards). */
function plannedAnswer(fault: Fault | undefined): Reply | undefined {
  if (fault === undefined || fault.kind === 'lostAck') return undefined;
  if (fault.kind === 'hang') throw new ConnectionBroken('hang');
  if (fault.kind === 'reset') throw new ConnectionBroken('close');
  const status = fault.status ?? 503;
  const headers = Object.entries(fault.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    status,
    headers: Object.fromEntries(headers),
    ...(status === 204 ? {} : { body: fault.body ?? defaultBody(status) }),
  };
}

const codes: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

const defaultBody = (status: number): unknown => ({
  error: { code: codes[status] ?? 'UnknownError', message: 'The service cannot answer this request now.' },
});

async function answer(service: GraphService, message: Message): Promise<Reply> {
  const graph = /^\/(v1\.0|beta)(\/|$)/.test(message.path);
  if (!graph) return answerArm(service, message);
  if (message.inBatch === true || !/^\/(v1\.0|beta)\/\$batch$/.test(message.path) || message.method !== 'POST') {
    return answerGraph(service, message);
  }
  return answerGraph(service, message, () => answerBatch(message, (part) => serve(service, part)));
}
