import { callbackOf } from '../domain/callbacks';
import type { Clock, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';

/**
 * Stores the event that the row's present phase makes, when its caller asked to be told. Safe to run twice: an event
 * that is there stays as it is, with the time and the data of the first run.
 */
export async function announce(
  record: MigrationRecord,
  { records, clock }: { records: Pick<Records, 'putCallback'>; clock: Clock },
): Promise<void> {
  const event = callbackOf(record, clock.now());
  if (event !== undefined) await records.putCallback(event);
}
