import { sanitizeError } from '../adapters/logging';
import { REDEMPTION_HINT } from '../domain/events';
import type { MigrationRecord } from '../domain/record';
import { takesWishes } from '../domain/wishes';
import { inChunks } from './chunks';
import type { Services } from './services';

const AT_A_TIME = 20;
const RESEND_WAKES_FOR_MS = 60 * 60_000;

/**
 * Wakes a run that waits for its guest or for an operator; in every other phase it reads its row before it waits. What is
 * wanted is in its row already, so a wake that fails costs a few minutes: the sweeper repeats it. Never throws.
 */
export async function wakeWaiting(
  { id, phase }: Pick<MigrationRecord, 'id' | 'phase'>,
  { durable, log }: Pick<Services, 'durable' | 'log'>,
): Promise<void> {
  if (!takesWishes(phase)) return;
  try {
    await durable.raise(id, REDEMPTION_HINT);
  } catch (error) {
    log.warn('wake-failed', { migrationId: id, ...sanitizeError(error) });
  }
}

/**
 * Wakes the runs of which somebody wants something, and that wait all the same: their first wake was lost. An invitation
 * that cannot be sent for long is left to the run, which looks once a day: each wake makes its history grow.
 */
export async function wakeWished(
  quiet: readonly MigrationRecord[],
  services: Pick<Services, 'durable' | 'log' | 'clock'>,
): Promise<void> {
  const now = services.clock.now().getTime();
  const wished = quiet.filter(({ wish, cancelRequestedAt }) => {
    if (wish?.kind === 'resend') return now - Date.parse(wish.at) < RESEND_WAKES_FOR_MS;
    return wish !== null || cancelRequestedAt !== null;
  });
  await inChunks(wished, AT_A_TIME, (record) => wakeWaiting(record, services));
}
