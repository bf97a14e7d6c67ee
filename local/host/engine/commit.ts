import { randomUUID } from 'node:crypto';
import { EventType, hasEnded, historyEvent, type HistoryEvent } from './events';
import type { Decision, EpisodeTools } from './episode';
import type { Scheduled } from './framework';
import type { InstanceRow, Store } from './store';

/** How an instance, or one generation of it, ends. `output` and `input` are JSON texts. */
export type Ending =
  | { status: 'Completed' | 'Terminated'; output: string }
  | { status: 'Failed'; output: string; reason: string }
  | { status: 'ContinuedAsNew'; input: string };

/** Everything that one episode changes. */
export interface EpisodeOutcome extends Decision {
  instance: InstanceRow;
  /** Number of history events before this episode. */
  recorded: number;
  arrived: HistoryEvent[];
  /** Sequence numbers of the delivered (or stale) mail. */
  consumed: number[];
  suspended: boolean;
}

/** An instance as it is created by a start, a sub-orchestration or a new generation. */
export interface NewInstance {
  id: string;
  name: string;
  input: string;
  version: string | undefined;
  parent?: { id: string; executionId: string; taskId: number };
}

/** Generation ids are random, so that a late answer never reaches another generation of the same instance. */
export function newExecutionId(): string {
  return randomUUID().replaceAll('-', '');
}

/** Adds an instance in status Pending with its ExecutionStarted message. To be called inside a transaction. */
export function createInstance(store: Store, now: number, { id, name, input, version, parent }: NewInstance): void {
  const executionId = newExecutionId();
  store.insertInstance({
    id,
    execution_id: executionId,
    name,
    version: version ?? null,
    parent_id: parent?.id ?? null,
    parent_execution_id: parent?.executionId ?? null,
    parent_task_id: parent?.taskId ?? null,
    input,
    status: 'Pending',
    custom_status: null,
    output: null,
    created_at: now,
    updated_at: now,
  });
  store.post(id, executionId, startedEvent(now, name, input, version));
}

function startedEvent(now: number, name: string, input: string, version: string | undefined): HistoryEvent {
  return historyEvent(EventType.ExecutionStarted, now, {
    Name: name,
    Input: input,
    ...(version === undefined ? {} : { Version: version }),
  });
}

/** Records an episode: history, pending work, status and mail, all in one transaction. */
export function commitEpisode(tools: EpisodeTools, outcome: EpisodeOutcome): void {
  const { store, crash } = tools;
  const { instance, ending, walk, recorded } = outcome;
  const place = `${instance.execution_id}:${recorded}`;
  const now = tools.now();
  store.transaction(() => {
    store.deleteMail(outcome.consumed);
    if (ending?.status === 'ContinuedAsNew') {
      startGeneration(store, now, instance, ending.input);
    } else {
      const calls = ending ? [] : (walk?.scheduled ?? []);
      const events = [...outcome.arrived, ...calls.map((call) => recordedCall(call, instance, now))];
      if (ending) events.push(endEvent(ending, walk?.nextId, now));
      events.push(historyEvent(EventType.OrchestratorCompleted, now));
      store.appendHistory(instance.id, recorded, events);
      for (const call of calls) startCall(tools, now, instance, call);
    }
    store.updateInstance(instance.id, { ...statusAfter(outcome), ...customStatusAfter(outcome), updated_at: now });
    if (ending && ending.status !== 'ContinuedAsNew') end(store, now, instance, ending);
    crash.reach('beforeEpisodeCommit', instance.name, place);
  });
  crash.reach('afterEpisodeCommit', instance.name, place);
}

function statusAfter({ ending, suspended }: EpisodeOutcome): Partial<InstanceRow> {
  if (!ending) return { status: suspended ? 'Suspended' : 'Running' };
  if (ending.status === 'ContinuedAsNew') return { status: 'Running' };
  return { status: ending.status, output: ending.output };
}

function customStatusAfter({ customStatus }: EpisodeOutcome): Partial<InstanceRow> {
  return customStatus === undefined || customStatus === null ? {} : { custom_status: JSON.stringify(customStatus) };
}

