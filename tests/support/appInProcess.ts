import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityHandler, OrchestrationHandler } from 'durable-functions';
import { createActivities } from '../../activities';
import type { ActivityDeps, ActivitySettings } from '../../activities/activity';
import { dropSubscription, keepSubscription } from '../../activities/subscription';
import { createCallbackSender } from '../../adapters/callbacks';
import { readGuide } from '../../adapters/guideTexts';
import type { Log } from '../../domain/ports';
import type { MigrationRecord } from '../../domain/record';
import { SWITCH_GUEST } from '../../domain/steps';
import { deliverCallbacks } from '../../functions/deliverCallbacks';
import { markStuckMigrations } from '../../functions/markStuckMigrations';
import type { Services, TriggerSettings } from '../../functions/services';
import { sweepMigrations } from '../../functions/sweepMigrations';
import { tendSubscription } from '../../functions/tendSubscription';
import { watchRedemptions } from '../../functions/watchRedemptions';
import { createFunctionTable, createHost, virtualClock, type Host } from '../../local/host';
import type { StateDocument } from '../../local/tenant/store/document';
import { switchGuest } from '../../orchestrators/switchGuest';
import { GUIDE_FOLDER } from './activityWorld';
import type { TenantState } from './localStack';
import { createMemoryDocuments, type MemoryDocuments } from './memoryDocuments';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';
import { inProcessSettings } from './switchInProcess';
import { tenantInProcess, type InProcess } from './tenantInProcess';
import { deliver, gatewayOver, migrationIdIn, through } from './inProcessParts';
import { invitedNow, observeRows, type InvitedGuest, type PhaseStep } from './observed';
import { BASE_URL, createTestApp, send, type TestAnswer } from './testApp';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MOST_STOPS = 3_000;

/** One call of the app to the outside, in the order in which they began. */
export interface OutsideCall {
  /** The step, route or timer that made it. */
  actor: string;
  /** Of the step that made it; null where a route or a timer did. */
  migrationId: string | null;
  /** Such as `graph.write` or `records.updateMigration`. */
  call: string;
  args: readonly unknown[];
  /** For calls to Graph and Azure: how the invited guests stood in the directory when it began. */
  invited: readonly InvitedGuest[];
}

export interface AppOptions {
  seed?: StateDocument;
  settings?: Partial<ActivitySettings & TriggerSettings>;
  /** Holds a call back until it resolves: lets others act between any two calls of an actor. */
  gate?: (actor: string, call: string) => Promise<void>;
}

/** The app's timers by name. */
export type Tick =
  'watchRedemptions' | 'sweepMigrations' | 'tendSubscription' | 'markStuckMigrations' | 'deliverCallbacks';

/** Everything the app consists of, in one process, with one virtual clock. */
export interface AppInProcess {
  tenant: InProcess;
  records: MemoryRecords;
  documents: MemoryDocuments;
  services: Services;
  host: Host;
  logLines: string[];
  calls: OutsideCall[];
  /** Steps of all rows, in order. */
  phaseSteps: PhaseStep[];
  /** Every guest that a row has named as the invited one, by migration. */
  invitedIds: ReadonlyMap<string, ReadonlySet<string>>;
  /** Pairs of migrations of one guest that ran at the same time. */
  overlaps: string[];
  now(): Date;
  /** Sends a request and lets everything happen that needs no time. Paths begin after /api. */
  post(path: string, body?: unknown): Promise<TestAnswer>;
  get(path: string): Promise<TestAnswer>;
  /** Sends a request and waits for nothing but its answer: for moments at which a step is held back. */
  request(method: string, path: string, body?: unknown): Promise<TestAnswer>;
  /** Starts a migration, which must be taken; answers its id. */
  start(body: Record<string, unknown>): Promise<string>;
  /** Moves the clock; timers of the app run when it passes them, each once a stop: a minute, or longer on a long way. */
  advance(ms: number): Promise<void>;
  /** Goes from one thing that is due to the next until the condition holds. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** The guest accepts; the tenant notifies the app. */
  redeem(newId: string, account?: string): Promise<void>;
  state(): Promise<TenantState>;
  row(id: string): MigrationRecord;
  /** Runs one tick of a timer. */
  tick(name: Tick): Promise<void>;
  /** Begins one tick, and waits for nothing but it. */
  begin(name: Tick): Promise<void>;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** The phase in the orchestration's status; null before the first. */
  customPhase(id: string): string | null;
  close(): Promise<void>;
}

