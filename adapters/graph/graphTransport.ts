import { Client, MiddlewareFactory, RetryHandlerOptions, type Middleware } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials';
import { graphScope } from '../audience';
import type { TokenCredential } from '../credential';
import { BRIEF_RETRIES, BRIEF_SECONDS, retryAfterSeconds } from '../retryAfter';
import { graphFailure } from './graphErrors';

export interface GraphOptions {
  /** Origin of Graph, https, without a slash at the end. */
  endpoint: string;
  credential: TokenCredential;
  /** A call, its brief retries included, is given up after this time. */
  timeoutSeconds: number;
  /** What sends the requests; the SDK's fetch when absent. Tests hand in one that stays in memory. */
  transport?: Middleware;
}

/** One request to Graph. `path` is relative to v1.0 unless it starts with "/beta/". Throws ServiceError. */
export type SendToGraph = (
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  send: { body?: unknown; repeat: boolean },
) => Promise<unknown>;

// The SDK waits without a limit worth the name; a long wait belongs to a durable timer, not to a running process.
const briefRetries = new RetryHandlerOptions(1, BRIEF_RETRIES, (_delay, _attempt, _request, _options, response) => {
  const asked = retryAfterSeconds(response.headers.get('Retry-After'));
  return asked === undefined || asked <= BRIEF_SECONDS;
});
const noRetries = new RetryHandlerOptions(0, 0);

/** Builds the SDK client once and returns the one function through which every request to Graph leaves. */
export function createGraphTransport(options: GraphOptions): SendToGraph {
  const client = Client.initWithMiddleware({
    middleware: middlewareOf(options),
    baseUrl: `${options.endpoint}/`,
    // The SDK gives the token to Graph's own hosts and to these; it compares host names without ports.
    customHosts: new Set([new URL(options.endpoint).hostname]),
  });
  return async (method, path, { body, repeat }) => {
    const timeout = AbortSignal.timeout(options.timeoutSeconds * 1000);
    const beta = path.startsWith('/beta/');
    const request = client
      .api(beta ? path.slice('/beta'.length) : path)
      .version(beta ? 'beta' : 'v1.0')
      .option('signal', timeout)
      .middlewareOptions([repeat ? briefRetries : noRetries]);
    try {
      const answer: unknown = await (method === 'GET'
        ? request.get()
        : method === 'DELETE'
          ? request.delete()
          : request[lowerCase[method]](body));
      return answer;
    } catch (error) {
      throw graphFailure(error, timeout.aborted);
    }
  };
}

const lowerCase = { POST: 'post', PATCH: 'patch', PUT: 'put' } as const;

function middlewareOf({ endpoint, credential, transport }: GraphOptions): Middleware[] {
  const authentication = new TokenCredentialAuthenticationProvider(credential, { scopes: [graphScope(endpoint)] });
  const chain = MiddlewareFactory.getDefaultMiddlewareChain(authentication);
  return transport === undefined ? chain : [...chain.slice(0, -1), transport];
}
