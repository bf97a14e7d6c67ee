import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { accessKinds } from '../../access';
import type { Migration } from '../../domain/migration';
import { request } from '../../local/request';
import type { StackFile } from '../../local/stackFile';
import { builtInTenant } from '../../local/tenant/seed';
import { workGuests } from '../support/demoGuest';
import { until, type TenantState } from '../support/localStack';

// `npm start` and `npm run demo` as somebody at a terminal meets them: what they print, what they leave, how they end.

const root = path.resolve(__dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'entra-guest-switch-startstop-'));
const programs: Program[] = [];

afterAll(async () => {
  for (const program of programs) await program.end('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** A compiled program of the project, run by itself. */
class Program {
  output = '';
  /** Resolves when the program has ended and said everything; null = ended by a signal. */
  readonly code: Promise<number | null>;
  private readonly process: ChildProcess;

  constructor(name: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [path.join(root, 'dist', 'local', name), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    this.code = once(this.process, 'close').then(([code]: unknown[]) => code as number | null);
    programs.push(this);
  }

  hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async says(text: string): Promise<void> {
    await until(`"${text}"`, () => Promise.resolve(this.hasEnded() || this.output.includes(text)), 60_000);
    if (!this.output.includes(text)) throw new Error(`it ended without saying "${text}":\n${this.output}`);
  }

  /** The one printed line that begins so, as it is printed. */
  line(beginning: string): string {
    const lines = this.output.split('\n').filter((line) => line.trimStart().startsWith(beginning));
    if (lines.length !== 1) throw new Error(`${lines.length} lines begin with "${beginning}":\n${this.output}`);
    return String(lines[0]);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.hasEnded()) this.process.kill(signal);
    return this.code;
  }
}

const freePorts = ['--port', '0', '--tenant-port', '0', '--storage-port', '0'];
const WELCOME = 'Ctrl-C stops everything';

async function start(data: string, ...args: string[]): Promise<{ program: Program; file: StackFile }> {
  const program = new Program('start.js', [...freePorts, '--data', data, ...args]);
  await program.says(WELCOME);
  return { program, file: stackFile(data) };
}

function stackFile(data: string): StackFile {
  return JSON.parse(readFileSync(path.join(data, 'stack.json'), 'utf8')) as StackFile;
}

/** Runs a printed line as somebody who pastes it would. */
async function paste<T>(line: string): Promise<T> {
  const { stdout } = await promisify(execFile)('bash', ['-c', line]);
  return JSON.parse(stdout) as T;
}

async function get<T>(url: string, { certificate }: StackFile): Promise<T> {
  const { status, text } = await request('GET', url, { certificate });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}

async function expectGone({ pids }: StackFile): Promise<void> {
  expect(Object.keys(pids)).toHaveLength(4);
  for (const pid of Object.values(pids)) expect(pid).toBeGreaterThan(0);
  await until('the processes to be gone', () => Promise.resolve(!Object.values(pids).some(isAlive)), 5_000);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Writes a tenant like the built-in one, changed. */
function seedFile(name: string, change: (state: TenantState) => void): string {
  const state = structuredClone(builtInTenant()) as TenantState;
  change(state);
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(state));
  return file;
}

interface Mail {
  to: string;
  inviteRedeemUrl: string;
  userId: string;
}

describe('npm start', () => {
  const data = path.join(folder, 'data');
  let first: { program: Program; file: StackFile };
  let migration: Migration;
  let mail: Mail;

  beforeAll(async () => {
    first = await start(data);
  }, 60_000);

  it('prints a line that starts a migration when it is pasted', async () => {
    migration = await paste<Migration>(first.program.line('curl -s -X POST'));
    expect(migration).toMatchObject({ status: 'NotStarted', phase: 'preflight', error: null });
  });

  it('prints the address of the mailbox, where the invitation arrives; its link opens', async () => {
    const mailbox = first.program.line('https://').trim();
    const invited = /"inviteEmail":"([^"]+)"/.exec(first.program.line('curl -s -X POST'))?.[1];
    mail = await until('the invitation', async () =>
      (await get<Mail[]>(mailbox, first.file)).find(({ to }) => to === invited),
    );
    const page = await request('GET', mail.inviteRedeemUrl, { certificate: first.file.certificate });
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page.text).toContain(invited);
  });

  it('refuses a second start with the same data, and goes on', async () => {
    const second = new Program('start.js', [...freePorts, '--data', data]);
    expect(await second.code).toBe(1);
    expect(second.output).toContain(`a stack uses this data folder already (${first.file.app}, process `);
    const { value } = await paste<{ value: Migration[] }>(first.program.line("curl -s 'http"));
    expect(value.map(({ id }) => id)).toEqual([migration.id]);
    expect(stackFile(data)).toEqual(first.file);
  });

  it('names a port that is in use, and starts nothing', async () => {
    const other = path.join(folder, 'other');
    const port = new URL(first.file.tenant).port;
    const second = new Program('start.js', [...freePorts, '--tenant-port', port, '--data', other]);
    expect(await second.code).toBe(1);
    expect(second.output).toContain(`port ${port} for the simulated tenant is in use`);
    expect(existsSync(path.join(other, 'logs'))).toBe(false);
  });

  it('ends everything at Ctrl-C, and goes on at the next start with the same data', async () => {
    expect(await first.program.end('SIGINT')).toBe(0);
    await expectGone(first.file);
    expect(existsSync(path.join(data, 'stack.json'))).toBe(false);

    const next = await start(data);
    const follow = next.program.line("curl -s 'http");
    const waits = async (): Promise<Migration[] | false> => {
      const { value } = await paste<{ value: Migration[] }>(follow);
      return value.every(({ phase }) => phase === 'awaitingRedemption') && value;
    };
    const list = await until('the earlier migration to wait', waits, 30_000);
    expect(list.map(({ id }) => id)).toEqual([migration.id]);
    // The link that was mailed before still leads somewhere; the page's form is what redeems.
    const { origin, searchParams } = new URL(mail.inviteRedeemUrl);
    const body = { ...Object.fromEntries(searchParams), account: 'personal' };
    const done = await request('POST', `${origin}/redeem/`, { body, certificate: next.file.certificate });
    expect(done.status).toBe(200);
    const ended = await until(
      'the end',
      async () => (await paste<{ value: Migration[] }>(follow)).value.find(({ phase }) => phase === 'ended'),
      30_000,
    );
    expect(ended).toMatchObject({ id: migration.id, status: 'Succeeded', guest: { newId: mail.userId } });
    expect(await next.program.end('SIGINT')).toBe(0);
    await expectGone(next.file);
  }, 60_000);

  it('loads a seed', async () => {
    const seed = seedFile('seed.json', (state) => {
      for (const guest of workGuests(state)) guest.displayName = "Zoë d'Arc";
    });
    const seeded = await start(path.join(folder, 'seeded'), '--seed', seed);
    expect(seeded.program.line('Switch a guest')).toBe("Switch a guest (Zoë d'Arc):");
    const names = (await get<TenantState>(`${seeded.file.tenant}/_tenant/state`, seeded.file)).users.map(
      ({ displayName }) => displayName,
    );
    expect(names).toContain("Zoë d'Arc");
    const { status } = await paste<Migration>(seeded.program.line('curl -s -X POST'));
    expect(status).toBe('NotStarted');
    expect(await seeded.program.end('SIGINT')).toBe(0);
  }, 60_000);

  it.each([
    ['an unknown flag', ['--fast'], "Unknown option '--fast'"],
    ['no port', ['--port', 'any'], '--port must be a port, 0 to 65535'],
    ['a setting without a value', ['--setting', 'POLL_MINUTES'], '--setting takes NAME=VALUE'],
  ])('%s: says how to use it', async (_what, args, message) => {
    const program = new Program('start.js', [...args, '--data', path.join(folder, 'never')]);
    expect(await program.code).toBe(1);
    expect(program.output).toContain(message);
    expect(program.output).toContain('usage: npm start -- [--port 7071]');
    expect(existsSync(path.join(folder, 'never'))).toBe(false);
  });

  it('says why a seed cannot be used', async () => {
    const missing = new Program('start.js', ['--seed', path.join(folder, 'nowhere.json')]);
    expect(await missing.code).toBe(1);
    expect(missing.output).toMatch(/the seed .*nowhere\.json cannot be read: ENOENT/);

    const wrong = path.join(folder, 'wrong.json');
    writeFileSync(wrong, '{"people": []}');
    const refused = new Program('start.js', [...freePorts, '--data', path.join(folder, 'wrong'), '--seed', wrong]);
    expect(await refused.code).toBe(1);
    expect(refused.output).toContain('people: there is no such collection.');
  });
});

