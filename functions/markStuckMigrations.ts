import type { MigrationRecord } from '../domain/record';
import { marked, stuckFrom, TELL_AGAIN_MS, unmarked } from '../domain/stuck';
import { inChunks } from './chunks';
import type { Services } from './services';
import { migrationsWith } from './unfinished';

const AT_A_TIME = 20;
const MINUTE_MS = 60_000;

/**
 * One tick of the detector: marks migrations whose row has not changed for longer than their phase allows, tells
 * operators of each once, and of those that are still stuck once a day. A migration that moves again loses its mark.
 */
export async function markStuckMigrations(services: Services): Promise<void> {
  const unfinished = await migrationsWith(services.records, ['NotStarted', 'Running']);
  await inChunks(unfinished, AT_A_TIME, (record) => judge(record, services));
}

async function judge({ id }: MigrationRecord, { records, clock, log }: Services): Promise<void> {
  const now = clock.now();
  // Decided on the row as it is now, and by a conditional write: of two ticks that meet, one tells.
  const decision = { tell: false };
  const record = await records.decideOnMigration(id, (current) => {
    const isStuck = now.getTime() > (stuckFrom(current) ?? Infinity);
    decision.tell = isStuck && isDue(current, now);
    if (decision.tell) return { ...marked(current, now), updatedAt: current.updatedAt };
    // A mark is no progress: the time of the last change stays.
    return isStuck || current.stuckAlertedAt === null
      ? undefined
      : { ...unmarked(current), updatedAt: current.updatedAt };
  });
  if (record === undefined || !decision.tell) return;
  const minutes = Math.floor((now.getTime() - Date.parse(record.updatedAt)) / MINUTE_MS);
  const { oldId, newId } = record.guest;
  log.warn('migration-stuck', { migrationId: id, oldId, newId, phase: record.phase, minutes });
}

function isDue({ stuckAlertedAt }: MigrationRecord, now: Date): boolean {
  return stuckAlertedAt === null || now.getTime() - Date.parse(stuckAlertedAt) >= TELL_AGAIN_MS;
}
