import type { OrchestrationHandler } from 'durable-functions';
import type { OrchestratorResult } from './engine/actions';
import { EventType, type HistoryEvent } from './engine/events';
import { NonDeterminismError } from './engine/framework';
import { orchestrationTrigger, type DurableFunctions } from './engine/contract';
import { walkActions } from './engine/walk';
import { createFunctionTable } from './functionTable';

/** Where the orchestrator stands at the end of a recorded history. */
export interface Replay extends OrchestratorResult {
  episodes: number;
}

const CALLS: number[] = [EventType.TaskScheduled, EventType.TimerCreated, EventType.SubOrchestrationInstanceCreated];

/**
 * Runs an orchestrator over a recorded history, once per recorded episode as the instance lived it, and checks that
 * at each of them today's code asks for exactly what was recorded. Returns the last answer.
 * Throws `NonDeterminismError` naming the event that differs.
 */
export async function replayHistory(
  orchestrator: OrchestrationHandler,
  history: HistoryEvent[],
  instanceId = 'replayed',
): Promise<Replay> {
  const started = history.find((event) => event.EventType === EventType.ExecutionStarted);
  if (!started) throw new Error('The history has no ExecutionStarted event.');
  const name = started.Name ?? '';
  const functions: DurableFunctions = {
    ...createFunctionTable({ orchestrators: { [name]: orchestrator } }),
    // Only the calls are compared, nothing is executed: every name in the history is taken to exist.
    hasActivity: () => true,
    hasOrchestrator: () => true,
  };
  const ends = episodeEnds(history);
  let last: OrchestratorResult | undefined;
  for (const end of ends) last = await replayEpisode(functions, name, instanceId, started, history.slice(0, end));
  if (!last) throw new Error('The history has no complete episode.');
  return { ...last, episodes: ends.length };
}

/** Position after each OrchestratorCompleted of an episode that the orchestrator took part in. */
function episodeEnds(history: HistoryEvent[]): number[] {
  const first = history.findIndex((event) => event.EventType === EventType.ExecutionStarted);
  return history.flatMap((event, index) =>
    event.EventType === EventType.OrchestratorCompleted && index > first ? [index + 1] : [],
  );
}

async function replayEpisode(
  functions: DurableFunctions,
  name: string,
  instanceId: string,
  started: HistoryEvent,
  recorded: HistoryEvent[],
): Promise<OrchestratorResult> {
  const begin = recorded.findLastIndex((event) => event.EventType === EventType.OrchestratorStarted);
  const episode = recorded.slice(begin);
  const arrived = episode.filter((event) => !CALLS.includes(event.EventType) && !isEnd(event));
  const history = [
    ...recorded.slice(0, begin).map((event) => ({ ...event, IsPlayed: true })),
    ...arrived.map((event) => ({ ...event, IsPlayed: false })),
  ];
  const trigger = orchestrationTrigger(instanceId, started.Input ?? 'null', null, history);
  const result = await functions.runOrchestrator(name, trigger);
  const who = { orchestrator: name, instanceId, parentInstanceId: null, functions };
  // The walk over the whole recording compares this episode's calls as well; what is left over was never recorded.
  const [extra] = walkActions(who, result, recorded).scheduled;
  const suspended = arrived.some((event) => event.EventType === EventType.ExecutionSuspended);
  if (extra && !suspended) {
    const asked = extra.kind === 'timer' ? 'a timer' : `${extra.kind} "${extra.name}"`;
    throw new NonDeterminismError(
      `Non-deterministic orchestrator "${name}": event ${extra.id} is not in the history, but the code now asks for ${asked}`,
    );
  }
  return result;
}

function isEnd(event: HistoryEvent): boolean {
  return event.EventType === EventType.OrchestratorCompleted || event.EventType === EventType.ExecutionCompleted;
}
