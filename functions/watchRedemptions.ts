import { z } from 'zod';
import { sanitizeError } from '../adapters/logging';
import { REDEMPTION_HINT } from '../domain/events';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { Services } from './services';
import { migrationsWith } from './unfinished';

/** Name of the control that remembers the watch from tick to tick. */
export const WATCH_CONTROL = 'redemptionWatch';
const MINUTE_MS = 60_000;
/** A control holds at most 32 K characters; who does not fit waits for the next turn. */
const MOST_AGAIN = 500;

/** `minute`: the last one that was watched, counted from 1970. `again`: guests whose look failed on that tick. */
const memoSchema = z.strictObject({ minute: z.int().min(0), again: z.array(z.string()) });
const redemptionState = z.object({ id: z.string(), externalUserState: z.string().nullish() });

interface Waiting {
  migrationId: string;
  newId: string;
}

/**
 * One tick of the watch: looks at the guests whose turn has come since the last tick, and wakes the migrations of those
 * that no longer are pending. Each guest has one turn every `pollMinutes`, at a minute that follows from the id: so a
 * restart forgets nothing, no turn has to be stored, and the reads spread over the interval. A look that failed is
 * taken again on the next tick.
 */
export async function watchRedemptions(services: Services): Promise<void> {
  const { records, clock, log, settings } = services;
  const now = Math.floor(clock.now().getTime() / MINUTE_MS);
  const memo = await readMemo(services);
  const before = Math.min(memo?.minute ?? now - settings.pollMinutes, now);
  const again = new Set(memo?.again);
  const due = (await waiting(services)).filter(
    ({ newId }) => again.has(newId) || hasTurn(newId, before, now, settings.pollMinutes),
  );
  const looks = await Promise.all(due.map(async (guest) => ({ guest, answered: await look(guest, services) })));
  const failed = looks.filter(({ answered }) => !answered).map(({ guest }) => guest.newId);
  if (failed.length > 0) log.warn('watch-incomplete', { due: due.length, failed: failed.length });
  await records.writeControl(WATCH_CONTROL, JSON.stringify({ minute: now, again: failed.slice(0, MOST_AGAIN) }));
}

async function readMemo({ records }: Services): Promise<z.infer<typeof memoSchema> | undefined> {
  const stored = await records.readControl(WATCH_CONTROL);
  return stored === undefined ? undefined : memoSchema.parse(JSON.parse(stored));
}

async function waiting({ records }: Services): Promise<Waiting[]> {
  const running = await migrationsWith(records, ['Running']);
  return running.flatMap(({ id, phase, guest }) =>
    phase === 'awaitingRedemption' && guest.newId !== null ? [{ migrationId: id, newId: guest.newId }] : [],
  );
}

/** True when one of the guest's minutes lies in (before, now]. */
function hasTurn(newId: string, before: number, now: number, everyMinutes: number): boolean {
  const offset = Number.parseInt(newId.slice(0, 8), 16) % everyMinutes;
  return Math.floor((now - offset) / everyMinutes) > Math.floor((before - offset) / everyMinutes);
}

/** Looks at one guest. Never throws, so that one failure does not stop the others; false = worth another look. */
async function look({ migrationId, newId }: Waiting, { graph, durable, log }: Services): Promise<boolean> {
  try {
    if (await isPending(newId, graph)) return true;
    await durable.raise(migrationId, REDEMPTION_HINT);
    log.info('redemption-hint', { migrationId, from: 'poll' });
    return true;
  } catch (error) {
    log.warn('poll-failed', { migrationId, ...sanitizeError(error) });
    return !(error instanceof ServiceError && isTransient(error));
  }
}

async function isPending(newId: string, graph: Services['graph']): Promise<boolean> {
  try {
    const user = await graph.read(`/users/${newId}?$select=id,externalUserState`, redemptionState);
    return user.externalUserState === 'PendingAcceptance';
  } catch (error) {
    // A guest that is gone is news for the migration, not a failure of the watch.
    if (isNotFound(error)) return false;
    throw error;
  }
}
