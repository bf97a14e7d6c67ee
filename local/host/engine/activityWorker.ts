import type { CrashPlan } from '../crash';
import type { Log } from '../log';
import { EventType, historyEvent, type EventFields } from './events';
import type { DurableFunctions } from './contract';
import type { ActivityRow, Store } from './store';

/** What running an activity needs from its surroundings. */
export interface ActivityTools {
  store: Store;
  functions: DurableFunctions;
  crash: CrashPlan;
  log: Log;
  now: () => number;
}

/**
 * Runs a scheduled activity and records its answer. Until the answer is recorded the activity stays scheduled, so a
 * process that dies in between runs it again: at least once, as in Azure.
 */
export async function runActivity(tools: ActivityTools, activity: ActivityRow): Promise<void> {
  const { store, crash, now } = tools;
  const place = `${activity.execution_id}:${activity.task_id}`;
  crash.reach('beforeActivity', activity.name, place);
  const { type, fields } = await answerOf(tools, activity);
  crash.reach('afterActivityEffect', activity.name, place);
  store.transaction(() => {
    store.deleteActivity(activity.seq);
    // The instance may have been purged, overwritten or continued as new meanwhile.
    if (store.instance(activity.instance_id)?.execution_id !== activity.execution_id) return;
    const event = historyEvent(type, now(), { TaskScheduledId: activity.task_id, ...fields });
    store.post(activity.instance_id, activity.execution_id, event);
  });
}

async function answerOf(
  { functions, log }: ActivityTools,
  { name, input, instance_id }: ActivityRow,
): Promise<{ type: number; fields: EventFields }> {
  try {
    return { type: EventType.TaskCompleted, fields: { Result: await functions.runActivity(name, input, instance_id) } };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    log({
      level: 'error',
      category: 'Host.Durable',
      message: `Activity '${name}' failed: ${failure.stack ?? failure.message}`,
      functionName: name,
    });
    return {
      type: EventType.TaskFailed,
      fields: { Reason: `Activity function '${name}' failed: ${failure.message}`, Details: failure.stack ?? '' },
    };
  }
}
