import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
  type Pipeline,
} from '@azure/core-rest-pipeline';
import DataLoader from 'dataloader';
import { z } from 'zod';
import type { Azure } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { errorOf, inShape, readPages } from '../answers';
import { armScope } from '../audience';
import { retryReadsBriefly } from '../briefRetry';
import type { TokenCredential } from '../credential';
import { refuseMissingIds } from '../pathGuard';
import { restFailure } from '../restErrors';
import { retryAfterSeconds } from '../retryAfter';

export interface AzureOptions {
  /** Origin of Azure Resource Manager, https, without a slash at the end. */
  endpoint: string;
  credential: TokenCredential;
  /** A call, its brief retries included, is given up after this time. */
  timeoutSeconds: number;
  /** What sends the requests; the SDK's own when absent. Tests hand in one that stays in memory. */
  httpClient?: HttpClient;
}

/** Resource Manager has no batch, and takes hundreds of reads at once for an attack. */
const READS_AT_ONCE = 10;

const pageSchema = z.object({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

/**
 * Azure Resource Manager over the pipeline of Azure's SDKs. Reads are repeated briefly, and equal reads of one tick are
 * one; a PUT or DELETE is sent once, because its answer may be lost after it was done. A path with a missing id throws
 * a plain Error before anything is sent.
 */
export function createAzure(options: AzureOptions): Azure {
  const send = createSend(options);
  const get = createReader(send);
  return {
    async read(path, shape) {
      return inShape('azure', shape, await get(path));
    },
    async readAll(path, item) {
      const items = await readPages('azure', path, async (pagePath) => {
        const page = inShape('azure', pageSchema, await get(pagePath));
        return { items: page.value, next: relativePath(page.nextLink) };
      });
      return inShape('azure', z.array(item), items);
    },
    async query(path, body, shape) {
      return inShape('azure', shape, await send('POST', path, body));
    },
    put(path, body) {
      return send('PUT', path, body);
    },
    async remove(path) {
      await send('DELETE', path);
    },
  };
}

type Send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<unknown>;

/** Sends reads, few at once. Kinds that look at the same thing at the same moment share one read of it. */
function createReader(send: Send): (path: string) => Promise<unknown> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const limited = async (path: string): Promise<unknown> => {
    if (running >= READS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await send('GET', path);
    } finally {
      // The place goes to the next in line, or becomes free.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  const loader = new DataLoader<string, unknown>(
    async (wanted) => {
      const paths = [...new Set(wanted)];
      const answers = await Promise.allSettled(paths.map(limited));
      return wanted.map((path) => {
        const answer = answers[paths.indexOf(path)];
        if (answer?.status === 'fulfilled') return answer.value;
        return answer?.reason instanceof Error ? answer.reason : new Error('A read ended without an answer');
      });
    },
    // Without a cache: roles change under us, and every look has to be a new one.
    { maxBatchSize: Infinity, cache: false },
  );
  return (path) => loader.load(path);
}

function createSend(options: AzureOptions): Send {
  const pipeline = createPipeline(options);
  const httpClient = options.httpClient ?? createDefaultHttpClient();
  return async (method, path, body) => {
    refuseMissingIds(path);
    const timeout = AbortSignal.timeout(options.timeoutSeconds * 1000);
    const request = createPipelineRequest({
      url: options.endpoint + path,
      method,
      headers: createHttpHeaders({ accept: 'application/json', 'content-type': 'application/json' }),
      abortSignal: timeout,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await pipeline.sendRequest(httpClient, request).catch((error: unknown) => {
      throw restFailure('azure', error, timeout.aborted);
    });
    return bodyOf(response.status, response.bodyAsText, response.headers.get('Retry-After'));
  };
}

function createPipeline({ endpoint, credential }: AzureOptions): Pipeline {
  // Redirects are not followed: the token would travel to an address that nobody configured.
  const pipeline = createPipelineFromOptions({ redirectOptions: { maxRetries: 0 } });
  retryReadsBriefly(pipeline);
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: armScope(endpoint) }), { phase: 'Sign' });
  return pipeline;
}

function bodyOf(status: number, text: string | null | undefined, retryAfter: string | undefined): unknown {
  const body = parsed(text);
  if (status >= 200 && status < 300) return body;
  throw new ServiceError({
    service: 'azure',
    status,
    ...errorOf(body, status),
    retryAfterSeconds: retryAfterSeconds(retryAfter),
  });
}

function parsed(text: string | null | undefined): unknown {
  if (text === null || text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The path of a next page, so that it is read from the configured endpoint and the token goes nowhere else. */
function relativePath(nextLink: string | null | undefined): string | undefined {
  if (nextLink === null || nextLink === undefined || nextLink === '') return undefined;
  const { pathname, search } = new URL(nextLink);
  return pathname + search;
}
