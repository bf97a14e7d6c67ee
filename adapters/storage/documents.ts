import { createHash } from 'node:crypto';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { z } from 'zod';
import type { Documents } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { snapshotSchema, type Snapshot } from '../../domain/snapshot';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';

const redeemUrlSchema = z.strictObject({ url: z.url() });
const json = { blobContentType: 'application/json' };

/** Snapshots, reports and redeem URLs, one JSON document each. */
export function createDocuments(clients: StorageClients): Documents {
  const { snapshots, reports, invitations } = clients.containers;
  return {
    writeSnapshot: (snapshot) => inStorage(clients, () => writeOnce(clients, snapshot)),
    readSnapshot: (migrationId, hash) =>
      inStorage(clients, async () => {
        const bytes = await unlessStatus([404], read(clients, documentOf(snapshots, migrationId)));
        if (bytes === undefined || sha256Of(bytes) !== hash) return undefined;
        return snapshotIn(bytes, migrationId);
      }),
    writeReport: (report) => inStorage(clients, () => put(clients, documentOf(reports, report.migrationId), report)),
    writeRedeemUrl: (migrationId, round, url) =>
      inStorage(clients, () => put(clients, documentOf(invitations, `${migrationId}/${round}`), { url })),
    readRedeemUrl: (migrationId, round) =>
      inStorage(clients, async () => {
        const document = documentOf(invitations, `${migrationId}/${round}`);
        const bytes = await unlessStatus([404], read(clients, document));
        return bytes === undefined ? undefined : redeemUrlSchema.parse(parsedJson(bytes)).url;
      }),
  };
}

function documentOf(container: ContainerClient, name: string): BlockBlobClient {
  return container.getBlockBlobClient(`${name}.json`);
}

/**
 * Inserts the snapshot unless one exists, then reads back what is stored.
 *
 * @throws ServiceError `snapshot-mismatch` when the stored bytes are not the ones that were written, or not a
 * snapshot of this migration
 */
async function writeOnce(clients: StorageClients, snapshot: Snapshot): Promise<string> {
  const document = documentOf(clients.containers.snapshots, snapshot.migrationId);
  const bytes = Buffer.from(JSON.stringify(snapshotSchema.parse(snapshot)));
  const upload = document.upload(bytes, bytes.length, {
    abortSignal: clients.deadline(),
    conditions: { ifNoneMatch: '*' },
    metadata: { sha256: sha256Of(bytes) },
    blobHTTPHeaders: json,
  });
  await unlessStatus([409, 412], upload);
  const stored = await read(clients, document);
  const { metadata } = await document.getProperties({ abortSignal: clients.deadline() });
  const hash = sha256Of(stored);
  if (hash !== metadata?.['sha256'] || snapshotIn(stored, snapshot.migrationId) === undefined) {
    throw new ServiceError({ service: 'storage', status: 0, code: 'snapshot-mismatch' });
  }
  return hash;
}

function read(clients: StorageClients, document: BlockBlobClient): Promise<Buffer> {
  return document.downloadToBuffer(0, undefined, { abortSignal: clients.deadline() });
}

async function put(clients: StorageClients, document: BlockBlobClient, content: object): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(content));
  await document.upload(bytes, bytes.length, { abortSignal: clients.deadline(), blobHTTPHeaders: json });
}

function snapshotIn(bytes: Buffer, migrationId: string): Snapshot | undefined {
  const parsed = snapshotSchema.safeParse(parsedJson(bytes));
  return parsed.success && parsed.data.migrationId === migrationId ? parsed.data : undefined;
}

function parsedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
