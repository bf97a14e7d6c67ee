import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { runningClock, type Clock } from './clock';
import { control, CONTROL_PATH } from './control';
import { neverCrash, StoredCrashPlan } from './crash';
import { durableFunctionsOf } from './durableFunctions';
import { durableClientInput, durableRpc, RPC_PATH } from './durableRpc';
import { DurableEngine } from './engine/engine';
import type { DurableFunctions } from './engine/contract';
import { Store } from './engine/store';
import { readHostKey } from './hostKey';
import { hostSettings } from './hostJson';
import { httpFunctionsOf } from './httpFunctions';
import type { LoadedApp } from './loadApp';
import { silentLog, type Log } from './log';
import type { HostRequest, HostResponse } from './messages';
import { listen, type Handler, type Listening } from './server';
import { TimerFunctions } from './timerFunctions';

/** What to host: a loaded app with all its triggers, or durable functions alone. */
export type Hosted = { app: LoadedApp } | { functions: DurableFunctions };

export type HostOptions = Hosted & {
  /** Folder of host.db, host-key and crash.json; `:memory:` (the default) keeps everything in this process. */
  dataDir?: string;
  /** A running clock by default; its offset is kept in the data folder. */
  clock?: Clock;
  /** Told before this clock jumps, so that another clock can jump along; milliseconds. */
  beforeJump?: (ms: number) => Promise<void>;
  /** Settings that `%NAME%` in schedules stands for. */
  env?: NodeJS.ProcessEnv;
  log?: Log;
  defaultVersion?: string;
};

/** A host with its durable engine. */
export interface Host {
  readonly engine: DurableEngine;
  readonly clock: Clock;
  /** Key that functions of authLevel `function` and `admin` ask for. */
  readonly hostKey: string;
  /** Moves the clock, firing timers in time order; timer functions that became due fire once, at the end. */
  advance(ms: number): Promise<void>;
  /** Serves HTTP functions, the durable client and the control endpoints on 127.0.0.1; port 0 takes a free one. */
  listen(port: number): Promise<{ port: number }>;
  /** Takes no new work, waits for what runs and releases the data folder. */
  close(): Promise<void>;
}

/** Real time that one stop of a clock jump may take before the jump goes on. */
const JUMP_PATIENCE_MS = 10_000;

/** Offset of a running clock as the database of a data folder keeps it. */
export function storedClock(store: Store): Clock {
  return runningClock(Number(store.setting('clock.offsetMs') ?? 0), (offsetMs) => {
    store.setSetting('clock.offsetMs', String(offsetMs));
  });
}

/** Opens the database of a data folder, making the folder if necessary. Throws if another host has it open. */
export function openStore(dataDir: string): Store {
  if (dataDir === ':memory:') return new Store(dataDir);
  mkdirSync(dataDir, { recursive: true });
  try {
    return new Store(join(dataDir, 'host.db'));
  } catch (error) {
    if (/database is locked/.test(String(error)))
      throw new Error('Another host uses this data folder.', { cause: error });
    throw error;
  }
}

/**
 * Builds a host. Durable functions alone run at once; an app starts with `listen`, because its functions need to know
 * where the durable client is served.
 */
export function createHost(options: HostOptions, store = openStore(options.dataDir ?? ':memory:')): Host {
  const { dataDir = ':memory:', log = silentLog, env = process.env } = options;
  const clock = options.clock ?? storedClock(store);
  const app = 'app' in options ? options.app : undefined;
  const settings = app?.settings ?? hostSettings({});
  const crash = dataDir === ':memory:' ? undefined : new StoredCrashPlan(join(dataDir, 'crash.json'));
  const hostKey = hostKeyOf(dataDir);
  let port = 0;
  const client = (): string => durableClientInput(port, settings.taskHub);
  const engine = new DurableEngine({
    store,
    clock,
    log,
    crash: crash ?? neverCrash,
    functions: 'functions' in options ? options.functions : durableFunctionsOf(options.app, log, client),
    activityLimit: settings.activityLimit,
    defaultVersion: options.defaultVersion ?? settings.defaultVersion,
  });
  const timers = app && new TimerFunctions({ app, store, clock, log, client, env });
  const http = app && httpFunctionsOf(app, log, hostKey, client);
  let server: Listening | undefined;
  if (!app) engine.run();

  const advance = inTurn(async (ms) => {
    await options.beforeJump?.(ms);
    timers?.pause();
    await engine.advance(ms, app && JUMP_PATIENCE_MS);
    timers?.resume();
    await timers?.idle();
    await engine.settle(app && JUMP_PATIENCE_MS);
  });
  const controlled = { engine, now: () => clock.now(), advance, crash, timers, app };
  const door = doorOf(controlled, http);

  return {
    engine,
    clock,
    hostKey,
    advance,
    async listen(wanted) {
      server = await listen(wanted, door.handler, (error) => logInternal(log, error));
      port = server.port;
      engine.run();
      timers?.start();
      return { port };
    },
    async close() {
      timers?.pause();
      // The server goes last: what still runs may need the durable client.
      await Promise.all([door.close(), engine.stop(), timers?.idle()]);
      await server?.close();
      await app?.hooks.run('appTerminate', { hookData: {} });
      clock.stop();
      store.close();
    },
  };
}

/** Who answers which request. Once closed, functions are not called any more; `close` waits for those that run. */
function doorOf(
  controlled: Parameters<typeof control>[0],
  http: ((request: HostRequest) => Promise<HostResponse>) | undefined,
): { handler: Handler; close(): Promise<unknown> } {
  const running = new Set<Promise<HostResponse>>();
  let closing = false;
  const handler: Handler = async (request, trusted) => {
    const path = request.url.pathname;
    const internal = [CONTROL_PATH, RPC_PATH].find((prefix) => path.startsWith(prefix));
    if (internal && !trusted) return { status: 403 };
    if (internal === CONTROL_PATH) return control(controlled, request);
    if (internal === RPC_PATH) return durableRpc(controlled.engine, request);
    if (closing) return { status: 503 };
    if (!http) return { status: 404 };
    const response = http(request);
    running.add(response);
    return response.finally(() => running.delete(response));
  };
  const close = (): Promise<unknown> => {
    closing = true;
    return Promise.all(running);
  };
  return { handler, close };
}

/** One jump of the clock after the other: two at once would make it skip the timers of both. */
function inTurn(jump: (ms: number) => Promise<void>): (ms: number) => Promise<void> {
  let last = Promise.resolve();
  return (ms) => {
    const next = last.then(() => jump(ms));
    last = next.catch(() => undefined);
    return next;
  };
}

function hostKeyOf(dataDir: string): string {
  return dataDir === ':memory:' ? randomBytes(32).toString('base64url') : readHostKey(join(dataDir, 'host-key'));
}

function logInternal(log: Log, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log({ level: 'error', category: 'Host', message: text });
}
