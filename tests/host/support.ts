import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ActivityHandler, OrchestrationHandler } from 'durable-functions';
import { EventType, type HistoryEvent } from '../../local/host';
import type { Clock } from '../../local/host/clock';
import { virtualClock } from '../../local/host/clock';
import { DurableEngine } from '../../local/host/engine/engine';
import { Store } from '../../local/host/engine/store';
import { createFunctionTable } from '../../local/host/functionTable';

export const START = '2026-01-01T00:00:00.000Z';
/** A parsed JSON value whose shape the test knows. */
type Json = ReturnType<typeof JSON.parse>;

export const DAY_MS = 86_400_000;

/** An engine in memory that runs the given functions; `store` and `clock` may be those of an earlier one. */
export function engineOf(
  orchestrators: Record<string, OrchestrationHandler>,
  activities: Record<string, ActivityHandler> = {},
  { store = new Store(':memory:'), clock = virtualClock(START) }: { store?: Store; clock?: Clock } = {},
): { engine: DurableEngine; store: Store; clock: Clock } {
  const engine = new DurableEngine({ store, clock, functions: createFunctionTable({ orchestrators, activities }) });
  engine.run();
  return { engine, store, clock };
}

const NAMES = new Map<number, string>(Object.entries(EventType).map(([name, number]) => [number, name]));
const FRAME: number[] = [EventType.OrchestratorStarted, EventType.OrchestratorCompleted];

/** A history in short lines, `<type> <id> <name>`, without the frames around episodes. */
export function outline(history: HistoryEvent[]): string[] {
  return history
    .filter((event) => !FRAME.includes(event.EventType))
    .map((event) => {
      const id = event.TaskScheduledId ?? event.TimerId ?? event.EventId;
      const name = event.Name ? ` ${event.Name}` : '';
      return `${NAMES.get(event.EventType) ?? event.EventType}${id < 0 ? '' : ` ${id}`}${name}`;
    });
}

/** Times (ISO) at which the timers of a history are due. */
export function dueTimes(history: HistoryEvent[]): string[] {
  return history.filter((event) => event.EventType === EventType.TimerCreated).map((event) => event.FireAt ?? '');
}

/** Calls `probe` until it returns something else than undefined or the time is up. */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error('The condition did not come true in time.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'embedded-host-'));
}

const ROOT = join(__dirname, '..', '..');
/** The compiled host; HOST_MAIN points to another build of it. */
const HOST_MAIN = process.env['HOST_MAIN'] ?? join(ROOT, 'dist', 'local', 'host', 'main.js');
export const FIXTURE_APP = join(__dirname, 'fixture-app');

export interface ExitOf {
  code: number | null;
  signal: string | null;
}

/** The fixture app in a real host process. */
export class FixtureHost {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly exited: Promise<ExitOf>;
  port = 0;
  hostKey = '';
  stdout = '';
  stderr = '';

  private constructor(folder: string, app: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#child = spawn(process.execPath, [HOST_MAIN, '--app', app, '--port', '0', '--data', join(folder, 'data')], {
      env: {
        ...process.env,
        FIXTURE_EFFECTS: join(folder, 'effects'),
        FIXTURE_SCHEDULE: '0 0 3 * * *',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    // Not the event 'close': it never comes after a disconnect from this side.
    const exit = new Promise<ExitOf>((resolve) =>
      this.#child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    this.exited = Promise.all([exit, ended(this.#child.stdout), ended(this.#child.stderr)]).then(([end]) => end);
  }

  /** Starts a process without waiting for it. */
  static spawn(folder: string, app = FIXTURE_APP, env: NodeJS.ProcessEnv = {}): FixtureHost {
    return new FixtureHost(folder, app, env);
  }

  /** Starts a process and waits until it listens; undefined if it killed itself before. */
  static async start(folder: string, env: NodeJS.ProcessEnv = {}): Promise<FixtureHost | undefined> {
    const host = FixtureHost.spawn(folder, FIXTURE_APP, env);
    const ready = new Promise<{ port: number; hostKey: string }>((resolve) => {
      host.#child.once('message', (message) =>
        resolve((message as { ready: { port: number; hostKey: string } }).ready),
      );
    });
    const first = await Promise.race([ready, host.exited]);
    if (!('port' in first)) {
      if (first.signal === 'SIGKILL') return undefined;
      throw new Error(`The fixture host did not start: ${host.stderr}`);
    }
    host.port = first.port;
    host.hostKey = first.hostKey;
    return host;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  async json(path: string, init: RequestInit = {}): Promise<Json> {
    return (await this.request(path, init)).json();
  }

  post(path: string, body: unknown): Promise<Json> {
    return this.json(path, { method: 'POST', body: JSON.stringify(body) });
  }

  /** Calls a method of the real durable client inside the app; throws what the client throws. */
  async client(method: string, ...args: unknown[]): Promise<Json> {
    const { result, error } = await this.post(`/api/client/${method}`, { args });
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** What the app's activities and timers did, one line each, over all processes with this folder. */
  effects(): string[] {
    return readFileSync(join(this.folder, 'effects'), 'utf8').trim().split('\n');
  }

  disconnect(): void {
    this.#child.disconnect();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<ExitOf> {
    this.kill('SIGTERM');
    return this.exited;
  }
}

/** Gives each test of a file a folder of its own and removes it afterwards. */
export function folders(): () => string {
  const made: string[] = [];
  afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  return () => {
    const folder = temporaryFolder();
    made.push(folder);
    return folder;
  };
}

function ended(stream: Readable | null): Promise<void> {
  return new Promise((resolve) => stream?.once('end', resolve));
}
