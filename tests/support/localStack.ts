import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request, type Answer } from '../../local/request';
import type { StackFile } from '../../local/stackFile';
import type { Migration } from '../../domain/migration';

export type Json = Record<string, unknown>;

export interface Reply extends Answer {
  json: unknown;
}

interface TenantUser {
  id: string;
  displayName: string;
  userPrincipalName: string;
  mail?: string | null;
  userType?: string;
  createdDateTime?: string;
  externalUserState?: string | null;
  identities?: { signInType: string; issuer: string }[];
}

/** The tenant's state as its control endpoint shows it, as far as tests look at it. */
export interface TenantState {
  users: TenantUser[];
  deletedUsers: TenantUser[];
  groups: { id: string; displayName: string; members: string[]; owners: string[]; [property: string]: unknown }[];
  roleAssignments: { id: string; principalId: string; roleDefinitionId: string; directoryScopeId?: string }[];
  appRoleAssignments: { id: string; principalId: string; resourceId: string; appRoleId: string }[];
  azureRoleAssignments: {
    id: string;
    name: string;
    properties: { principalId: string; scope: string; roleDefinitionId: string; condition?: string | null };
  }[];
  servicePrincipals: { id: string; appId: string; displayName: string }[];
  [collection: string]: unknown;
}

export interface RequestLogEntry {
  at: string;
  method: string;
  path: string;
  query: string;
  status: number;
  ms: number;
  inBatch?: boolean;
  requestBody?: unknown;
  responseBody?: unknown;
}

const root = path.resolve(__dirname, '..', '..');

/** Polls until the condition gives something, or fails with what it waited for. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/**
 * The local stack as `npm start` runs it, in processes of its own, with a data folder of its own. Everything a test
 * does goes through the same doors that people use: HTTP, and the control endpoints.
 */
export class LocalStack {
  private process: ChildProcess | undefined;
  private output = '';
  private seed: TenantState | undefined;
  private running: StackFile | undefined;

