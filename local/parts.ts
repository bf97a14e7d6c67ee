import path from 'node:path';
import type { ChildPlan } from './child';
import type { StackOptions } from './options';
import { waitUntilListening } from './ports';

/** Ports of the stack; storage uses three neighbouring ones. */
export interface Ports {
  app: number;
  tenant: number;
  storage: number;
}

/** The folder of package.json; this file runs from dist/local/. */
export const root = path.resolve(__dirname, '..', '..');

const EMULATOR_ACCOUNT = 'devstoreaccount1';
/** The key of every Azure storage emulator, published by Microsoft. It opens nothing but emulators. */
const EMULATOR_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Addresses of the storage emulator, and the connection string the app uses locally. */
export function storageAddresses(port: number): {
  blob: string;
  queue: string;
  table: string;
  connectionString: string;
} {
  const at = (offset: number): string => `http://127.0.0.1:${port + offset}/${EMULATOR_ACCOUNT}`;
  const [blob, queue, table] = [at(0), at(1), at(2)];
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${EMULATOR_ACCOUNT}`,
    `AccountKey=${EMULATOR_KEY}`,
    `BlobEndpoint=${blob}`,
    `QueueEndpoint=${queue}`,
    `TableEndpoint=${table}`,
  ].join(';');
  return { blob, queue, table, connectionString };
}

/** The storage emulator. */
export function storagePart({ data }: StackOptions, ports: Ports): ChildPlan {
  const [blob, queue, table] = [ports.storage, ports.storage + 1, ports.storage + 2].map(String);
  return {
    name: 'storage emulator',
    script: path.join(__dirname, 'azurite.js'),
    args: [
      ...['--location', path.join(data, 'azurite')],
      ...['--blobPort', blob ?? '', '--queuePort', queue ?? '', '--tablePort', table ?? ''],
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
    ],
    env: plainEnvironment(data),
    logFile: path.join(data, 'logs', 'storage.log'),
    ready: (_message, ended) =>
      Promise.all([0, 1, 2].map((offset) => waitUntilListening(ports.storage + offset, 30_000, ended))),
  };
}

/** The simulated tenant. */
export function tenantPart({ data, seed }: StackOptions, ports: Ports, identityHeader: string): ChildPlan {
  return {
    name: 'simulated tenant',
    script: path.join(__dirname, 'tenant', 'main.js'),
    args: ['--port', String(ports.tenant), '--data', data, ...(seed === undefined ? [] : ['--seed', seed])],
    env: { ...plainEnvironment(data), IDENTITY_HEADER: identityHeader },
    logFile: path.join(data, 'logs', 'tenant.log'),
    ready: (message) => message,
  };
}

/** What the app is told by settings: that its cloud is here. */
export interface AppEnvironment {
  tenantId: string;
  certificateFile: string;
  identityHeader: string;
  notificationSecret: string;
}

/** The embedded host with the compiled app. */
export function hostPart({ data, settings }: StackOptions, ports: Ports, app: AppEnvironment): ChildPlan {
  const tenant = `https://localhost:${ports.tenant}`;
  return {
    name: 'host',
    script: path.join(__dirname, 'host', 'main.js'),
    args: ['--app', root, '--port', String(ports.app), '--data', data, '--clock-peer', `${tenant}/_tenant/clock`],
    env: {
      ...plainEnvironment(data),
      NODE_EXTRA_CA_CERTS: app.certificateFile,
      IDENTITY_ENDPOINT: `${tenant}/msi/token`,
      IDENTITY_HEADER: app.identityHeader,
      AZURE_TENANT_ID: app.tenantId,
      APP_BASE_URL: `http://localhost:${ports.app}`,
      GRAPH_ENDPOINT: tenant,
      ARM_ENDPOINT: tenant,
      RECORDS_CONNECTION_STRING: storageAddresses(ports.storage).connectionString,
      NOTIFICATION_SECRET: app.notificationSecret,
      CONSISTENCY_SECONDS: '5',
      TASKHUB_NAME: 'local',
      ...settings,
    },
    logFile: path.join(data, 'logs', 'host.log'),
    ready: (message) => message,
  };
}

/** Only what a process needs to run: the developer's own AZURE_… variables must not reach the app. */
function plainEnvironment(data: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  // Compiled code is kept, so that a process that is started again is there sooner.
  return { PATH, HOME, TMPDIR, SystemRoot, NODE_COMPILE_CACHE: path.join(data, 'compile-cache') };
}
