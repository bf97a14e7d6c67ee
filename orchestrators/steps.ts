import type { MigrationError } from '../domain/failures';
import type { Phase } from '../domain/phases';
import { outcomes, type StepInput, type StepName, type StepOutcome, type StepOutput } from '../domain/steps';
import type { Plan } from './plan';
import { patient, type Patience } from './retryPolicies';
import { nowMs, type Durable, type Run } from './run';
import { failure, TurnBack } from './stop';

/** A step that asks to be put off for ever is given up; 500 waits are days even at the shortest. */
export const MOST_WAITS = 500;
const LONGEST_WAIT_SECONDS = 24 * 60 * 60;

/**
 * Runs a step: schedules its activity with retries, serves "not now" with a durable timer, and returns its
 * value. A permanent failure, and retries that are used up, are thrown as a Stop.
 */
export function* step<N extends StepName>(
  run: Run,
  name: N,
  input: StepInput<N>,
  patience: Patience = patient,
): Durable<StepOutput<N>> {
  const giveUpMs = nowMs(run) + patience.longestWaitSeconds * 1000;
  for (let waits = 0; waits < MOST_WAITS; waits += 1) {
    const outcome = yield* attempt(run, name, input, patience);
    if (outcome.ok) return outcome.value;
    if ('failure' in outcome) throw failure(outcome.failure);
    if (nowMs(run) + outcome.afterSeconds * 1000 > giveUpMs) break;
    yield* pause(run, outcome.afterSeconds);
  }
  throw failure(exhausted(name));
}

function* attempt<N extends StepName>(
  run: Run,
  name: N,
  input: StepInput<N>,
  patience: Patience,
): Durable<StepOutcome<StepOutput<N>>> {
  let answer: unknown;
  try {
    answer = yield run.context.df.callActivityWithRetry(name, patience.retries, input);
  } catch {
    throw failure(exhausted(name));
  }
  return parseOutcome(name, answer);
}

/** Reads what an activity answered, strictly: the history is a trust boundary too. */
export function parseOutcome<N extends StepName>(name: N, answer: unknown): StepOutcome<StepOutput<N>> {
  return outcomes[name].parse(answer) as StepOutcome<StepOutput<N>>;
}

/** The failure of a step that did not get through. */
export function exhausted(name: StepName): MigrationError {
  return { code: 'step-exhausted', detail: `The step ${name} failed through all retries.` };
}

/** Waits with a durable timer. */
export function* pause(run: Run, seconds: number): Durable<void> {
  const milliseconds = Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000;
  yield run.context.df.createTimer(new Date(run.context.df.currentUtcDateTime.getTime() + milliseconds));
}

/** Enters a phase: callers see it from now on. Returns whether somebody asked to cancel. */
export function* enter(run: Run, phase: Phase): Durable<boolean> {
  return (yield* enterPhase(run, phase)).cancelRequested;
}

/** Enters a phase from which the run can turn back to the identity that the guest had. */
export function* enterUnlessBack(run: Run, phase: Phase, plan: Plan, newId: string): Durable<void> {
  const { wish } = yield* enterPhase(run, phase);
  if (wish === 'revert') throw new TurnBack(plan, newId);
}

function* enterPhase(run: Run, phase: Phase): Durable<StepOutput<'recordPhase'>> {
  run.context.df.setCustomStatus({ phase });
  run.memory.phases += 1;
  const nth = run.attended === undefined ? {} : { nth: run.memory.phases };
  return yield* step(run, 'recordPhase', { migrationId: run.migrationId, phase, ...nth });
}

/** Pauses between tries of what the directory does not show or take yet: about ten minutes in all. */
const TRY_AGAIN_SECONDS = [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60] as const;

/** Repeats a step until it asks for no further try; a step that never does is thrown as a Stop. */
export function* untilDone(
  run: Run,
  name: 'removeRoles' | 'giveBackRoles',
  old: { guestId: string; snapshotHash: string },
  patience: Patience = patient,
): Durable<void> {
  for (const seconds of [...TRY_AGAIN_SECONDS, undefined]) {
    const { retry, afterSeconds } = yield* step(run, name, { migrationId: run.migrationId, ...old }, patience);
    if (!retry) return;
    if (seconds !== undefined) yield* pause(run, Math.max(seconds, afterSeconds));
  }
  throw failure(exhausted(name));
}
