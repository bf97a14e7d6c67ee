import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { RunnableActivity } from '../activities';
import type { Log } from '../domain/ports';
import { SWITCH_GUEST, type StepName } from '../domain/steps';
import { switchGuest } from '../orchestrators/switchGuest';

/** Registers the orchestration and one activity a step, under the step's name. */
export function registerDurable(
  activities: Record<StepName, RunnableActivity>,
  logOf: (context: InvocationContext) => Log,
): void {
  df.app.orchestration(SWITCH_GUEST, switchGuest);
  for (const [name, run] of Object.entries(activities)) {
    df.app.activity(name, { handler: (input: unknown, context) => run(input, logOf(context)) });
  }
}
