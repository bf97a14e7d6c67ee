import { announce } from '../activities/announce';
import type { MigrationRecord } from '../domain/record';
import { unmarked } from '../domain/stuck';
import { wakeAnswered } from './approvals';
import { inChunks } from './chunks';
import { freeDeadLock, START_DIES_AFTER_MS } from './claimGuest';
import { hasEnded } from './migrationView';
import type { Services } from './services';
import { resumeStart } from './startOrchestration';
import { undoStopped } from './undoStopped';
import { migrationsWith } from './unfinished';
import { wakeWished } from './wishes';

const AT_A_TIME = 20;
const STARTED_WITHIN_MS = 60_000;
/** A row that was written lately has an engine that works on it. */
const QUIET_AFTER_MS = 2 * 60_000;

/**
 * One tick of the sweeper: finishes starts that died half way, ends migrations whose orchestration stopped outside of
 * the story, wakes those that miss an answer to their plan, and frees guests that nobody is working on. One failure does not stop the rest, and everything is looked at
 * again on the next tick.
 */
export async function sweepMigrations(services: Services): Promise<void> {
  const unfinished = await migrationsWith(services.records, ['NotStarted', 'Running']);
  const now = services.clock.now().getTime();
  try {
    await inChunks(unfinished, AT_A_TIME, async (record) => {
      const quietMs = now - Date.parse(record.updatedAt);
      if (record.status === 'NotStarted' && quietMs > STARTED_WITHIN_MS) await restart(record, services);
      else if (record.status === 'Running' && quietMs > QUIET_AFTER_MS) await endIfStopped(record, services);
    });
    const quiet = unfinished.filter(({ updatedAt }) => now - Date.parse(updatedAt) > QUIET_AFTER_MS);
    await wakeAnswered(quiet, services);
    await wakeWished(quiet, services);
  } finally {
    await sweepLocks(new Set(unfinished.map(({ id }) => id)), services);
  }
}

async function restart(record: MigrationRecord, services: Services): Promise<void> {
  const status = await services.durable.status(record.id);
  if (status === 'failed' || status === 'ended') {
    await end(record, services);
    return;
  }
  const started = await resumeStart(record, services);
  services.log.info('start-finished', { migrationId: record.id, started });
}

async function endIfStopped(record: MigrationRecord, services: Services): Promise<void> {
  const status = await services.durable.status(record.id);
  if (status === 'failed' || status === 'ended') await end(record, services);
  // Unknown may mean that the app looks at the wrong task hub: ending everything then could not be taken back.
  if (status === 'unknown') services.log.warn('engine-forgot', { migrationId: record.id });
}

/**
 * Ends the row of a migration whose orchestration is no more. A guest that was soft-deleted is given back first, nobody
 * else will; also when a purge was tried, because it may not have taken effect. A restore that is put off keeps the row
 * for the next tick.
 */
async function end(stopped: MigrationRecord, services: Services): Promise<void> {
  const { records, clock, log } = services;
  const { id } = stopped;
  const hindered = await undoStopped(stopped, services);
  if (hindered === 'later') return;
  const error = hindered ?? { code: 'engine-stopped' as const, detail: `It stopped in phase ${stopped.phase}.` };
  const ending = { status: 'Failed', phase: 'ended', outcome: 'failed', error, wish: null } as const;
  // Before the row: nobody looks at an ended one again. A story that came to its own end has stored its own event.
  await announce({ ...stopped, ...ending }, services);
  const record = await records.decideOnMigration(id, (current) =>
    hasEnded(current) ? undefined : { ...ending, ...unmarked(current) },
  );
  if (record?.error?.code !== error.code || record.error.detail !== error.detail) return;
  log.warn('engine-stopped', { migrationId: id, code: error.code });
  await records.audit({
    migrationId: id,
    at: clock.now().toISOString(),
    by: 'app',
    action: 'engineStopped',
    stage: 'after',
    targetId: record.guest.oldId ?? '',
    detail: '',
  });
}

/** Frees the guests of ended migrations and of starts that never got as far as a row. */
async function sweepLocks(unfinished: ReadonlySet<string>, { records, clock, log }: Services): Promise<void> {
  const now = clock.now();
  const doubtful = (await records.listLocks()).filter(
    (lock) => !unfinished.has(lock.migrationId) && now.getTime() - Date.parse(lock.lockedAt) > START_DIES_AFTER_MS,
  );
  await inChunks(doubtful, AT_A_TIME, async (lock) => {
    const record = await records.readMigration(lock.migrationId);
    if (record !== undefined && !hasEnded(record)) return;
    if (record !== undefined) await records.releaseGuest(lock.guestId, lock.migrationId);
    else if (!(await freeDeadLock(records, lock, now.toISOString()))) return;
    log.info('guest-freed', { migrationId: lock.migrationId });
  });
}
