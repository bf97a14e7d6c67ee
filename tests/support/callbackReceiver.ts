import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { createCallbackSender, type CallbackOptions } from '../../adapters/callbacks';
import { isPublicAddress } from '../../adapters/publicAddress';
import type { CallbackSender, Clock } from '../../domain/ports';
import { generateCertificate } from '../../local/tenant/certificate';

export const CALLBACK_SECRET = 'a secret of the callbacks, 32 characters or more';

/** What a delivery's body must be, field by field; anything more would be too much. */
export const cloudEventSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string().regex(/^[A-Za-z0-9_-]+$/),
  source: z.string(),
  type: z.enum(['phase', 'invitation', 'ended'].map((what) => `entra-guest-switch.migration.${what}`)),
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.strictObject({
    migrationId: z.string(),
    status: z.string(),
    phase: z.string(),
    outcome: z.string().nullable(),
    access: z.strictObject({
      captured: z.int(),
      restored: z.int(),
      alreadyPresent: z.int(),
      manual: z.int(),
      failed: z.int(),
    }),
    error: z.string().nullable(),
    why: z.string().optional(),
    number: z.int().optional(),
    account: z.enum(['personal', 'work']).optional(),
    guide: z.url().optional(),
  }),
});

export interface Delivery {
  headers: IncomingMessage['headers'];
  path: string;
  body: string;
  event: z.infer<typeof cloudEventSchema>;
}

/** How one request is answered: a status, or a connection that ends without an answer, or one that stays silent. */
export type Reply = number | 'hangUp' | 'silence' | ((response: ServerResponse) => void);

export interface Receiver {
  port: number;
  /** Its certificate, which signs itself. */
  ca: string;
  url: string;
  deliveries: Delivery[];
  /** Replies to the next requests, in turn; 204 when there are no more. */
  replies: Reply[];
  /** A sender that trusts the certificate and takes loopback for a public address; everything else is as deployed. */
  sender(clock: Clock, change?: Partial<CallbackOptions>): CallbackSender;
  stop(): Promise<void>;
}

/** An https server on loopback that is told of migrations. */
export async function startReceiver(): Promise<Receiver> {
  const { cert, key } = await generateCertificate();
  const deliveries: Delivery[] = [];
  const replies: Reply[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    void bodyOf(request).then((body) => {
      const event = cloudEventSchema.parse(JSON.parse(body));
      deliveries.push({ headers: request.headers, path: request.url ?? '', body, event });
      reply(replies.shift() ?? 204, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ca: cert,
    url: `https://localhost:${port}/hook?key=of-the-caller`,
    deliveries,
    replies,
    sender: (clock, change = {}) =>
      createCallbackSender({
        hosts: ['localhost'],
        secret: CALLBACK_SECRET,
        clock,
        ports: [port],
        resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
        isAllowed: (address) => address === '127.0.0.1' || isPublicAddress(address),
        ca: cert,
        ...change,
      }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(how: Reply, response: ServerResponse): void {
  if (typeof how === 'number') response.writeHead(how).end();
  else if (typeof how === 'function') how(response);
  else if (how === 'hangUp') response.destroy();
}
