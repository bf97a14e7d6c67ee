import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { CallbackAnswer } from '../domain/callbacks';
import type { CallbackSender, Clock } from '../domain/ports';
import { isPublicAddress } from './publicAddress';
import { retryAfterSeconds } from './retryAfter';

export interface Resolved {
  address: string;
  family: number;
}

export interface CallbackOptions {
  /** Names that callbacks may be sent to, in lower case; `*.example.com` stands for every name below example.com. */
  hosts: readonly string[];
  secret: string;
  clock: Clock;
  /** What one attempt may take, the look-up of the name included; milliseconds. */
  timeoutMs?: number;
  ports?: readonly number[];
  resolve?: (host: string) => Promise<readonly Resolved[]>;
  isAllowed?: (address: string) => boolean;
  /** Certificates that are trusted, PEM; those of Node.js when absent. */
  ca?: string;
}

const TIMEOUT_MS = 10_000;
const resolveAll = (host: string) => lookup(host, { all: true });

/**
 * Sends events over https, to hosts of the list only. A name is looked up once an attempt; every address of it must be
 * public, and the connection goes to one of exactly these: a second look-up could answer something else. Redirects are
 * not followed, and of an answer only the status and Retry-After are read.
 */
export function createCallbackSender(options: CallbackOptions): CallbackSender {
  const { hosts, clock, timeoutMs = TIMEOUT_MS, ports = [443] } = options;
  const { resolve = resolveAll, isAllowed = isPublicAddress, ca } = options;
  const refusalOf = (url: string) => refusal(url, hosts, ports);
  return {
    refusalOf,
    async send(url, { id, body }) {
      if (refusalOf(url) !== undefined) return failed('address-not-allowed');
      const deadline = AbortSignal.timeout(timeoutMs);
      try {
        const target = new URL(url);
        const addresses = await before(deadline, resolve(target.hostname));
        const [first] = addresses;
        if (first === undefined || !addresses.every(({ address }) => isAllowed(address))) {
          return failed('address-not-public');
        }
        const headers = headersOf({ id, body, secret: options.secret, now: clock.now() });
        const to = { target, lookup: pinned(first, addresses), ...(ca === undefined ? {} : { ca }) };
        return answerOf(await post(to, headers, body, deadline), clock.now());
      } catch (error) {
        return failed(deadline.aborted ? 'timeout' : wordFor(error));
      }
    },
  };
}

/**
 * `webhook-signature` of Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body`. A secret that starts with `whsec_` is
 * the base64 of the key, any other is the key itself.
 */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const prefix = 'whsec_';
  const key = secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64')}`;
}

function headersOf({ id, body, secret, now }: { id: string; body: string; secret: string; now: Date }) {
  // The time of this attempt, not of the event: receivers refuse what is old.
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return {
    'Content-Type': 'application/cloudevents+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'User-Agent': 'entra-guest-switch',
    'Webhook-Id': id,
    'Webhook-Timestamp': timestamp,
    'Webhook-Signature': signatureOf(secret, id, timestamp, body),
  };
}

function refusal(text: string, hosts: readonly string[], ports: readonly number[]): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') return 'It must be an https address.';
  if (url.username !== '' || url.password !== '') return 'It must not have a user name or a password in it.';
  if (text.includes('#')) return 'It must not have a fragment.';
  if (!ports.includes(url.port === '' ? 443 : Number(url.port))) return 'It must not name a port other than 443.';
  if (isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) return 'It must name a host, not an IP address.';
  if (!hosts.some((host) => matches(url.hostname, host))) return 'Its host is not one that callbacks may be sent to.';
  return undefined;
}

function matches(hostname: string, host: string): boolean {
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) && hostname.length >= host.length : hostname === host;
}

/** A look-up that answers what was checked. Node.js asks for all addresses when it may try several. */
function pinned(first: Resolved, addresses: readonly Resolved[]): LookupFunction {
  return (_host, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

/** Sends the request and answers with status and headers as soon as they are there; the body is never read. */
async function post(
  { target, ...connection }: { target: URL; lookup: LookupFunction; ca?: string },
  headers: Record<string, string>,
  body: string,
  deadline: AbortSignal,
): Promise<IncomingMessage> {
  // An agent of its own: a pooled connection would lead to an address that was checked some other time.
  const agent = new Agent({ keepAlive: false });
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(target, { method: 'POST', headers, agent, signal: deadline, ...connection }, (answer) => {
        answer.destroy();
        resolve(answer);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } finally {
    agent.destroy();
  }
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, now: Date): CallbackAnswer {
  if (statusCode >= 200 && statusCode < 300) return { taken: true };
  const seconds = retryAfterSeconds(headers['retry-after'], now.getTime());
  const answer = { taken: false, problem: `status-${statusCode}`, gone: statusCode === 410 } as const;
  return seconds === undefined ? answer : { ...answer, retryAfterSeconds: seconds };
}

function failed(problem: string): CallbackAnswer {
  return { taken: false, problem, gone: false };
}

/** The word that Node.js has for a failed look-up or connection; its messages name the host. */
function wordFor(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return /^\w{1,60}$/.test(code) ? code : 'not-sent';
}

/** The work's result, or a rejection when the time is up before it. */
function before<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new Error('the time is up')), { once: true });
  });
  return Promise.race([work, late]);
}
