import type { Outcome } from '../domain/phases';
import type { StepOutput } from '../domain/steps';
import type { Durable, Run } from './run';
import { step } from './steps';
import { TurnBack, type Stop, type Turning } from './stop';

/** What the run works on: the captured guest, what they hold, and how they are switched. */
export interface Plan extends StepOutput<'captureAccess'> {
  guestId: string;
  strategy: 'recreate' | 'reset';
  /** On the way back to the identity that the guest had. */
  back: boolean;
}

/** The part of a plan that destructive steps ask for. */
export function oldGuestOf({ guestId, snapshotHash }: Plan): { guestId: string; snapshotHash: string } {
  return { guestId, snapshotHash };
}

/**
 * Ends the run in the row, the report and the status.
 *
 * @param turning what to turn back with, when somebody wants it before the end is written
 */
export function* finish(
  run: Run,
  outcome: Outcome,
  error: Stop['failure'] = null,
  turning?: Turning,
): Durable<{ outcome: Outcome }> {
  const waited = turning !== undefined && outcome !== 'completed' && outcome !== 'completedWithGaps';
  const ending = { migrationId: run.migrationId, outcome, error, ...(waited ? { mayTurnBack: true as const } : {}) };
  const { wish } = yield* step(run, 'finishMigration', ending);
  if (wish === 'revert' && turning !== undefined) throw new TurnBack(turning.plan, turning.newId);
  run.context.df.setCustomStatus({ phase: 'ended', outcome });
  return { outcome };
}
