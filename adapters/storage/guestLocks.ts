import { guestLockSchema, type GuestLock } from '../../domain/record';
import type { Records } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';
import { columnsOf, rowAs } from './columns';

type GuestLocks = Pick<Records, 'lockGuest' | 'replaceLock' | 'readLock' | 'listLocks' | 'releaseGuest'>;

/** How often a lock may vanish between a refused insert and the look at who holds it. */
const MOST_ROUNDS = 10;

/** The ActiveGuests table: both keys = guest id. The conditional insert is what makes a guest belong to one migration. */
export function createGuestLocks(clients: StorageClients): GuestLocks {
  const table = clients.tables.activeGuests;
  const readRow = async (guestId: string) => {
    const entity = await unlessStatus([404], table.getEntity(guestId, guestId));
    return entity && { lock: decode(entity), etag: entity.etag };
  };
  return {
    lockGuest: (lock) =>
      inStorage(clients, async () => {
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          if ((await unlessStatus([409], table.createEntity(encode(lock)))) !== undefined) return lock;
          const held = await readRow(lock.guestId);
          if (held !== undefined) return held.lock;
        }
        throw new ServiceError({ service: 'storage', status: 503, code: 'too-many-writers' });
      }),
    replaceLock: (dead, lock) =>
      inStorage(clients, async () => {
        const row = await readRow(dead.guestId);
        if (row?.lock.migrationId !== dead.migrationId || row.lock.lockedAt !== dead.lockedAt) return false;
        const change = table.updateEntity(encode(lock), 'Replace', { etag: row.etag });
        return (await unlessStatus([404, 412], change)) !== undefined;
      }),
    readLock: (guestId) => inStorage(clients, async () => (await readRow(guestId))?.lock),
    listLocks: () =>
      inStorage(clients, async () => {
        const locks: GuestLock[] = [];
        for await (const entity of table.listEntities()) locks.push(decode(entity));
        return locks;
      }),
    releaseGuest: (guestId, migrationId) =>
      inStorage(clients, async () => {
        const row = await readRow(guestId);
        if (row?.lock.migrationId !== migrationId) return;
        // 412: replaced since the look, so it is somebody else's by now.
        await unlessStatus([404, 412], table.deleteEntity(guestId, guestId, { etag: row.etag }));
      }),
  };
}

function encode({ guestId, migrationId, lockedAt }: GuestLock) {
  return { partitionKey: guestId, rowKey: guestId, migrationId, lockedAt };
}

function decode(entity: { rowKey?: string }): GuestLock {
  return rowAs(guestLockSchema, { ...columnsOf(entity), guestId: entity.rowKey });
}
