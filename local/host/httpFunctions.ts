import { triggerOf, type RegisteredFunction, type RpcCookie, type RpcData, type RpcHttp } from './coreApi';
import { inputsOf, type ClientInput } from './durableFunctions';
import { keysMatch } from './hostKey';
import { invoke } from './invoke';
import type { LoadedApp } from './loadApp';
import type { Log } from './log';
import type { HostRequest, HostResponse } from './messages';
import { Router } from './router';

const DEFAULT_METHODS = ['GET', 'POST'];

/** Answers requests with the app's HTTP functions. Throws at once for a route template that is not supported. */
export function httpFunctionsOf(
  app: LoadedApp,
  log: Log,
  hostKey: string,
  client: ClientInput,
): (request: HostRequest) => Promise<HostResponse> {
  const prefix = app.settings.routePrefix;
  const router = new Router(
    [...app.functions.values()].flatMap((target) => {
      const { trigger } = triggerOf(target.metadata);
      if (trigger.type !== 'httpTrigger') return [];
      const route = trigger.route ?? target.metadata.name;
      return [{ template: `${prefix}/${route}`, methods: trigger.methods ?? DEFAULT_METHODS, target }];
    }),
  );
  return async (request) => {
    const match = router.match(request.method, request.url.pathname.slice(1));
    if (!match) return { status: 404 };
    if (!isAllowed(match.target, request, hostKey)) return { status: 401 };
    const http = requestData(request, match.params);
    try {
      return responseOf(await invoke(app, log, match.target, inputsOf(match.target, { http }, client)));
    } catch (error) {
      logFailure(log, match.target, error);
      return { status: 500 };
    }
  };
}

function isAllowed({ metadata }: RegisteredFunction, request: HostRequest, hostKey: string): boolean {
  if (triggerOf(metadata).trigger.authLevel === 'anonymous') return true;
  const offered = request.headers['x-functions-key'] ?? request.url.searchParams.get('code');
  return offered !== null && keysMatch(offered, hostKey);
}

function requestData({ method, url, headers, body }: HostRequest, params: Record<string, string>): RpcHttp {
  const query: Record<string, string> = {};
  for (const name of url.searchParams.keys()) query[name] = url.searchParams.getAll(name).join(',');
  return { method, url: url.href, headers, query, params, ...(body.length > 0 ? { body: { bytes: body } } : {}) };
}

/** A function that returns nothing answers 204, as in Azure. */
function responseOf(returned: RpcData | null | undefined): HostResponse {
  const http = returned?.http;
  if (!http) return { status: 204 };
  return {
    status: Number(http.statusCode ?? 200),
    headers: http.headers ?? {},
    cookies: (http.cookies ?? []).map(setCookie),
    body: http.body?.bytes ?? http.body?.string ?? '',
  };
}

function setCookie(cookie: RpcCookie): string {
  const sameSite = cookie.sameSite === 'explicitNone' ? 'None' : cookie.sameSite;
  const parts = [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    cookie.expires && `Expires=${new Date(cookie.expires.value).toUTCString()}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.secure?.value && 'Secure',
    cookie.httpOnly?.value && 'HttpOnly',
    sameSite && sameSite !== 'none' && `SameSite=${sameSite}`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** Writes a failed invocation to the host's log. */
export function logFailure(log: Log, { metadata }: RegisteredFunction, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log({
    level: 'error',
    category: 'Host.Results',
    message: `Executed '${metadata.name}' (Failed): ${text}`,
    functionName: metadata.name,
  });
}
