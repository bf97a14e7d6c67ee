import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createStorageClients, type StorageClients } from '../../../adapters/storage/clients';
import { newMigrationId } from '../../../domain/ids';
import { newRecord, type MigrationRecord } from '../../../domain/record';
import { migrationRequestSchema } from '../../../domain/migration';

const noCredential = { getToken: () => Promise.reject(new Error('The emulator needs no token')) };

export function clientsOf(connectionString: string, timeoutSeconds = 20): StorageClients {
  return createStorageClients({ connectionString }, noCredential, timeoutSeconds);
}

export const guestId = '11111111-2222-4333-8444-555555555555';

/** A record as a start writes it. `at` shapes the id, so later ones list first. */
export function recordAt(at: string, change: Partial<MigrationRecord> = {}): MigrationRecord {
  const record = newRecord({
    id: newMigrationId(Date.parse(at), '0123456789abcdef'),
    guestId,
    request: migrationRequestSchema.parse({ guest: guestId, reason: "It's an O'Neill" }),
    startedBy: 'tests',
    now: at,
  });
  return { ...record, ...change };
}

/** A server that takes connections and never says a word, and a connection string that leads to it. */
export async function startSilentServer(): Promise<{ connectionString: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const account = `DefaultEndpointsProtocol=http;AccountName=records;AccountKey=${Buffer.from('key').toString('base64')}`;
  const address = `http://127.0.0.1:${port}/records`;
  return {
    connectionString: `${account};BlobEndpoint=${address};TableEndpoint=${address}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
