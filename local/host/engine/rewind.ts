import { EventType, historyEvent, type HistoryEvent } from './events';
import type { InstanceRow, Store } from './store';

const CALLS: number[] = [EventType.TaskScheduled, EventType.SubOrchestrationInstanceCreated];
const FAILURES: number[] = [EventType.TaskFailed, EventType.SubOrchestrationInstanceFailed];

/**
 * Puts a failed instance back to where its last failures came in and runs those calls again: the failure events are
 * taken out of the history and the calls become pending once more; failed sub-orchestrations are rewound likewise.
 * Only failures that the orchestrator answered with no further call can be undone like this.
 * To be called inside a transaction, with an instance whose status is Failed.
 */
export function rewindInstance(store: Store, now: number, instance: InstanceRow, reason: string): void {
  const history = store.history(instance.id);
  const calls = new Map(
    history.filter((event) => CALLS.includes(event.EventType)).map((event) => [event.EventId, event]),
  );
  const lastCall = history.findLastIndex((event) => CALLS.includes(event.EventType) || isRealTimer(event));
  const undone = history.filter((event, index) => index > lastCall && FAILURES.includes(event.EventType));
  const kept = history.filter(
    (event, index) => !undone.includes(event) && !isEnding(event) && !(index > lastCall && isTimer(event)),
  );
  store.deleteHistory(instance.id);
  store.appendHistory(instance.id, 0, kept);
  store.updateInstance(instance.id, { status: 'Running', output: null, updated_at: now });
  store.post(instance.id, instance.execution_id, historyEvent(EventType.GenericEvent, now, { Reason: reason }));
  for (const failure of undone) {
    const call = calls.get(failure.TaskScheduledId ?? -1);
    if (call) runAgain(store, now, instance, call, reason);
  }
}

function runAgain(store: Store, now: number, instance: InstanceRow, call: HistoryEvent, reason: string): void {
  if (call.EventType === EventType.TaskScheduled) {
    store.insertActivity({
      instance_id: instance.id,
      execution_id: instance.execution_id,
      task_id: call.EventId,
      name: call.Name ?? '',
      input: call.Input ?? 'null',
    });
    return;
  }
  const child = store.instance(call.InstanceId ?? '');
  if (child?.status === 'Failed') rewindInstance(store, now, child, reason);
}

function isTimer(event: HistoryEvent): boolean {
  return event.EventType === EventType.TimerCreated || event.EventType === EventType.TimerFired;
}

/** A retry's last timer is due at once and only closes the retry: it goes with the failure. */
function isRealTimer(event: HistoryEvent): boolean {
  return event.EventType === EventType.TimerCreated && Date.parse(event.FireAt ?? '') > Date.parse(event.Timestamp);
}

function isEnding(event: HistoryEvent): boolean {
  return event.EventType === EventType.ExecutionCompleted;
}
