import type { CrashPlan } from '../crash';
import type { Log } from '../log';
import type { OrchestratorResult } from './actions';
import { EventType, hasEnded, historyEvent, type HistoryEvent } from './events';
import { orchestrationTrigger, type DurableFunctions } from './contract';
import type { InboxRow, InstanceRow, Store } from './store';
import { commitEpisode, type Ending } from './commit';
import { walkActions, type Walk } from './walk';

/** What an episode needs from its surroundings. `now` is in milliseconds since 1970. */
export interface EpisodeTools {
  store: Store;
  functions: DurableFunctions;
  crash: CrashPlan;
  log: Log;
  now: () => number;
  /** Version of instances that were started without one (host.json). */
  defaultVersion: string | undefined;
}

/** What an episode came to: the next calls, the next generation, or an ending. */
export interface Decision {
  walk: Walk | undefined;
  ending: Ending | undefined;
  customStatus: unknown;
}

/** Mail of an episode: what is delivered, what is put aside while suspended, and where control messages lead. */
interface Delivery {
  events: HistoryEvent[];
  consumed: number[];
  suspended: boolean;
  terminated: HistoryEvent | undefined;
}

/**
 * Runs one episode of an instance: delivers its mail, lets the orchestrator replay, and records what follows from it
 * in one transaction. Does nothing when there is nothing to deliver.
 */
export async function runEpisode(tools: EpisodeTools, instanceId: string): Promise<void> {
  const { store } = tools;
  const instance = store.instance(instanceId);
  if (!instance) return;
  if (hasEnded(instance.status)) {
    const late = store.inbox(instanceId).map((row) => row.seq);
    store.transaction(() => store.deleteMail(late));
    return;
  }
  const delivery = sortMail(instance, store.inbox(instanceId));
  if (delivery.events.length === 0) {
    store.transaction(() => store.deleteMail(delivery.consumed));
    return;
  }
  const past = store.history(instanceId).map((event) => ({ ...event, IsPlayed: true }));
  const arrived = [historyEvent(EventType.OrchestratorStarted, tools.now()), ...delivery.events];
  const decision = await decide(tools, instance, past, arrived, delivery);
  if (decision.ending?.status === 'Failed') {
    const message = `Orchestration '${instance.name}' failed: ${decision.ending.reason}`;
    tools.log({ level: 'error', category: 'Host.Durable', message, functionName: instance.name });
  }
  commitEpisode(tools, {
    instance,
    recorded: past.length,
    arrived,
    consumed: delivery.consumed,
    suspended: delivery.suspended,
    ...decision,
  });
}

async function decide(
  { functions }: EpisodeTools,
  instance: InstanceRow,
  past: HistoryEvent[],
  arrived: HistoryEvent[],
  { suspended, terminated }: Delivery,
): Promise<Decision> {
  if (terminated) {
    const ending = { status: 'Terminated', output: terminated.Input ?? 'null' } as const;
    return { walk: undefined, ending, customStatus: undefined };
  }
  if (suspended) return { walk: undefined, ending: undefined, customStatus: undefined };
  const history = [...past, ...arrived];
  const trigger = orchestrationTrigger(instance.id, instance.input, instance.parent_id, history);
  try {
    const result = await functions.runOrchestrator(instance.name, trigger);
    const walk = walkActions(
      { orchestrator: instance.name, instanceId: instance.id, parentInstanceId: instance.parent_id, functions },
      result,
      history,
    );
    return { walk, ending: endingOf(instance.name, result, walk), customStatus: result.customStatus };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { walk: undefined, ending: failed(reason), customStatus: undefined };
  }
}

function endingOf(name: string, result: OrchestratorResult, walk: Walk): Ending | undefined {
  if (!walk.ended) return undefined;
  if (result.error !== undefined) return failed(`Orchestrator function '${name}' failed: ${result.error}`);
  if (walk.continueAsNewInput !== undefined) return { status: 'ContinuedAsNew', input: walk.continueAsNewInput };
  return { status: 'Completed', output: JSON.stringify(result.output ?? null) };
}

function failed(reason: string): Ending {
  return { status: 'Failed', output: JSON.stringify(reason), reason };
}

function sortMail(instance: InstanceRow, mail: InboxRow[]): Delivery {
  const current = mail.filter((row) => row.execution_id === null || row.execution_id === instance.execution_id);
  const stale = mail.filter((row) => !current.includes(row)).map((row) => row.seq);
  const parsed = current.map((row) => ({ row, event: JSON.parse(row.event) as HistoryEvent }));
  const terminated = parsed.find(({ event }) => event.EventType === EventType.ExecutionTerminated)?.event;
  if (terminated) {
    return { events: [terminated], consumed: mail.map((row) => row.seq), suspended: false, terminated };
  }
  let suspended = instance.status === 'Suspended';
  for (const { event } of parsed) {
    if (event.EventType === EventType.ExecutionSuspended) suspended = true;
    if (event.EventType === EventType.ExecutionResumed) suspended = false;
  }
  // A new generation starts before it gets the events that were already waiting for it.
  const delivered = parsed
    .filter(({ row }) => !suspended || row.control === 1)
    .sort((a, b) => Number(isStart(b.event)) - Number(isStart(a.event)));
  return {
    events: delivered.map(({ event }) => event),
    consumed: [...stale, ...delivered.map(({ row }) => row.seq)],
    suspended,
    terminated,
  };
}

function isStart(event: HistoryEvent): boolean {
  return event.EventType === EventType.ExecutionStarted;
}
