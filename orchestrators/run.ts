import type { OrchestrationContext, Task } from 'durable-functions';
import type { Listener } from './signals';
import { switchInputSchema, type SwitchInput } from '../domain/steps';

/** What a durable helper yields, and what it returns in the end. */
export type Durable<T> = Generator<Task, T, unknown>;

/** One run of the story: the durable context and the validated input. */
export interface Run extends SwitchInput {
  context: OrchestrationContext;
  /** What the run remembers from one phase to the next: phases entered so far, and who listens for hints. */
  memory: { phases: number; hints?: Listener };
}

/** Opens a run; throws when the input is not what the starter writes. */
export function beginRun(context: OrchestrationContext): Run {
  return { context, memory: { phases: 0 }, ...switchInputSchema.parse(context.df.getInput()) };
}

/** The time of this episode, in milliseconds: the same on every replay. */
export function nowMs({ context }: Run): number {
  return context.df.currentUtcDateTime.getTime();
}
