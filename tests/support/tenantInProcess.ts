import { createHttpHeaders, RestError, type HttpClient } from '@azure/core-rest-pipeline';
import type { Middleware } from '@microsoft/microsoft-graph-client';
import { createAzure } from '../../adapters/azure/azureClient';
import type { TokenCredential } from '../../adapters/credential';
import { createGraph } from '../../adapters/graph/graphClient';
import type { Azure, Graph } from '../../domain/ports';
import { ConnectionBroken, type Message, type Reply } from '../../local/tenant/http/message';
import { makeTokenKeys } from '../../local/tenant/http/tokens';
import { createTenant, type TenantOptions } from '../../local/tenant/startTenant';
import type { Tenant } from '../../local/tenant/tenant';
import type { RequestLogEntry, TenantState } from './localStack';

const ORIGIN = 'https://localhost:8443';
const tokenKeys = makeTokenKeys();

/** What a request passes on its way to the tenant and back; it may keep either from arriving. */
export type Passage = (request: Pick<Message, 'method' | 'path'>, send: () => Promise<Reply>) => Promise<Reply>;

/** A simulated tenant in this process, and the app's real adapters speaking to it without a network. */
export interface InProcess {
  graph: Graph;
  azure: Azure;
  tenant: Tenant;
  /** New adapters, as another process has them: nothing is shared with the others but the tenant. */
  connect(passage: Passage): Pick<InProcess, 'graph' | 'azure'>;
  /** A control call, such as `('PUT', 'settings', {...})`; fails unless it succeeds. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  state(): Promise<TenantState>;
  /** Loads the present state, changed. */
  change(edit: (state: TenantState) => void): Promise<void>;
  /** What was asked so far; without `bodies`, bodies are left out. */
  requests(bodies?: boolean): Promise<RequestLogEntry[]>;
  redeem(userId: string, account?: string): Promise<void>;
  /** Does what became due since the clock was moved. */
  catchUp(): void;
  close(): void;
}

/** Builds a tenant in memory; the seed is the built-in tenant by default. */
export function tenantInProcess(options: Omit<TenantOptions, 'dataDir' | 'port'> = {}): InProcess {
  const { tenant, answer, catchUp, close } = createTenant({ tokenKeys, ...options }, () => ORIGIN);
  const connect = (passage: Passage): Pick<InProcess, 'graph' | 'azure'> => {
    const credential = credentialOf(answer, () => tenant.settings.get().grantedPermissions);
    const passed: Answer = (message) => passage(message, () => answer(message));
    return {
      graph: createGraph({ endpoint: ORIGIN, credential, timeoutSeconds: 30, transport: graphTransport(passed) }),
      azure: createAzure({ endpoint: ORIGIN, credential, timeoutSeconds: 30, httpClient: azureClient(passed) }),
    };
  };
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const [pathname = '', query = ''] = `/_tenant/${path}`.split('?');
    const reply = await answer({ method, path: pathname, query, headers: {}, body: copyOf(body) });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return copyOf(reply.body);
  };
  return {
    ...connect((_request, send) => send()),
    tenant,
    connect,
    control,
    state: async () => (await control('GET', 'state')) as TenantState,
    change: async (edit) => {
      const state = (await control('GET', 'state')) as TenantState;
      edit(state);
      await control('PUT', 'state', state);
    },
    requests: async (bodies = true) => (await control('GET', `requests?bodies=${bodies}`)) as RequestLogEntry[],
    redeem: async (userId, account = 'personal') => {
      await control('POST', 'redeem', { userId, account });
    },
    catchUp,
    close,
  };
}

type Answer = (message: Message) => Promise<Reply>;

/** What crosses a network is a copy. */
function copyOf(body: unknown): unknown {
  return body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown);
}

function messageOf(method: string, url: string, headers: Iterable<[string, string]>, body: unknown): Message {
  const { pathname, search } = new URL(url);
  const named = [...headers].map(([name, value]) => [name.toLowerCase(), value]);
  const content: unknown = typeof body === 'string' && body !== '' ? JSON.parse(body) : undefined;
  return {
    method,
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(named) as Record<string, string>,
    body: content,
  };
}

function graphTransport(answer: Answer): Middleware {
  return {
    async execute(context) {
      const { method = 'GET', headers, body } = context.options ?? {};
      const message = messageOf(method, context.request as string, new Headers(headers).entries(), body);
      const reply = await answer(message).catch((error: unknown) => {
        throw error instanceof ConnectionBroken ? new TypeError('fetch failed') : error;
      });
      context.response = new Response(reply.body === undefined ? null : JSON.stringify(reply.body), {
        status: reply.status,
        headers: { ...(reply.body === undefined ? {} : { 'content-type': 'application/json' }), ...reply.headers },
      });
    },
  };
}

function azureClient(answer: Answer): HttpClient {
  return {
    async sendRequest(request) {
      const message = messageOf(request.method, request.url, request.headers, request.body);
      const reply = await answer(message).catch((error: unknown) => {
        throw error instanceof ConnectionBroken ? new RestError('broken', { code: 'ECONNRESET', request }) : error;
      });
      const bodyAsText = reply.body === undefined ? '' : JSON.stringify(reply.body);
      return { request, status: reply.status, headers: createHttpHeaders(reply.headers ?? {}), bodyAsText };
    },
  };
}

/** Tokens of the tenant's own identity endpoint, kept while the granted permissions stay the same. */
function credentialOf(answer: Answer, granted: () => readonly string[]): TokenCredential {
  const kept = new Map<string, string>();
  return {
    async getToken(scopes) {
      const resource = String([scopes].flat()[0]).replace(/\/\.default$/, '');
      const key = [resource, ...granted()].join(' ');
      const known = kept.get(key);
      if (known !== undefined) return { token: known, expiresOnTimestamp: Date.now() + 3_600_000 };
      const query = new URLSearchParams({ 'api-version': '2019-08-01', resource }).toString();
      const message = {
        method: 'GET',
        path: '/msi/token',
        query,
        headers: { 'x-identity-header': 'any' },
        body: undefined,
      };
      const { access_token: token } = (await answer(message)).body as { access_token: string };
      kept.set(key, token);
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}
