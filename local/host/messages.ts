import type { IncomingMessage } from 'node:http';

/** A request that the host has read completely. */
export interface HostRequest {
  method: string;
  url: URL;
  /** Lower-case names; repeated headers are joined with commas. */
  headers: Record<string, string>;
  body: Buffer;
}

/** An answer; an absent body is an empty one. */
export interface HostResponse {
  status: number;
  headers?: Record<string, string>;
  cookies?: string[];
  body?: Uint8Array | string;
}

/** Bodies above this are refused, as by the Functions host. */
const MAX_BODY_BYTES = 100 * 1024 * 1024;

/** The request says or sends more than the host takes. */
export class BodyTooLargeError extends Error {}

/** Reads a request to its end. Throws `BodyTooLargeError`, and `TypeError` if its target is not a URL. */
export async function readRequest(message: IncomingMessage): Promise<HostRequest> {
  const url = new URL(message.url ?? '/', `http://${message.headers.host ?? 'localhost'}`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLargeError();
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return { method: message.method ?? 'GET', url, headers, body: Buffer.concat(chunks) };
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): HostResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** The JSON value of a body; `undefined` for an empty one. Throws `SyntaxError`. */
export function jsonBody(request: HostRequest): unknown {
  return request.body.length === 0 ? undefined : (JSON.parse(request.body.toString()) as unknown);
}
