import { outcomeOfFailure, type MigrationError } from '../domain/failures';
import type { Outcome } from '../domain/phases';
import type { Plan } from './plan';

/** Leaves the story early, with the outcome it ends in. Thrown and caught inside the orchestrator only. */
export class Stop extends Error {
  override readonly name = 'Stop';

  constructor(
    readonly outcome: Exclude<Outcome, 'completed' | 'completedWithGaps'>,
    readonly failure: MigrationError | null,
    /** What to turn back with, when somebody wants it before the end is written. */
    readonly turning?: Turning,
  ) {
    super(failure?.code ?? outcome);
  }
}

/** The plan, and the guest that was invited. */
export interface Turning {
  plan: Plan;
  newId: string;
}

/**
 * Leaves the story because somebody wants the guest back at the identity they had. Names the plan, and the guest
 * that was invited. Thrown and caught inside the orchestrator only.
 */
export class TurnBack extends Error {
  override readonly name = 'TurnBack';

  constructor(
    readonly plan: Plan,
    readonly newId: string,
  ) {
    super('turn back');
  }
}

/** The stop for a permanent failure. */
export function failure(error: MigrationError): Stop {
  return new Stop(outcomeOfFailure(error.code), error);
}

/** Turns whatever was thrown into a stop: an error that no step answered is a fault of ours and ends the run too. */
export function asStop(error: unknown): Stop {
  if (error instanceof Stop) return error;
  return failure({ code: 'engine-stopped', detail: 'The orchestration met an unexpected error.' });
}