describe('npm run demo', () => {
  interface Demo {
    program: Program;
    /** Addresses and process ids of what the demo started. */
    stack: StackFile;
    /** What is there of the demo's data. */
    left: () => string[];
  }

  /** Runs the demo with a folder for temporary files of its own, until its stack is up. */
  async function demo(name: string, ...args: string[]): Promise<Demo> {
    const temporary = path.join(folder, name);
    mkdirSync(temporary);
    const program = new Program('demo.js', args, { TMPDIR: temporary });
    const left = (): string[] => readdirSync(temporary).filter((one) => one.startsWith('entra-guest-switch-'));
    const running = (): string | undefined => {
      if (program.hasEnded()) throw new Error(`the demo ended at its start:\n${program.output}`);
      return left()
        .map((one) => path.join(temporary, one))
        .find((one) => existsSync(path.join(one, 'stack.json')));
    };
    const data = await until('the stack of the demo', () => Promise.resolve(running()), 60_000);
    return { program, stack: stackFile(data), left };
  }

  async function expectNothingLeft({ stack, left }: Demo): Promise<void> {
    await expectGone(stack);
    expect(left()).toEqual([]);
  }

  it('switches a guest in less than a minute, shows every kind of access, and leaves nothing behind', async () => {
    const begun = Date.now();
    const running = await demo('works');
    const { program } = running;
    expect(await program.code).toBe(0);
    expect(Date.now() - begun).toBeLessThan(60_000);

    expect(program.output).toContain('Before: ');
    expect(program.output).toMatch(/^signs in with +work account +personal Microsoft account$/m);
    for (const { kind, calls } of Object.values(accessKinds)) {
      // Policies are left to people unless a setting says otherwise.
      const byHand = calls.restore.length === 0 || kind === 'conditionalAccess';
      // The invitation names the sponsors, so they are there before anything is restored.
      const result = byHand ? 'manual' : kind === 'sponsor' ? 'alreadyPresent' : 'restored';
      expect(program.output).toMatch(new RegExp(`^${kind} .*${result}`, 'm'));
    }
    expect(program.output).toMatch(/^completed\w*: \d+ captured = /m);
    expect(program.output).toContain('Done: every grant that an app can restore is back');
    await expectNothingLeft(running);
  }, 90_000);

  it('ends early when the tenant lets nobody invite, saying why, and at Ctrl-C; leaves nothing behind', async () => {
    const seed = seedFile('nobody.json', (state) => {
      (state['authorizationPolicy'] as { allowInvitesFrom: string }).allowInvitesFrom = 'none';
    });
    const [refused, stopped] = await Promise.all([demo('refused', '--seed', seed), demo('stopped')]);
    expect(await stopped.program.end('SIGINT')).toBe(1);
    await expectNothingLeft(stopped);

    expect(await refused.program.code).toBe(1);
    const { output } = refused.program;
    expect(output).toContain('The demo failed:\n  - the migration ended as rejected\n');
    expect(output).toContain('invitations-allowed: The tenant allows nobody to invite guests. Change "Guest invite');
    expect(output).not.toContain('Done');
    await expectNothingLeft(refused);
  }, 60_000);

  it('says how to use it', async () => {
    const program = new Program('demo.js', ['--slow']);
    expect(await program.code).toBe(1);
    expect(program.output).toContain("Unknown option '--slow'\nusage: npm run demo -- [--seed FILE]");
  });
});
