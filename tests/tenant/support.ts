import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { startTenant, type RunningTenant, type TenantOptions } from '../../local/tenant/startTenant';

/** A JSON value whose shape the test states by what it reads from it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Parsed JSON, or undefined. */
  body: Json;
}

/** Polls until the condition gives something, or fails with what it waited for. */
export async function until<T>(what: string, condition: () => T | undefined | false | Promise<T | undefined | false>) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Speaks to one tenant as the app does: with tokens from its identity endpoint, over verified TLS. */
export class TenantClient {
  private readonly agent: Agent;
  private readonly tokens = new Map<string, string>();

  constructor(
    readonly url: string,
    ca: string,
  ) {
    this.agent = new Agent({ ca, keepAlive: true });
  }

  /** A raw request. Rejects when the connection breaks. */
  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, this.url),
        {
          method,
          agent: this.agent,
          servername: 'localhost',
          headers: { ...(content === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => {
            const json = response.headers['content-type']?.includes('json') === true;
            const parsed: unknown = json ? JSON.parse(text) : undefined;
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  }

  /** A token of the app; asked for once per resource, like a client that caches. */
  async token(resource: string): Promise<string> {
    const known = this.tokens.get(resource);
    if (known !== undefined) return known;
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource });
    const answer = await this.send('GET', `/msi/token?${query.toString()}`, undefined, { 'x-identity-header': 'any' });
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    const token = answer.body.access_token as string;
    this.tokens.set(resource, token);
    return token;
  }

  /** Throws cached tokens away, so that changed permissions count. */
  forgetTokens(): void {
    this.tokens.clear();
  }

  /** A request to Graph; the path begins below `/v1.0`. */
  async graph(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const authorization = `Bearer ${await this.token('https://graph.microsoft.com')}`;
    return this.send(method, `/v1.0${path}`, body, { authorization, ...headers });
  }

  /** A request to Resource Manager; with the api-version of role assignments unless the path has one. */
  async arm(method: string, path: string, body?: unknown): Promise<Answer> {
    const authorization = `Bearer ${await this.token('https://management.azure.com/')}`;
    const version = `${path.includes('?') ? '&' : '?'}api-version=2022-04-01`;
    return this.send(method, path.includes('api-version=') ? path : path + version, body, { authorization });
  }

  /** A control call; fails unless it succeeds. */
  async control(method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.send(method, `/_tenant/${path}`, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body as unknown;
  }

  settings(change: object): Promise<Json> {
    return this.control('PUT', 'settings', change);
  }

  faults(...faults: object[]): Promise<Json> {
    return this.control('PUT', 'faults', faults);
  }

  state(): Promise<Json> {
    return this.control('GET', 'state');
  }

  /** Loads the present state with some collections changed. */
  async change(change: (state: Json) => void): Promise<void> {
    const state = await this.state();
    change(state);
    await this.control('PUT', 'state', state);
  }

  invite(address: string, more: object = {}): Promise<Answer> {
    const body = { invitedUserEmailAddress: address, inviteRedirectUrl: 'https://portal.example/', ...more };
    return this.graph('POST', '/invitations', body);
  }

  addMember(groupId: string, userId: string): Promise<Answer> {
    return this.graph('POST', `/groups/${groupId}/members/$ref`, { '@odata.id': link(userId) });
  }

  disconnect(): void {
    this.agent.destroy();
  }
}

/** A reference to a directory object, as Graph wants it in bodies. */
export const link = (id: string): string => `https://graph.microsoft.com/v1.0/directoryObjects/${id}`;

/** A tenant in memory with a client of its own. */
export class TestTenant extends TenantClient {
  private constructor(private readonly running: RunningTenant) {
    super(running.url, running.ca);
  }

  static async start(options: TenantOptions = {}): Promise<TestTenant> {
    return new TestTenant(await startTenant(options));
  }

  async close(): Promise<void> {
    this.disconnect();
    await this.running.close();
  }
}

export interface Delivered {
  at: number;
  path: string;
  body: Json;
}

/** A webhook on this machine that answers as told and keeps what it got. */
export class Webhook {
  readonly received: Delivered[] = [];
  /** Statuses of the next deliveries; afterwards 202. */
  statuses: number[] = [];
  /** So many of the next deliveries are never answered. */
  silent = 0;
  /** What the handshake is answered with, by default the token itself. */
  handshake: (token: string) => { status: number; type: string; text: string } = (token) => ({
    status: 200,
    type: 'text/plain',
    text: token,
  });
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((incoming, response) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => {
        const url = new URL(incoming.url ?? '/', 'http://localhost');
        const token = url.searchParams.get('validationToken');
        if (token !== null) {
          const reply = this.handshake(token);
          response.writeHead(reply.status, { 'content-type': reply.type }).end(reply.text);
          return;
        }
        this.received.push({ at: Date.now(), path: url.pathname, body: JSON.parse(text) });
        if (this.silent > 0) this.silent--;
        else response.writeHead(this.statuses.shift() ?? 202).end();
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** Every notification received, whatever request it came in. */
  get notifications(): Json[] {
    return this.received.flatMap(({ body }) => body.value as unknown[]);
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

/** An id that nobody has. */
export const nobody = (): string => randomUUID();
