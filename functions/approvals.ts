import { sanitizeError } from '../adapters/logging';
import { APPROVAL_DECIDED } from '../domain/events';
import type { MigrationRequest } from '../domain/migration';
import type { Phase } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { inChunks } from './chunks';
import type { Services } from './services';

const AT_A_TIME = 20;
const untilTheWaitEnds: readonly Phase[] = ['preflight', 'capturing', 'awaitingApproval'];

/** How long an approval of this request is waited for, in hours; null when none is needed. A dry run needs none. */
export function approvalHoursOf(
  request: Pick<MigrationRequest, 'dryRun' | 'approval'>,
  settings: Pick<Services['settings'], 'approvalRequired' | 'approvalTimeoutHours'>,
): number | null {
  if (request.dryRun) return null;
  return request.approval || settings.approvalRequired ? settings.approvalTimeoutHours : null;
}

/** True while somebody may answer: an approval is needed, nobody has answered, and nobody has asked to cancel. */
export function takesAnswer(record: MigrationRecord): boolean {
  const { approvalHours, approval, cancelRequestedAt, phase } = record;
  const needed = approvalHours !== null && untilTheWaitEnds.includes(phase);
  return needed && approval === null && cancelRequestedAt === null;
}

/**
 * Wakes a run that waits for its approval. What it has to know is in its row already, so a wake that fails costs a few
 * minutes: the sweeper repeats it. Never throws.
 */
export async function wake(
  { id, phase }: Pick<MigrationRecord, 'id' | 'phase'>,
  { durable, log }: Pick<Services, 'durable' | 'log'>,
): Promise<void> {
  // Earlier phases read the row when the wait begins.
  if (phase !== 'awaitingApproval') return;
  try {
    await durable.raise(id, APPROVAL_DECIDED);
  } catch (error) {
    log.warn('wake-failed', { migrationId: id, ...sanitizeError(error) });
  }
}

/** Wakes the runs that have an answer, or a wish to cancel, and wait all the same: their first wake was lost. */
export async function wakeAnswered(
  quiet: readonly MigrationRecord[],
  services: Pick<Services, 'durable' | 'log'>,
): Promise<void> {
  const answered = quiet.filter(
    ({ phase, approval, cancelRequestedAt }) =>
      phase === 'awaitingApproval' && (approval !== null || cancelRequestedAt !== null),
  );
  await inChunks(answered, AT_A_TIME, (record) => wake(record, services));
}
