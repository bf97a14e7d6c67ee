/**
 * History events as the durable extension gives them to the worker. Numbers and field names are those of
 * `durable-functions` 3.5 (its `history` folder).
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionFailed: 2,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

/** `EventId` of an event that answers another one (-1) or carries its own sequence number (0, 1, 2, …). */
export const NO_ID = -1;

/** One row of an instance's history. Times are ISO texts in UTC; `Input` and `Result` are JSON texts. */
export interface HistoryEvent {
  EventType: number;
  EventId: number;
  IsPlayed: boolean;
  Timestamp: string;
  Name?: string;
  Input?: string;
  Version?: string;
  ParentInstanceId?: string;
  TaskScheduledId?: number;
  Result?: string;
  Reason?: string;
  Details?: string;
  FireAt?: string;
  TimerId?: number;
  InstanceId?: string;
  OrchestrationStatus?: string;
}

/** The fields of an event beyond those that every event has. */
export type EventFields = Omit<Partial<HistoryEvent>, 'EventType' | 'IsPlayed' | 'Timestamp'>;

/** Builds an event at the given time (milliseconds since 1970). */
export function historyEvent(type: number, at: number, fields: EventFields = {}): HistoryEvent {
  return { EventType: type, EventId: NO_ID, IsPlayed: false, Timestamp: new Date(at).toISOString(), ...fields };
}

/** Where the instance stands, in the spelling of the durable client. */
export type RuntimeStatus = 'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

/** True for the statuses that an instance does not leave by itself. */
export function hasEnded(status: RuntimeStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}
