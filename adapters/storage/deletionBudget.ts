import type { TableClient, TransactionAction } from '@azure/data-tables';
import { z } from 'zod';
import type { Records } from '../../domain/ports';
import { ServiceError } from '../../domain/serviceError';
import { unlessStatus } from './answers';
import { inStorage, type StorageClients } from './clients';
import { columnsOf, rowAs } from './columns';

const BUDGET = 'budget';
/** Each round that is lost was won by another migration, so this many may meet; the step is retried after that. */
const MOST_ROUNDS = 100;

const countSchema = z.strictObject({ used: z.int().min(0) });

/**
 * The daily budget of deletions: partition `budget` of the Controls table, with a row a day that counts and a row a
 * migration that holds its reservation. Both change in one transaction, so a reservation is counted exactly once, also
 * when the answer is lost and the caller asks again.
 */
export function createDeletionBudget(clients: StorageClients): Pick<Records, 'reserveDeletion' | 'deletionsOn'> {
  const table = clients.tables.controls;
  return {
    reserveDeletion: ({ day, migrationId, limit }) =>
      inStorage(clients, async () => {
        const rowKey = `migration-${migrationId}`;
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          const [held, count] = await Promise.all([
            unlessStatus([404], table.getEntity(BUDGET, rowKey)),
            readCount(table, day),
          ]);
          if (held !== undefined) return { granted: true, used: count.used };
          if (count.used >= limit) return { granted: false, used: count.used };
          const reservation: TransactionAction = ['create', { partitionKey: BUDGET, rowKey, day }];
          // 404, 409, 412: somebody else counted since the look.
          const done = unlessStatus([404, 409, 412], table.submitTransaction([reservation, counted(day, count)]));
          if ((await done) !== undefined) return { granted: true, used: count.used + 1 };
        }
        throw new ServiceError({ service: 'storage', status: 503, code: 'too-many-writers' });
      }),
    deletionsOn: (day) => inStorage(clients, async () => (await readCount(table, day)).used),
  };
}

interface Count {
  used: number;
  etag: string | undefined;
}

async function readCount(table: TableClient, day: string): Promise<Count> {
  const row = await unlessStatus([404], table.getEntity(BUDGET, countKey(day)));
  if (row === undefined) return { used: 0, etag: undefined };
  return { ...rowAs(countSchema, columnsOf(row)), etag: row.etag };
}

function counted(day: string, { used, etag }: Count): TransactionAction {
  const entity = { partitionKey: BUDGET, rowKey: countKey(day), used: used + 1 };
  return etag === undefined ? ['create', entity] : ['update', entity, 'Replace', { etag }];
}

function countKey(day: string): string {
  return `day-${day}`;
}
