import { announce } from '../activities/announce';
import type { MigrationRecord } from '../domain/record';
import { ServiceError } from '../domain/serviceError';
import type { SwitchInput } from '../domain/steps';
import { confirmClaim } from './claimGuest';
import type { Services } from './services';

type Starter = Pick<Services, 'records' | 'durable' | 'clock' | 'settings'>;

/**
 * Starts the orchestration of a new row. The engine answers a refused start and a lost answer in the same way, so its
 * status decides.
 *
 * @throws ServiceError('storage') when nothing runs afterwards; the sweeper tries again
 */
export async function startOrchestration(record: MigrationRecord, starter: Starter): Promise<void> {
  const { durable, settings } = starter;
  const { id, request, approvalHours } = record;
  try {
    await durable.start(id, {
      migrationId: id,
      dryRun: request.dryRun,
      acceptWithinDays: request.acceptWithinDays,
      parallelRestores: settings.parallelRestores,
      // Only where it is on, so that a worker of the version before can still read the input.
      ...(settings.rewriteConditionalAccess ? { rewriteConditionalAccess: true } : {}),
      ...(approvalHours === null ? {} : { approvalHours }),
      ...attendedPart(record, settings),
    });
  } catch {
    if ((await durable.status(id)) !== 'unknown') return;
    throw new ServiceError({ service: 'storage', status: 503, code: 'engine-start-refused' });
  }
}

/** How the guest is waited for, and where the run begins. */
function attendedPart(
  { mostRounds, request, resumes }: MigrationRecord,
  settings: Services['settings'],
): Partial<SwitchInput> {
  // A row that an earlier version wrote: its migration runs as that version would have run it.
  if (mostRounds === null) return {};
  const { remindAfterDays = [] } = request;
  return {
    attended: { rounds: mostRounds, remindAfterDays },
    ...(resumes === null ? {} : { resumes: true }),
    ...(settings.purgeAfterRedemption && resumes === null ? { purgeAfterRedemption: true } : {}),
  };
}

/**
 * Finishes a start that was interrupted after its row was written. Starts nothing twice, and nothing whose guest went
 * to another migration: such a row is ended.
 *
 * @returns false when the guest is lost and the row was ended
 * @throws ServiceError
 */
export async function resumeStart(record: MigrationRecord, starter: Starter): Promise<boolean> {
  if (record.status !== 'NotStarted') return true;
  if (!(await holdsItsGuest(record, starter))) {
    await giveUp(record.id, starter);
    return false;
  }
  // Starting over an instance that is done would run it a second time.
  if ((await starter.durable.status(record.id)) === 'unknown') await startOrchestration(record, starter);
  return true;
}

async function holdsItsGuest(record: MigrationRecord, { records, clock }: Starter): Promise<boolean> {
  const { oldId } = record.guest;
  if (oldId === null) return true;
  const lock = await records.readLock(oldId);
  return lock?.migrationId === record.id && confirmClaim(records, lock, clock.now().toISOString());
}

/** Ends a row whose guest went to another migration before anything was started for it. */
export async function giveUp(id: string, services: Pick<Services, 'records' | 'clock'>): Promise<void> {
  const record = await services.records.decideOnMigration(id, (record) =>
    record.status !== 'NotStarted'
      ? undefined
      : {
          status: 'Failed',
          phase: 'ended',
          outcome: 'rejected',
          error: { code: 'preflight-failed', detail: 'Another migration took the guest first. Nothing was changed.' },
        },
  );
  if (record?.phase === 'ended') await announce(record, services);
}
