import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import { ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { retryReadsBriefly } from '../briefRetry';
import type { TokenCredential } from '../credential';
import { restFailure } from '../restErrors';
import { BRIEF_RETRIES, BRIEF_SECONDS } from '../retryAfter';
import type { RecordsLocation } from '../settings';

const tableNames = {
  migrations: 'Migrations',
  activeGuests: 'ActiveGuests',
  auditLog: 'AuditLog',
  grantResults: 'GrantResults',
  idempotencyKeys: 'IdempotencyKeys',
  controls: 'Controls',
  callbacks: 'Callbacks',
  callbackQueue: 'CallbackQueue',
} as const;

const containerNames = { snapshots: 'snapshots', reports: 'reports', invitations: 'invitations' } as const;

/** Clients of the storage account of the records. */
export interface StorageClients {
  tables: Record<keyof typeof tableNames, TableClient>;
  containers: Record<keyof typeof containerNames, ContainerClient>;
  /** Ends an operation on a document in time; the SDK has no limit of its own there. Rows have theirs already. */
  deadline(): AbortSignal;
  /** Creates the tables and containers that do not exist. Cheap after the first time; a failure is tried again. */
  ensureStorage(): Promise<void>;
}

/**
 * Builds the clients; nothing is sent before the first use.
 *
 * @param records a connection string, or endpoints for which `credential` is used
 * @param timeoutSeconds time after which an operation, its brief retries included, is given up
 */
export function createStorageClients(
  records: RecordsLocation,
  credential: TokenCredential,
  timeoutSeconds: number,
): StorageClients {
  const deadline = () => AbortSignal.timeout(timeoutSeconds * 1000);
  const tables = mapped(tableNames, (name) => tableClient(records, credential, name, deadline));
  const containers = mapped(containerNames, (name) => containerClient(records, credential, name));
  return { tables, containers, deadline, ensureStorage: onceItWorked(() => createAll(tables, containers, deadline)) };
}

function mapped<Key extends string, T>(names: Record<Key, string>, build: (name: string) => T): Record<Key, T> {
  const entries = Object.entries<string>(names).map(([key, name]) => [key, build(name)]);
  return Object.fromEntries(entries) as Record<Key, T>;
}

function tableClient(
  records: RecordsLocation,
  credential: TokenCredential,
  name: string,
  deadline: () => AbortSignal,
): TableClient {
  const options: TableServiceClientOptions = {
    additionalPolicies: [{ policy: timeLimit(deadline), position: 'perCall' }],
  };
  const client =
    'connectionString' in records
      ? // The emulator speaks plain http; a real account's connection string names https.
        TableClient.fromConnectionString(records.connectionString, name, { ...options, allowInsecureConnection: true })
      : new TableClient(records.tableEndpoint, name, credential, options);
  retryReadsBriefly(client.pipeline);
  return client;
}

function timeLimit(deadline: () => AbortSignal): PipelinePolicy {
  return {
    name: 'time limit',
    sendRequest(request, next) {
      // Not request.timeout: the pipeline leaves that timer running when a request fails.
      request.abortSignal ??= deadline();
      return next(request);
    },
  };
}

function containerClient(records: RecordsLocation, credential: TokenCredential, name: string): ContainerClient {
  // Unlike rows, documents may be written again without harm: same bytes under the same name, or "exists already".
  const options: StoragePipelineOptions = {
    retryOptions: { maxTries: 1 + BRIEF_RETRIES, retryDelayInMs: 500, maxRetryDelayInMs: BRIEF_SECONDS * 1000 },
  };
  return 'connectionString' in records
    ? new ContainerClient(records.connectionString, name, options)
    : new ContainerClient(`${records.blobEndpoint}/${name}`, credential, options);
}

async function createAll(
  tables: StorageClients['tables'],
  containers: StorageClients['containers'],
  deadline: () => AbortSignal,
): Promise<void> {
  await Promise.all([
    ...Object.values(tables).map((table) => table.createTable()),
    ...Object.values(containers).map((container) => container.createIfNotExists({ abortSignal: deadline() })),
  ]);
}

function onceItWorked(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

/**
 * Runs an operation on the storage account, which is created first when it is a fresh one.
 *
 * @throws ServiceError('storage' or 'identity')
 */
export async function inStorage<T>(clients: StorageClients, operation: () => Promise<T>): Promise<T> {
  try {
    await clients.ensureStorage();
    return await operation();
  } catch (error) {
    throw restFailure('storage', error);
  }
}
