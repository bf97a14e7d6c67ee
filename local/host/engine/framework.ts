import { EventType, type HistoryEvent } from './events';
import { Signal } from './signal';

/** Something the orchestrator's code asked the framework for; `id` is its event id in the history. */
export type Scheduled =
  | { kind: 'activity'; id: number; name: string; input: string }
  | { kind: 'timer'; id: number; fireAt: number }
  | {
      kind: 'sub-orchestration';
      id: number;
      name: string;
      input: string;
      instanceId: string | undefined;
      version: string | undefined;
    };

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The code and the recorded history disagree: re-running the code would not lead to where the instance stands. */
export class NonDeterminismError extends Error {
  override name = 'NonDeterminismError';
}

function described(kind: Scheduled['kind'], name: string | undefined): string {
  return kind === 'timer' ? 'a timer' : `${kind} "${name ?? ''}"`;
}

const KIND_OF_EVENT = new Map<number, Scheduled['kind']>([
  [EventType.TaskScheduled, 'activity'],
  [EventType.TimerCreated, 'timer'],
  [EventType.SubOrchestrationInstanceCreated, 'sub-orchestration'],
]);

/**
 * The bookkeeping that the Durable Task Framework does during one replay: sequence numbers, open tasks, external
 * events, and the comparison of every recorded call with what the code asks for now.
 */
export class Framework {
  /** Time of the episode being replayed, milliseconds since 1970. */
  now = 0;
  readonly #orchestrator: string;
  readonly #open = new Map<number, Signal>();
  readonly #unrecorded = new Map<number, Scheduled>();
  readonly #waits = new Map<string, Signal[]>();
  readonly #buffered = new Map<string, number>();
  #nextId = 0;

  constructor(orchestratorName: string) {
    this.#orchestrator = orchestratorName;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** While a task is open the instance does not end, even if the orchestrator function has returned. */
  get hasOpenTasks(): boolean {
    return this.#open.size > 0;
  }

  /** What the code asked for and the history does not have yet. */
  get unrecorded(): Scheduled[] {
    return [...this.#unrecorded.values()];
  }

  schedule(call: WithoutId<Scheduled>): { id: number; signal: Signal } {
    const id = this.#nextId++;
    const signal = new Signal();
    this.#unrecorded.set(id, { ...call, id });
    this.#open.set(id, signal);
    return { id, signal };
  }

  /** A cancelled timer stays in the history and keeps its id, but nobody waits for it any more. */
  cancelTimer(id: number): void {
    const signal = this.#open.get(id);
    this.#open.delete(id);
    signal?.settle('failed');
  }

  /** Event names are matched without case here; the JavaScript side then matches with case. */
  waitForEvent(name: string): Signal {
    const key = name.toLowerCase();
    const early = this.#buffered.get(key) ?? 0;
    if (early > 0) {
      this.#buffered.set(key, early - 1);
      return Signal.completed();
    }
    const signal = new Signal();
    // The newest wait is served first, as in the extension.
    this.#waits.set(key, [...(this.#waits.get(key) ?? []), signal]);
    return signal;
  }

  /** Takes one event of the history, in order. Throws `NonDeterminismError`. */
  process(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.now = Date.parse(event.Timestamp);
        break;
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
        this.#compare(event);
        break;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#settle(event.TaskScheduledId, 'completed');
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.#settle(event.TaskScheduledId, 'failed');
        break;
      case EventType.TimerFired:
        this.#settle(event.TimerId, 'completed');
        break;
      case EventType.EventRaised:
        this.#raise((event.Name ?? '').toLowerCase());
        break;
      default:
        break;
    }
  }

  #compare(event: HistoryEvent): void {
    const recordedKind = KIND_OF_EVENT.get(event.EventType) ?? 'timer';
    const asked = this.#unrecorded.get(event.EventId);
    const recorded = described(recordedKind, event.Name);
    const now = asked ? described(asked.kind, asked.kind === 'timer' ? undefined : asked.name) : 'nothing';
    if (recorded !== now) {
      throw new NonDeterminismError(
        `Non-deterministic orchestrator "${this.#orchestrator}": event ${event.EventId} was ${recorded} in the history, ` +
          `but the code now asks for ${now}`,
      );
    }
    this.#unrecorded.delete(event.EventId);
  }

  /** An answer nobody waits for (a cancelled timer that fires) is ignored. */
  #settle(id: number | undefined, outcome: 'completed' | 'failed'): void {
    if (id === undefined) return;
    const signal = this.#open.get(id);
    this.#open.delete(id);
    signal?.settle(outcome);
  }

  #raise(key: string): void {
    const signal = this.#waits.get(key)?.pop();
    if (signal) signal.settle('completed');
    else this.#buffered.set(key, (this.#buffered.get(key) ?? 0) + 1);
  }
}
