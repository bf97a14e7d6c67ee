import type { Chunk } from '../domain/restorePlan';
import { patient } from './retryPolicies';
import type { Durable, Run } from './run';
import { exhausted, MOST_WAITS, parseOutcome, pause, step } from './steps';
import { failure } from './stop';

/** Pauses between tries of grants that a service does not accept yet: about ten minutes in all. */
const TRY_AGAIN_SECONDS = [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60] as const;
const LOOK_AGAIN_SECONDS = [2, 5, 15, 30, 60, 120] as const;

interface NewGuest {
  newId: string;
  snapshotHash: string;
}

/**
 * Restores every grant of the snapshot: wave after wave, chunks of a wave side by side within the limit, and what is
 * not accepted yet again later. After the last try the activity itself writes the rest down as failed.
 */
export function* restoreAccess(run: Run, guest: NewGuest, chunks: readonly Chunk[]): Durable<void> {
  const waves = [...new Set(chunks.map((chunk) => chunk.wave))].sort((a, b) => a - b);
  for (const wave of waves) {
    const indexes = chunks.filter((chunk) => chunk.wave === wave).map(indexesOf);
    yield* restoreWave(run, guest, indexes);
  }
}

function* restoreWave(run: Run, guest: NewGuest, wave: readonly number[][]): Durable<void> {
  let open = wave;
  for (const seconds of TRY_AGAIN_SECONDS) {
    const tried = yield* restoreSideBySide(run, guest, open, false);
    open = tried.retry;
    if (open.length === 0) return;
    yield* pause(run, Math.max(seconds, tried.afterSeconds));
  }
  // A last try leaves a result for each of its grants, unless it is put off as a whole: then it has not been made.
  for (let waits = 0; waits < MOST_WAITS; waits += 1) {
    const tried = yield* restoreSideBySide(run, guest, open, true);
    open = tried.retry;
    if (open.length === 0) return;
    yield* pause(run, tried.afterSeconds);
  }
  throw failure(exhausted('restoreGrants'));
}

function* restoreSideBySide(
  run: Run,
  guest: NewGuest,
  chunks: readonly number[][],
  lastTry: boolean,
): Durable<{ retry: number[][]; afterSeconds: number }> {
  const retry: number[][] = [];
  let afterSeconds = 0;
  for (let from = 0; from < chunks.length; from += run.parallelRestores) {
    const group = chunks.slice(from, from + run.parallelRestores);
    const answers = yield* all(
      run,
      group.map((indexes) => ({ migrationId: run.migrationId, ...guest, indexes, lastTry })),
    );
    answers.forEach((answer, place) => {
      const outcome = parseOutcome('restoreGrants', answer);
      if (outcome.ok) {
        if (outcome.value.retry.length > 0) retry.push(outcome.value.retry);
        afterSeconds = Math.max(afterSeconds, outcome.value.afterSeconds);
      } else if ('failure' in outcome) {
        throw failure(outcome.failure);
      } else {
        retry.push(group[place] ?? []);
        afterSeconds = Math.max(afterSeconds, outcome.afterSeconds);
      }
    });
  }
  return { retry, afterSeconds };
}

function* all({ context }: Run, inputs: readonly object[]): Durable<readonly unknown[]> {
  const tasks = inputs.map((input) => context.df.callActivityWithRetry('restoreGrants', patient.retries, input));
  try {
    return (yield context.df.Task.all(tasks)) as readonly unknown[];
  } catch {
    throw failure(exhausted('restoreGrants'));
  }
}

function indexesOf({ from, to }: Chunk): number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}

/** Compares until what was written shows, or time is up. True when nothing is left to do by hand. */
export function* verifyRestored(run: Run, guest: NewGuest): Durable<boolean> {
  for (const seconds of [...LOOK_AGAIN_SECONDS, undefined]) {
    const input = { migrationId: run.migrationId, ...guest, lastTry: seconds === undefined };
    const { settled, failed, manual } = yield* step(run, 'verifyAccess', input);
    if (settled || seconds === undefined) return failed === 0 && manual === 0;
    yield* pause(run, seconds);
  }
  return false;
}
