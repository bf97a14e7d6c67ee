import type { Middleware } from '@microsoft/microsoft-graph-client';
import { createGraph } from '../../../adapters/graph/graphClient';
import type { Graph } from '../../../domain/ports';

export interface Sent {
  method: string;
  url: string;
  authorization: string | undefined;
  body: unknown;
  signal: AbortSignal | undefined;
}

export type Answer = (sent: Sent, nth: number) => Response | Promise<Response>;

export interface BatchBody {
  requests: { id: string; method: string; url: string }[];
}

/** A Graph client whose requests stay in memory: `answer` decides each, `sent` lists them. */
export function memoryGraph(
  answer: Answer,
  options: { endpoint?: string; timeoutSeconds?: number; token?: string } = {},
): { graph: Graph; sent: Sent[]; scopes: string[] } {
  const sent: Sent[] = [];
  const scopes: string[] = [];
  const transport: Middleware = {
    async execute(context) {
      const headers = new Headers(context.options?.headers);
      const { body, method, signal } = context.options ?? {};
      const request: Sent = {
        method: method ?? '',
        url: context.request as string,
        authorization: headers.get('Authorization') ?? undefined,
        body: typeof body === 'string' ? JSON.parse(body) : undefined,
        signal: signal ?? undefined,
      };
      sent.push(request);
      context.response = await answer(request, sent.length);
    },
  };
  const credential = {
    getToken(scope: string | string[]) {
      scopes.push(...[scope].flat());
      return Promise.resolve({ token: options.token ?? 'the-token', expiresOnTimestamp: Number.MAX_SAFE_INTEGER });
    },
  };
  const { endpoint = 'https://graph.microsoft.com', timeoutSeconds = 10 } = options;
  return { graph: createGraph({ endpoint, credential, timeoutSeconds, transport }), sent, scopes };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function failed(status: number, code: string, headers: Record<string, string> = {}): Response {
  return json({ error: { code, message: 'about guest@work.example' } }, status, headers);
}

/** Answers a $batch item by item. */
export function batchAnswer(sent: Sent, item: (url: string) => object): Response {
  const { requests } = sent.body as BatchBody;
  return json({ responses: requests.map(({ id, url }) => ({ id, ...item(url) })).reverse() });
}