/** A new generation has an empty history; events that the old one did not use are gone with it. */
function startGeneration(store: Store, now: number, instance: InstanceRow, input: string): void {
  const executionId = newExecutionId();
  store.deleteHistory(instance.id);
  store.deleteTimersOf(instance.id);
  store.updateInstance(instance.id, { execution_id: executionId, input });
  store.post(instance.id, executionId, startedEvent(now, instance.name, input, instance.version ?? undefined));
}

type SubOrchestration = Extract<Scheduled, { kind: 'sub-orchestration' }>;
type FinalEnding = Exclude<Ending, { status: 'ContinuedAsNew' }>;

function childId(instance: InstanceRow, call: SubOrchestration): string {
  return call.instanceId ?? `${instance.execution_id}:${call.id}`;
}

function recordedCall(call: Scheduled, instance: InstanceRow, now: number): HistoryEvent {
  switch (call.kind) {
    case 'activity':
      return historyEvent(EventType.TaskScheduled, now, { EventId: call.id, Name: call.name, Input: call.input });
    case 'timer':
      return historyEvent(EventType.TimerCreated, now, {
        EventId: call.id,
        FireAt: new Date(call.fireAt).toISOString(),
      });
    case 'sub-orchestration':
      return historyEvent(EventType.SubOrchestrationInstanceCreated, now, {
        EventId: call.id,
        Name: call.name,
        Input: call.input,
        InstanceId: childId(instance, call),
      });
  }
}

function startCall(tools: EpisodeTools, now: number, instance: InstanceRow, call: Scheduled): void {
  const { store } = tools;
  const owner = { instance_id: instance.id, execution_id: instance.execution_id, task_id: call.id };
  switch (call.kind) {
    case 'activity':
      store.insertActivity({ ...owner, name: call.name, input: call.input });
      break;
    case 'timer':
      store.insertTimer({ ...owner, fire_at: call.fireAt });
      break;
    case 'sub-orchestration':
      startChild(tools, now, instance, call);
      break;
  }
}

function startChild(tools: EpisodeTools, now: number, parent: InstanceRow, call: SubOrchestration): void {
  const { store } = tools;
  const id = childId(parent, call);
  const existing = store.instance(id);
  if (existing && !hasEnded(existing.status)) {
    const reason = `A sub-orchestration "${call.name}" could not start: its instance id belongs to a running instance.`;
    store.post(parent.id, parent.execution_id, childFailed(now, call.id, reason));
    return;
  }
  if (existing) store.deleteInstance(id);
  createInstance(store, now, {
    id,
    name: call.name,
    input: call.input,
    version: call.version ?? tools.defaultVersion,
    parent: { id: parent.id, executionId: parent.execution_id, taskId: call.id },
  });
}

function endEvent(ending: FinalEnding, id: number | undefined, now: number): HistoryEvent {
  return historyEvent(EventType.ExecutionCompleted, now, {
    ...(id === undefined ? {} : { EventId: id }),
    Result: ending.output,
    OrchestrationStatus: ending.status,
  });
}

/** An ended instance keeps its history; its timers are void, its running activities are not waited for. */
function end(store: Store, now: number, instance: InstanceRow, ending: FinalEnding): void {
  store.deleteTimersOf(instance.id);
  const { parent_id: parent, parent_execution_id: parentExecution, parent_task_id: taskId } = instance;
  if (parent === null || taskId === null || store.instance(parent)?.execution_id !== parentExecution) return;
  const answer =
    ending.status === 'Completed'
      ? historyEvent(EventType.SubOrchestrationInstanceCompleted, now, {
          TaskScheduledId: taskId,
          Result: ending.output,
        })
      : childFailed(now, taskId, ending.status === 'Failed' ? ending.reason : 'The sub-orchestration was terminated.');
  store.post(parent, parentExecution, answer);
}

function childFailed(now: number, taskId: number, reason: string): HistoryEvent {
  return historyEvent(EventType.SubOrchestrationInstanceFailed, now, {
    TaskScheduledId: taskId,
    Reason: reason,
    Details: reason,
  });
}
