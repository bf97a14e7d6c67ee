import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Child, type ChildPlan } from './child';
import { takeFolder } from './folderLock';
import type { StackOptions } from './options';
import { hostPart, root, storageAddresses, storagePart, tenantPart, type Ports } from './parts';
import { choosePorts } from './ports';
import { request } from './request';
import { readRunningStack, readStackFile, retireStackFile, writeStackFile, type StackFile } from './stackFile';
import { createCertificate } from './tenant/certificate';

/** A running stack. */
export interface Stack extends StackFile {
  /** Ends every process, in reverse order of the start. */
  stop(): Promise<void>;
}

/**
 * Starts the whole local stack: storage emulator, simulated tenant, embedded host with the compiled app. A second
 * start with the same data folder goes on where the first ended. A process that ends unasked is started again.
 * Throws an Error that people can read when a part does not start; what was started by then is stopped.
 *
 * @param onTrouble told what people should know: a process was started again, or could not be; a flag has no effect
 */
export async function startStack(options: StackOptions, onTrouble: (text: string) => void): Promise<Stack> {
  const { data } = options;
  if (Number(process.versions.node.split('.')[0]) < 24) {
    throw new Error(`this is Node ${process.versions.node}; start through npm, which brings Node 24`);
  }
  if (!existsSync(path.join(root, 'dist', 'functions', 'index.js'))) {
    throw new Error('the app is not compiled: run "npm run build" first');
  }
  if (options.seed !== undefined) readSeed(options.seed);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const giveBack = takeFolder(data);
  if (giveBack === undefined) throw new Error(whoRuns(data));
  try {
    return await startIn(options, onTrouble, giveBack);
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function startIn(options: StackOptions, onTrouble: (text: string) => void, giveBack: () => void): Promise<Stack> {
  const { data, seed } = options;
  if (seed !== undefined && existsSync(path.join(data, 'tenant.db'))) {
    onTrouble('this data folder has a tenant already, which goes on: the seed is not used');
  }
  const last = readStackFile(data);
  retireStackFile(data);
  const stack = new Processes(options, await portsFor(options, last), onTrouble, giveBack);
  try {
    return await stack.start();
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function readSeed(file: string): void {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`the seed ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function whoRuns(data: string): string {
  const running = readRunningStack(data);
  const who = running === undefined ? 'it is starting or stopping' : `${running.app}, process ${running.pids.start}`;
  return `a stack uses this data folder already (${who}); stop it, or choose another folder with --data`;
}

async function portsFor(options: StackOptions, last: StackFile | undefined): Promise<Ports> {
  const before = last && {
    app: portIn(last.app),
    tenant: portIn(last.tenant),
    storage: portIn(last.storage.blob),
  };
  const app = await choosePorts({ what: 'app', count: 1, wanted: options.port, last: before?.app }, []);
  const tenant = await choosePorts(
    { what: 'simulated tenant', count: 1, wanted: options.tenantPort, last: before?.tenant },
    [app],
  );
  const storage = await choosePorts(
    { what: 'storage emulator', count: 3, wanted: options.storagePort, last: before?.storage },
    [app, tenant],
  );
  return { app, tenant, storage };
}

class Processes {
  private readonly children: Partial<Record<'storage' | 'tenant' | 'host', Child>> = {};
  private readonly file: StackFile;

  constructor(
    private readonly options: StackOptions,
    private readonly ports: Ports,
    private readonly onTrouble: (text: string) => void,
    private readonly giveBack: () => void,
  ) {
    this.file = {
      app: `http://localhost:${ports.app}`,
      tenant: `https://localhost:${ports.tenant}`,
      storage: storageAddresses(ports.storage),
      hostKey: '',
      certificate: '',
      pids: { start: process.pid, storage: 0, tenant: 0, host: 0 },
    };
  }

  async start(): Promise<Stack> {
    const { options, ports } = this;
    const certificateFile = await createCertificate(options.data);
    this.file.certificate = readFileSync(certificateFile, 'utf8');
    const identityHeader = secret(options.data, 'identity-header');
    await Promise.all([
      this.run('storage', storagePart(options, ports)),
      this.run('tenant', tenantPart(options, ports, identityHeader)),
    ]);
    const host = await this.run(
      'host',
      hostPart(options, ports, {
        tenantId: await this.tenantId(),
        certificateFile,
        identityHeader,
        notificationSecret: secret(options.data, 'notification-secret'),
      }),
    );
    this.file.hostKey = (host as { ready: { hostKey: string } }).ready.hostKey;
    this.save();
    return { ...this.file, stop: () => this.stop() };
  }

  async stop(): Promise<void> {
    retireStackFile(this.options.data);
    for (const name of ['host', 'tenant', 'storage'] as const) await this.children[name]?.stop();
    this.giveBack();
  }

  private run(name: keyof StackFile['pids'] & ('storage' | 'tenant' | 'host'), plan: ChildPlan): Promise<unknown> {
    const restarted = (): void => {
      this.onTrouble(`the ${plan.name} ended and was started again`);
      this.save();
    };
    const child = new Child(plan, restarted, this.onTrouble);
    this.children[name] = child;
    return child.start();
  }

  private save(): void {
    const { storage, tenant, host } = this.children;
    this.file.pids = {
      start: process.pid,
      storage: storage?.pid ?? 0,
      tenant: tenant?.pid ?? 0,
      host: host?.pid ?? 0,
    };
    writeStackFile(this.options.data, this.file);
  }

  private async tenantId(): Promise<string> {
    const { tenant, certificate } = this.file;
    const { text } = await request('GET', `${tenant}/_tenant/state`, { certificate });
    const { organization } = JSON.parse(text) as { organization: { id: string } };
    return organization.id;
  }
}

function portIn(address: string): number {
  return Number(new URL(address).port);
}

/** A random secret of this data folder, made on first use. */
function secret(data: string, name: string): string {
  const file = path.join(data, name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
