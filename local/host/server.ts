import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BodyTooLargeError, readRequest, type HostRequest, type HostResponse } from './messages';

/** Answers a request; `trusted` is true for callers on this machine that no web page could have sent. */
export type Handler = (request: HostRequest, trusted: boolean) => Promise<HostResponse>;

/** A server that listens. `close` resolves when the last answer was sent. */
export interface Listening {
  port: number;
  close(): Promise<void>;
}

const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Serves on the loopback address only; port 0 takes a free one. `failed` is told of errors of the handler. */
export async function listen(port: number, handler: Handler, failed: (error: unknown) => void): Promise<Listening> {
  const server = createServer((message, response) => {
    void answer(message, handler, failed).then((result) => send(response, result));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(
  message: IncomingMessage,
  handler: Handler,
  failed: (error: unknown) => void,
): Promise<HostResponse> {
  let request: HostRequest;
  try {
    request = await readRequest(message);
  } catch (error) {
    return { status: error instanceof BodyTooLargeError ? 413 : 400 };
  }
  try {
    return await handler(request, isTrusted(message, request));
  } catch (error) {
    failed(error);
    return { status: 500 };
  }
}

/**
 * A name that merely resolves to this machine is not trusted (DNS rebinding), nor is a page of another origin, which
 * can send simple requests to any address.
 */
function isTrusted(message: IncomingMessage, { url, headers }: HostRequest): boolean {
  const origin = headers['origin'];
  return (
    LOOPBACK_ADDRESSES.includes(message.socket.remoteAddress ?? '') &&
    LOOPBACK_NAMES.includes(url.hostname) &&
    (origin === undefined || origin === url.origin)
  );
}

function send(response: ServerResponse, { status, headers = {}, cookies = [], body = '' }: HostResponse): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.statusCode = status;
  response.end(body);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
