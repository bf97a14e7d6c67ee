import http from 'node:http';
import https from 'node:https';

/** An answer, its body read as text. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/**
 * One request to the local stack. `fetch` cannot be told which certificate to trust after the process has started;
 * this can.
 *
 * @param certificate PEM text that is trusted besides the usual ones
 */
export function request(
  method: string,
  url: string,
  options: { body?: unknown; headers?: Record<string, string>; certificate?: string } = {},
): Promise<Answer> {
  const target = new URL(url);
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = {
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const receive = (response: http.IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    };
    const ca = options.certificate === undefined ? {} : { ca: options.certificate };
    const sent =
      target.protocol === 'https:'
        ? https.request(target, { method, headers, ...ca }, receive)
        : http.request(target, { method, headers }, receive);
    sent.on('error', reject);
    sent.end(body);
  });
}
