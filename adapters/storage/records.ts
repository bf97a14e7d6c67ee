import type { Clock, Records } from '../../domain/ports';
import { createCallbackOutbox } from './callbacks';
import type { StorageClients } from './clients';
import { createDeletionBudget } from './deletionBudget';
import { createGuestLocks } from './guestLocks';
import { createLedgers } from './ledgers';
import { createMigrations } from './migrations';

/**
 * The record tables. Writes are sent once: when the answer of one is lost the caller gets a ServiceError and the step
 * runs again, which every one of these writes allows. Rows are read back through strict schemas.
 *
 * @param clock gives `updatedAt`, and the turn of callbacks
 */
export function createRecords(clients: StorageClients, clock: Clock): Records {
  return {
    ...createMigrations(clients, clock),
    ...createGuestLocks(clients),
    ...createLedgers(clients),
    ...createDeletionBudget(clients),
    ...createCallbackOutbox(clients, clock),
  };
}
