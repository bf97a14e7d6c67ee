import { z } from 'zod';
import { sanitizeError } from '../adapters/logging';
import { REDEMPTION_HINT } from '../domain/events';
import { isLookDue, type PolledGuest } from '../domain/polling';
import type { MigrationRecord } from '../domain/record';
import { isNotFound, isTransient, ServiceError } from '../domain/serviceError';
import type { Services } from './services';
import { migrationsWith } from './unfinished';

/** Name of the control that remembers the watch from tick to tick. */
export const WATCH_CONTROL = 'redemptionWatch';
const MINUTE_MS = 60_000;
/** A control holds at most 32 K characters; who does not fit waits for the next turn. */
const MOST_AGAIN = 500;
/** A memo of a later minute was written by a machine whose clock is ahead; of much later: the clock was set back. */
const CLOCKS_DIFFER_MINUTES = 5;

/**
 * `minute`: the last one that was watched, counted from 1970. `again`: guests to be looked at on the next tick too,
 * because their look failed, or was not finished when the process died.
 */
const memoSchema = z.strictObject({ minute: z.int().min(0), again: z.array(z.string()) });
type Memo = z.infer<typeof memoSchema>;
const redemptionState = z.object({ externalUserState: z.string().nullish() });

interface Waiting extends PolledGuest {
  migrationId: string;
}

/**
 * One tick of the watch: looks at the guests for whom a look became due since the last tick (domain/polling.ts: often
 * after the invitation, later rarely), and wakes the migrations of those that accepted or are gone. A look that failed
 * is taken again on the next tick.
 *
 * Each minute is watched once, whoever ticks: the tick is claimed by a conditional write before the first look, so that
 * no guest is looked at twice within it. The claim names the guests it is about, which the next tick takes over when
 * this one dies.
 */
export async function watchRedemptions(services: Services): Promise<void> {
  const { clock, log } = services;
  const minute = Math.floor(clock.now().getTime() / MINUTE_MS);
  const guests = await waiting(services);
  const due = await claim(minute, guests, services);
  const looks = await Promise.all(due.map(async (guest) => ({ guest, answered: await look(guest, services) })));
  const failed = looks.filter(({ answered }) => !answered).map(({ guest }) => guest.id);
  if (failed.length > 0) log.warn('watch-incomplete', { due: due.length, failed: failed.length });
  if (due.length > 0) await settle(minute, failed, services);
}

/** Takes the minute for this tick. Returns the guests whose look is due; none when another tick has the minute. */
async function claim(minute: number, guests: readonly Waiting[], services: Services): Promise<Waiting[]> {
  const { records, settings } = services;
  let due: Waiting[] = [];
  await records.decideOnControl(WATCH_CONTROL, (value) => {
    const memo = memoOf(value);
    due = [];
    if (memo !== undefined && memo.minute >= minute && memo.minute - minute <= CLOCKS_DIFFER_MINUTES) return undefined;
    // The first tick ever looks at everybody: nobody knows when they were last looked at.
    const before = Math.min(memo?.minute ?? -Infinity, minute - 1);
    const again = new Set(memo?.again);
    due = guests.filter((guest) => again.has(guest.id) || isLookDue(guest, before, minute, settings.pollMinutes));
    return memoText(minute, due);
  });
  return due;
}

/** Writes down who is to be looked at again, unless a later tick has taken over. */
async function settle(minute: number, failed: readonly string[], { records }: Services): Promise<void> {
  await records.decideOnControl(WATCH_CONTROL, (value) =>
    memoOf(value)?.minute === minute
      ? memoText(
          minute,
          failed.map((id) => ({ id })),
        )
      : undefined,
  );
}

function memoOf(value: string | undefined): Memo | undefined {
  return value === undefined ? undefined : memoSchema.parse(JSON.parse(value));
}

function memoText(minute: number, guests: readonly { id: string }[]): string {
  const again = guests.slice(0, MOST_AGAIN).map(({ id }) => id);
  return JSON.stringify({ minute, again } satisfies Memo);
}

async function waiting({ records }: Services): Promise<Waiting[]> {
  const running = await migrationsWith(records, ['Running']);
  return running.flatMap((record) => {
    const { newId } = record.guest;
    if (record.phase !== 'awaitingRedemption' || newId === null) return [];
    return [{ migrationId: record.id, id: newId, invitedAt: lastInvited(record) }];
  });
}

/** When the guest last got a mail to act on: the invitation, or a reminder or another round since. */
function lastInvited({ invitation, invitedAgain, updatedAt }: MigrationRecord): string {
  const sentAt = invitation?.sentAt ?? updatedAt;
  return invitedAgain !== null && invitedAgain.at > sentAt ? invitedAgain.at : sentAt;
}

/** Looks at one guest. Never throws, so that one failure does not stop the others; false = worth another look. */
async function look({ migrationId, id }: Waiting, { graph, durable, log }: Services): Promise<boolean> {
  try {
    if (await isPending(id, graph)) return true;
    await durable.raise(migrationId, REDEMPTION_HINT);
    log.info('redemption-hint', { migrationId, from: 'poll' });
    return true;
  } catch (error) {
    log.warn('poll-failed', { migrationId, ...sanitizeError(error) });
    return !(error instanceof ServiceError && isTransient(error));
  }
}

/**
 * Asks what activities/readRedemption.ts will ask once it is woken, and by the same words: a hint that it does not
 * believe would only lengthen the history, look by look.
 */
async function isPending(id: string, graph: Services['graph']): Promise<boolean> {
  try {
    const user = await graph.read(`/users/${id}?$select=id,externalUserState`, redemptionState);
    return user.externalUserState?.toLowerCase() !== 'accepted';
  } catch (error) {
    // A guest that is gone is news for the migration, not a failure of the watch.
    if (isNotFound(error)) return false;
    throw error;
  }
}
