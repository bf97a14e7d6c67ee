import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { ConnectionBroken, type Message, type Reply } from './message';

/** Answers every request of the server. */
export type Listener = (message: Message) => Promise<Reply>;

export interface RunningServer {
  readonly port: number;
  /** Breaks open connections and stops listening. */
  close(): Promise<void>;
}

const largestBody = 32 * 1024 * 1024;

/**
 * Listens with https on the loopback interface.
 *
 * @param port 0 picks a free one
 */
export function listen(
  listener: Listener,
  port: number,
  { cert, key }: { readonly cert: string; readonly key: string },
): Promise<RunningServer> {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    respond(listener, request, response).catch((error: unknown) => {
      // A mistake in the tenant itself: show it to the developer, in the answer and on the console.
      process.stderr.write(`tenant: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('The simulated tenant failed; see its output.');
    });
  };
  const server = createServer({ cert, key }, handle);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function respond(listener: Listener, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const message = await read(request);
  try {
    if (!isLoopback(message.headers['host'])) {
      send(response, { status: 403, body: { error: { code: 'Forbidden', message: 'Only localhost is served.' } } });
      return;
    }
    send(response, await listener(message));
  } catch (error) {
    if (!(error instanceof ConnectionBroken)) throw error;
    if (error.how === 'close') request.socket.destroy();
  }
}

/** A page of another site whose name leads to this machine must not reach the tenant. */
const isLoopback = (host: string | undefined): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');

async function read(request: IncomingMessage): Promise<Message> {
  const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new Error('The request body is too large.');
    chunks.push(chunk);
  }
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return {
    method: request.method ?? 'GET',
    path,
    query,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: parse(Buffer.concat(chunks).toString(), request.headers['content-type'] ?? ''),
  };
}

/** JSON, or the fields of a form; a SyntaxError when JSON cannot be read, which each service answers its own way. */
function parse(source: string, contentType: string): unknown {
  if (source === '') return undefined;
  if (contentType.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(source));
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    return error instanceof SyntaxError ? error : undefined;
  }
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const isPage = typeof body === 'string' && headers['content-type']?.startsWith('text/html') === true;
  const content = Buffer.from(isPage ? body : JSON.stringify(body));
  const type = 'application/json; odata.metadata=minimal; charset=utf-8';
  response.writeHead(status, { 'content-type': type, 'content-length': content.length, ...headers }).end(content);
}
