import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpRequest } from '@azure/functions';
import type { ActivityDeps } from '../../activities/activity';
import { createEnsureSubscription } from '../../activities/ensureSubscription';
import { dropSubscription, keepSubscription } from '../../activities/subscription';
import { readSubscription } from '../../activities/subscriptionMemory';
import type { Log } from '../../domain/ports';
import type { Phase } from '../../domain/phases';
import type { StepOutcome } from '../../domain/steps';
import type { Subscription } from '../../domain/subscription';
import { graphLifecycle } from '../../functions/graphLifecycle';
import { graphNotifications } from '../../functions/graphNotifications';
import { Problem, problemResponse } from '../../functions/problems';
import type { Services } from '../../functions/services';
import { tendSubscription } from '../../functions/tendSubscription';
import { watchRedemptions } from '../../functions/watchRedemptions';
import { virtualClock } from '../../local/host';
import type { StateDocument } from '../../local/tenant/store/document';
import { createMemoryDocuments } from './memoryDocuments';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';
import { inProcessSettings } from './switchInProcess';
import { tenantInProcess, type InProcess } from './tenantInProcess';
import { createTestApp, recordWith } from './testApp';

const MINUTE_MS = 60_000;

/** A subscription as the tenant stores it. */
export interface StoredSubscription {
  id: string;
  clientState: string;
  notificationUrl: string;
  expirationDateTime: string;
  changeType: string;
  [more: string]: unknown;
}

/**
 * What has to do with the subscription, without the migrations themselves: the step, the timers and the webhooks of the
 * app, the simulated tenant, and a server on this machine that hands the tenant's deliveries to the webhooks.
 */
export interface SubscriptionWorld {
  deps: ActivityDeps;
  tenant: InProcess;
  records: MemoryRecords;
  services: Services;
  logLines: string[];
  /** Migrations that were woken. */
  woken: string[];
  /** Writes a row of a migration; it waits for a guest when `newId` is given. */
  migration(id: string, phase: Phase, newId?: string): Promise<void>;
  /** The step of a migration that is about to invite. */
  step(): Promise<StepOutcome<unknown>>;
  /** One tick of the tending timer. */
  tend(): Promise<void>;
  /** One tick of the watch. */
  watch(): Promise<void>;
  minutes(count: number): void;
  /** What the tenant has that has not expired. */
  atGraph(): Promise<StoredSubscription[]>;
  /** Changes what the tenant has, behind the app's back. */
  changeAtGraph(edit: (all: StoredSubscription[]) => StoredSubscription[]): Promise<void>;
  remembered(): Promise<Subscription | undefined>;
  /** Calls of the subscriptions API since the last time, such as `POST 201`. */
  calls(): Promise<string[]>;
  close(): Promise<void>;
}

/** Builds the world. It is a quarter past eight on a Monday. */
export async function createSubscriptionWorld(seed?: StateDocument): Promise<SubscriptionWorld> {
  const clock = virtualClock('2026-03-02T08:15:30.000Z');
  const now = (): Date => new Date(clock.now());
  const tenant = tenantInProcess({ clock, ...(seed === undefined ? {} : { seed }) });
  const records = createMemoryRecords(now);
  const logLines: string[] = [];
  const write: Log['info'] = (event, fields = {}) => logLines.push(JSON.stringify({ event, ...fields }));
  const log: Log = { info: write, warn: write };
  const woken: string[] = [];
  const app = createTestApp().services;
  const { graph, azure } = tenant;
  const settings = { ...inProcessSettings };
  const deps: ActivityDeps = {
    graph,
    azure,
    records,
    documents: createMemoryDocuments(),
    clock: { now },
    settings,
    languages: app.guide.languages,
    organizationName: () => app.organizationName(),
  };
  const services: Services = {
    ...app,
    ...deps,
    log,
    durable: {
      ...app.durable,
      raise: (id) => {
        woken.push(id);
        return Promise.resolve();
      },
    },
    settings: { ...app.settings, ...settings },
  };
  const server = await serveWebhooks(services);
  settings.notificationUrl = `${server.origin}/api/graph/notifications`;
  settings.lifecycleUrl = `${server.origin}/api/graph/lifecycle`;
  const inForce = async (): Promise<StoredSubscription[]> => {
    const stored = (await tenant.state())['changeSubscriptions'] as StoredSubscription[];
    return stored.filter(({ expirationDateTime }) => Date.parse(expirationDateTime) > clock.now());
  };
  return {
    deps,
    tenant,
    records,
    services,
    logLines,
    woken,
    migration: async (id, phase, newId) => {
      const guest = { oldId: null, newId: newId ?? null, displayName: null };
      await records.createMigration(
        recordWith({ id, status: 'Running', phase, guest, updatedAt: now().toISOString() }),
      );
      if (newId !== undefined) {
        await records.lockGuest({ guestId: newId, migrationId: id, lockedAt: now().toISOString() });
      }
    },
    step: () => createEnsureSubscription(deps)({}, log),
    tend: () =>
      tendSubscription(services, {
        ensure: async (renew) => (await keepSubscription(deps, log, renew)) === 'active',
        remove: (seenAt) => dropSubscription(deps, log, seenAt),
      }),
    watch: () => watchRedemptions(services),
    minutes: (count) => {
      clock.advance(count * MINUTE_MS);
      tenant.catchUp();
    },
    atGraph: inForce,
    changeAtGraph: (edit) =>
      tenant.change((state) => {
        state['changeSubscriptions'] = edit(state['changeSubscriptions'] as StoredSubscription[]);
      }),
    remembered: () => readSubscription(records),
    calls: async () => {
      const requests = await tenant.requests();
      await tenant.control('DELETE', 'requests');
      return requests
        .filter(({ path }) => path.startsWith('/v1.0/subscriptions'))
        .map(({ method, status }) => `${method} ${status}`);
    },
    close: async () => {
      tenant.close();
      await server.close();
    },
  };
}

/** Hands requests to the webhooks as the Functions host does. */
async function serveWebhooks(services: Services): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((incoming, response) => {
    void answer(incoming, services).then(({ status, text }) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(incoming: IncomingMessage, services: Services): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const request = new HttpRequest({
    method: 'POST',
    url: url.href,
    headers: { 'content-type': incoming.headers['content-type'] ?? '' },
    body: { bytes: Buffer.concat(chunks) },
  });
  try {
    const handler = url.pathname.endsWith('/lifecycle') ? graphLifecycle : graphNotifications;
    const { status = 200, body } = await handler(request, services);
    return { status, text: typeof body === 'string' ? body : '' };
  } catch (error) {
    const status = error instanceof Problem ? problemResponse(error).status : undefined;
    return { status: status ?? 503, text: '' };
  }
}