/** When each timer fires: seconds into a period, as registerTimers.ts has it. */
const schedules: Record<Tick, { everyMs: number; atMs: number }> = {
  watchRedemptions: { everyMs: MINUTE_MS, atMs: 0 },
  sweepMigrations: { everyMs: MINUTE_MS, atMs: 15_000 },
  tendSubscription: { everyMs: 5 * MINUTE_MS, atMs: 30_000 },
  markStuckMigrations: { everyMs: 5 * MINUTE_MS, atMs: 45_000 },
  deliverCallbacks: { everyMs: MINUTE_MS, atMs: 55_000 },
};

/**
 * The whole app: the real routes, timers, orchestrator and replay engine, activities and adapters, and the simulated
 * tenant, whose notifications reach the app's webhooks. Records and documents are in memory; nothing takes real time.
 */
export function createAppInProcess(options: AppOptions = {}): AppInProcess {
  const clock = virtualClock('2026-03-02T08:00:00.000Z');
  const now = (): Date => new Date(clock.now());
  const actors = new AsyncLocalStorage<{ actor: string; migrationId: string | null }>();
  const as = <T>(actor: string, act: () => T): T => actors.run({ actor, migrationId: null }, act);
  const calls: OutsideCall[] = [];
  const deliveries = new Set<Promise<unknown>>();
  const outside = async (call: string, args: readonly unknown[]): Promise<void> => {
    const { actor, migrationId } = actors.getStore() ?? { actor: 'test', migrationId: null };
    await options.gate?.(actor, call);
    const invited = /^(graph|azure)\.(write|put|remove)/.test(call) ? invitedNow(tenant, records, invitedIds) : [];
    calls.push({ actor, migrationId, call, args, invited });
  };
  const tenant = tenantInProcess({
    clock,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    send: (url, init) => {
      const delivery = as('notification', () => deliver(services, url, init));
      deliveries.add(delivery);
      return delivery.finally(() => deliveries.delete(delivery));
    },
  });
  const records = createMemoryRecords(now);
  records.before = (operation) => outside(`records.${operation}`, []);
  const { phaseSteps, invitedIds, overlaps } = observeRows(records);
  const documents = createMemoryDocuments();
  const logLines: string[] = [];
  const write: Log['info'] = (event, fields = {}) => logLines.push(JSON.stringify({ event, ...fields }));
  const log: Log = { info: write, warn: write };
  const base = createTestApp().services;
  const settings = { ...base.settings, ...inProcessSettings, ...options.settings, baseUrl: BASE_URL };
  settings.notificationUrl = `${BASE_URL}/api/graph/notifications`;
  settings.lifecycleUrl = `${BASE_URL}/api/graph/lifecycle`;
  const guide = readGuide(GUIDE_FOLDER);
  const deps: ActivityDeps = {
    graph: through(tenant.graph, 'graph', outside),
    azure: through(tenant.azure, 'azure', outside),
    records,
    documents: through(documents, 'documents', outside),
    clock: { now },
    settings,
    languages: guide.languages,
    organizationName: () => Promise.resolve('Fjellbekk'),
  };
  const activities = createActivities(deps);
  const functions = createFunctionTable({
    orchestrators: { [SWITCH_GUEST]: switchGuest as OrchestrationHandler },
    activities: Object.fromEntries(
      Object.entries(activities).map(([name, run]): [string, ActivityHandler] => [
        name,
        (input: unknown) => actors.run({ actor: name, migrationId: migrationIdIn(input) }, () => run(input, log)),
      ]),
    ),
  });
  const host = createHost({ functions, clock });
  const services: Services = {
    ...deps,
    durable: gatewayOver(host, outside),
    callbacks: createCallbackSender({ hosts: [], secret: '', clock: { now } }),
    undo: activities,
    guide,
    log,
    settings,
  };
  const ticks: Record<Tick, () => Promise<void>> = {
    watchRedemptions: () => watchRedemptions(services),
    sweepMigrations: () => sweepMigrations(services),
    tendSubscription: () =>
      tendSubscription(services, {
        ensure: async (renew) => (await keepSubscription(deps, log, renew)) === 'active',
        remove: (seenAt) => dropSubscription(deps, log, seenAt),
      }),
    markStuckMigrations: () => markStuckMigrations(services),
    deliverCallbacks: () => deliverCallbacks(services),
  };
  const settle = async (): Promise<void> => {
    do {
      await host.engine.settle();
      await Promise.allSettled(deliveries);
      // A delivery may have woken the engine, and its answer is still to be written down.
      await new Promise((resolve) => setImmediate(resolve));
      await host.engine.settle();
    } while (deliveries.size > 0);
  };
  const tick = async (name: Tick): Promise<void> => {
    await as(name, ticks[name]);
    await settle();
  };
  /** Goes to an instant and runs what became due, each timer once, as the host does after a jump. */
  const goTo = async (atMs: number): Promise<void> => {
    const fromMs = clock.now();
    await host.advance(atMs - fromMs);
    tenant.catchUp();
    await settle();
    for (const [name, schedule] of Object.entries(schedules)) {
      if (nextTick(schedule, fromMs) <= atMs) await tick(name as Tick);
    }
  };
  const request = (method: string, path: string, body?: unknown): Promise<TestAnswer> => {
    const content =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return as(`${method} ${path}`, () => send(services, method, `/api${path}`, content));
  };
  const call = async (method: string, path: string, body?: unknown): Promise<TestAnswer> => {
    const answer = await request(method, path, body);
    await settle();
    return answer;
  };
  const app: AppInProcess = {
    tenant,
    records,
    documents,
    services,
    host,
    logLines,
    calls,
    phaseSteps,
    invitedIds,
    overlaps,
    now,
    settle,
    tick,
    begin: (name) => as(name, ticks[name]),
    post: (path, body) => call('POST', path, body),
    get: (path) => call('GET', path),
    request,
    start: async (body) => {
      const answer = await call('POST', '/migrations', body);
      if (answer.status !== 202) throw new Error(`The start was answered with ${answer.status}: ${answer.text}`);
      return (answer.json as { id: string }).id;
    },
    advance: async (ms) => {
      const target = clock.now() + ms;
      const step = stepFor(ms);
      while (clock.now() < target) await goTo(Math.min(target, (Math.floor(clock.now() / step) + 1) * step));
    },
    until: async (what, condition) => {
      await settle();
      for (let stops = 0; !(await condition()); stops += 1) {
        if (stops > MOST_STOPS) throw new Error(`In vain waited for: ${what}.`);
        const minute = nextTick({ everyMs: MINUTE_MS, atMs: 0 }, clock.now());
        await goTo(Math.min(minute, Math.max(host.engine.nextTimerAt()?.getTime() ?? Infinity, clock.now())));
      }
    },
    redeem: async (newId, account = 'personal') => {
      await tenant.redeem(newId, account);
      await settle();
    },
    state: () => tenant.state(),
    row: (id) => {
      const found = records.migrations.get(id);
      if (found === undefined) throw new Error(`There is no migration ${id}.`);
      return structuredClone(found);
    },
    customPhase: (id) => {
      const status = host.engine.status(id)?.customStatus as { phase?: string } | null | undefined;
      return status?.phase ?? null;
    },
    close: async () => {
      await host.close();
      tenant.close();
    },
  };
  return app;
}

/** A month by the minute would be most of a test's time. */
function stepFor(ms: number): number {
  if (ms <= 2 * HOUR_MS) return MINUTE_MS;
  return ms <= 2 * DAY_MS ? HOUR_MS : 12 * HOUR_MS;
}

function nextTick({ everyMs, atMs }: { everyMs: number; atMs: number }, afterMs: number): number {
  return (Math.floor((afterMs - atMs) / everyMs) + 1) * everyMs + atMs;
}
