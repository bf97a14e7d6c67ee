import { ConnectionBroken, type Message, type Reply } from '../http/message';
import { isRecord } from '../store/snapshot';
import { GraphError } from './errors';

interface BatchItem {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly dependsOn: readonly string[];
}

interface BatchAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const bad = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

/**
 * `POST /$batch`: up to 20 requests, each served by `serve` as if it had come alone. Answers come in random order,
 * as Graph leaves the order open.
 *
 * @param serve one request through the whole pipeline: faults, permissions, throttling, log
 * @throws ConnectionBroken when a fault breaks the connection of any of them, after all have been served
 */
export async function answerBatch(message: Message, serve: (part: Message) => Promise<Reply>): Promise<Reply> {
  const items = readItems(message.body);
  const answers = new Map<string, BatchAnswer>();
  let broken: ConnectionBroken | undefined;
  for (const item of inOrder(items)) {
    const failed = item.dependsOn.some((id) => (answers.get(id)?.status ?? 424) >= 400);
    try {
      answers.set(item.id, failed ? dependencyFailed(item) : toAnswer(item.id, await serve(toMessage(message, item))));
    } catch (error) {
      if (!(error instanceof ConnectionBroken)) throw error;
      broken = error;
    }
  }
  if (broken !== undefined) throw broken;
  return { status: 200, body: { responses: shuffled([...answers.values()]) } };
}

function readItems(body: unknown): BatchItem[] {
  const requests = isRecord(body) ? body['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) {
    throw bad('Invalid batch payload format: requests must be a non-empty array.');
  }
  if (requests.length > 20) {
    throw new GraphError(400, 'MaximumValueExceeded', 'Number of batch request steps exceeds the maximum value of 20.');
  }
  const items = requests.map(readItem);
  const ids = items.map(({ id }) => id.toLowerCase());
  if (new Set(ids).size !== ids.length) throw bad('Request ids must be unique (case-insensitive).');
  const [foreign] = items.flatMap(({ dependsOn }) => dependsOn).filter((id) => !items.some((one) => one.id === id));
  if (foreign !== undefined) throw bad('A dependsOn names a request that is not in the batch.');
  return items;
}

function readItem(item: unknown): BatchItem {
  if (!isRecord(item)) throw bad('Every request of a batch must be an object.');
  const { id, method, url, headers = {}, body, dependsOn = [] } = item;
  if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') {
    throw bad('Every request of a batch needs id, method and url as text.');
  }
  if (!isRecord(headers) || !Array.isArray(dependsOn)) throw bad('Invalid headers or dependsOn in a batch request.');
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  if (isRecord(body) && lower['content-type'] === undefined) {
    throw bad('A Content-Type header is required for batch requests with a body.');
  }
  return { id, method: method.toUpperCase(), url, headers: lower, body, dependsOn: dependsOn.map(String) };
}

/** Requests after those they depend on, otherwise in random order. Throws for a circle. */
function inOrder(items: readonly BatchItem[]): BatchItem[] {
  const open = shuffled(items);
  const done: BatchItem[] = [];
  while (open.length > 0) {
    const index = open.findIndex(({ dependsOn }) => dependsOn.every((id) => done.some((one) => one.id === id)));
    const [next] = index === -1 ? [] : open.splice(index, 1);
    if (next === undefined) throw bad('The dependencies of the batch form a circle.');
    done.push(next);
  }
  return done;
}

/** URLs are relative and without a version; the version is that of the batch itself. */
function toMessage(batch: Message, item: BatchItem): Message {
  const relative = item.url.startsWith('/') ? item.url : `/${item.url}`;
  const [path = '', query = ''] = relative.split(/\?(.*)/s);
  const version = batch.path.replace(/\/\$batch$/, '');
  return {
    method: item.method,
    path: version + path,
    query,
    headers: { ...item.headers, authorization: batch.headers['authorization'] ?? '' },
    body: item.body,
    inBatch: true,
  };
}

function toAnswer(id: string, { status, headers, body }: Reply): BatchAnswer {
  const content = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const retry = headers?.['retry-after'] === undefined ? {} : { 'Retry-After': headers['retry-after'] };
  return {
    id,
    status,
    headers: { 'Cache-Control': 'no-cache', ...content, ...retry },
    ...(body === undefined ? {} : { body }),
  };
}

const dependencyFailed = ({ id }: BatchItem): BatchAnswer => ({
  id,
  status: 424,
  body: { error: { code: 'FailedDependency', message: 'A request that this one depends on has failed.' } },
});

function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    const [a, b] = [copy[index], copy[other]];
    if (a !== undefined && b !== undefined) [copy[index], copy[other]] = [b, a];
  }
  return copy;
}