  private constructor(
    readonly data: string,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<LocalStack> {
    const data = mkdtempSync(path.join(tmpdir(), 'entra-guest-switch-e2e-'));
    const stack = new LocalStack(data, { CONSISTENCY_SECONDS: '2', ...settings });
    await stack.launch();
    stack.seed = await stack.state();
    return stack;
  }

  /** Starts the processes again on the same data. */
  async launch(): Promise<void> {
    const settings = Object.entries(this.settings).flatMap(([name, value]) => ['--setting', `${name}=${value}`]);
    const ports = ['--port', '0', '--tenant-port', '0', '--storage-port', '0'];
    this.process = spawn(
      process.execPath,
      [path.join(root, 'dist', 'local', 'start.js'), ...ports, '--data', this.data, ...settings],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    const started = this.process;
    await until(
      'the stack to start',
      () => {
        if (started.exitCode !== null) throw new Error(`the stack ended at its start:\n${this.output}`);
        return Promise.resolve(this.fileOf(started.pid) !== undefined);
      },
      60_000,
    );
    this.refresh();
  }

  /** Addresses and process ids of the running stack. */
  get file(): StackFile {
    if (this.running === undefined) throw new Error('the stack does not run');
    return this.running;
  }

  /** The stack's file, once it is the one of this parent process: a killed stack leaves its own behind. */
  private fileOf(pid: number | undefined): StackFile | undefined {
    const name = path.join(this.data, 'stack.json');
    const file = existsSync(name) ? (JSON.parse(readFileSync(name, 'utf8')) as StackFile) : undefined;
    return file?.pids.start === pid ? file : undefined;
  }

  /** Reads addresses and process ids again. */
  refresh(): void {
    this.running = JSON.parse(readFileSync(path.join(this.data, 'stack.json'), 'utf8')) as StackFile;
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Ends the parent process with a signal and waits for it. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  }

  /** Kills the host the hard way; the stack starts it again. Resolves when it answers again. */
  async restartHost(): Promise<void> {
    const { host } = this.file.pids;
    process.kill(host, 'SIGKILL');
    await this.hostAfter(host);
  }

  /** Waits until another process than this one is the host, and answers. */
  async hostAfter(pid: number): Promise<void> {
    await until(
      'the host to be started again',
      async () => {
        this.refresh();
        const health = await this.host('GET', '/api/health').catch(() => undefined);
        return this.file.pids.host !== pid && health?.status === 200;
      },
      30_000,
    );
  }

  /** What the terminal showed. */
  terminal(): string {
    return this.output;
  }

  log(name: 'host' | 'tenant' | 'storage'): string {
    return readFileSync(path.join(this.data, 'logs', `${name}.log`), 'utf8');
  }

  async api(method: string, route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send(method, `${this.file.app}/api${route}`, body, {
      'x-functions-key': this.file.hostKey,
      ...headers,
    });
  }

  async host(method: string, route: string, body?: unknown): Promise<Reply> {
    return this.send(method, `${this.file.app}${route}`, body);
  }

  async tenant(method: string, route: string, body?: unknown): Promise<Reply> {
    const reply = await this.send(method, `${this.file.tenant}${route}`, body);
    if (reply.status >= 400) throw new Error(`${method} ${route} answered ${reply.status}: ${reply.text}`);
    return reply;
  }

  /** A fresh tenant as after the first start, changed as asked; no faults, an empty request log, default settings. */
  async freshTenant(change: (state: TenantState) => void = () => undefined, settings: Json = {}): Promise<void> {
    const state = structuredClone(this.seed);
    if (state === undefined) throw new Error('the stack has not started');
    change(state);
    // The app remembers its subscription; a tenant that forgot it would never tell it anything again.
    state['changeSubscriptions'] = (await this.state())['changeSubscriptions'];
    await this.tenant('PUT', '/_tenant/faults', []);
    await this.tenant('PUT', '/_tenant/state', state);
    await this.tenant('PUT', '/_tenant/settings', {
      latencyMs: 0,
      replicationMs: 0,
      notificationMs: 0,
      duplicateNotifications: false,
      dropNotifications: false,
      throttling: 'off',
      ...settings,
    });
    await this.tenant('DELETE', '/_tenant/requests');
  }

  async state(): Promise<TenantState> {
    return (await this.tenant('GET', '/_tenant/state')).json as TenantState;
  }

  async requests(): Promise<RequestLogEntry[]> {
    return (await this.tenant('GET', '/_tenant/requests?bodies=true')).json as RequestLogEntry[];
  }

  async faults(faults: Json[]): Promise<void> {
    await this.tenant('PUT', '/_tenant/faults', faults);
  }

  async redeem(userId: string, account = 'personal'): Promise<void> {
    await this.tenant('POST', '/_tenant/redeem', { userId, account });
  }

  async advance(milliseconds: number): Promise<void> {
    const reply = await this.host('POST', '/_host/clock', { advanceMs: milliseconds });
    if (reply.status !== 200) throw new Error(`the clock answered ${reply.status}: ${reply.text}`);
  }

  async history(id: string): Promise<Json[]> {
    return (await this.host('GET', `/_host/instances/${id}/history`)).json as Json[];
  }

  async migration(id: string): Promise<Migration> {
    const reply = await this.api('GET', `/migrations/${id}`);
    if (reply.status !== 200) throw new Error(`the monitor answered ${reply.status}: ${reply.text}`);
    return reply.json as Migration;
  }

  async begin(body: Json, headers: Record<string, string> = {}): Promise<Migration> {
    const reply = await this.api('POST', '/migrations', body, headers);
    if (reply.status !== 202) throw new Error(`the start answered ${reply.status}: ${reply.text}`);
    return reply.json as Migration;
  }

  /**
   * Follows a migration until the condition holds. When nothing moves for a moment, the host's clock is advanced a
   * little, so that retries and waits cost no real time; the steps are far below a day, so no wait is skipped whole.
   */
  async follow(
    id: string,
    condition: (migration: Migration) => boolean,
    options: { stepMs?: number; withinMs?: number } = {},
  ): Promise<Migration> {
    let last = '';
    let still = 0;
    return until(
      'the migration to get there',
      async () => {
        const migration = await this.migration(id);
        if (condition(migration)) return migration;
        if (migration.phase === 'ended') {
          throw new Error(`it ended as ${String(migration.outcome)} ${JSON.stringify(migration.error)}`);
        }
        const seen = JSON.stringify([migration.phase, migration.progress, migration.access]);
        still = seen === last ? still + 1 : 0;
        last = seen;
        if (still >= 4 && migration.phase !== 'awaitingRedemption') {
          await this.advance(options.stepMs ?? 2_000);
          still = 0;
        }
        return undefined;
      },
      options.withinMs ?? 90_000,
    );
  }

  waiting(id: string): Promise<Migration> {
    return this.follow(id, (migration) => migration.phase === 'awaitingRedemption');
  }

  ended(id: string): Promise<Migration> {
    return this.follow(id, (migration) => migration.phase === 'ended');
  }

  /** Starts, waits, redeems and follows to the end. */
  async switchGuest(body: Json, account = 'personal'): Promise<Migration> {
    const { id } = await this.begin(body);
    const waiting = await this.waiting(id);
    await this.redeem(String(waiting.guest.newId), account);
    return this.ended(id);
  }

  private async send(
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const answer = await request(method, url, { body, headers, certificate: this.file.certificate });
    let json: unknown;
    try {
      json = JSON.parse(answer.text);
    } catch {
      json = undefined;
    }
    return { ...answer, json };
  }
}
