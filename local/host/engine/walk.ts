import { ActionType, inputJson, type Action, type OrchestratorResult, type RetryOptions } from './actions';
import { EventType, type HistoryEvent } from './events';
import { Framework, type Scheduled } from './framework';
import type { DurableFunctions } from './contract';
import { Signal, whenAll, whenAny } from './signal';

const DAY_MS = 86_400_000;
/** Longer timers are cut into pieces of three days, as the extension does on Azure Storage. */
const LONGEST_TIMER_MS = 6 * DAY_MS;
const TIMER_PIECE_MS = 3 * DAY_MS;
/** The extension's default for `maxRetryIntervalInMilliseconds`. */
const LONGEST_RETRY_DELAY_MS = 6 * DAY_MS;

/** The orchestrator asks for something that this host does not offer, or for a function that is not registered. */
export class OrchestratorRequestError extends Error {
  override name = 'OrchestratorRequestError';
}

/** Where an instance stands after its history was replayed. */
export interface Walk {
  /** Asked for by the code and not in the history yet. */
  scheduled: Scheduled[];
  /** The orchestrator returned (or threw) and everything it started has an answer. */
  ended: boolean;
  /** Input of the next generation, as JSON text, when the orchestrator called continueAsNew. */
  continueAsNewInput: string | undefined;
  /** The sequence number that the next call would get. */
  nextId: number;
}

/**
 * Turns the orchestrator's actions into framework calls as the extension does: strictly one after the other, each
 * awaited before the next, ids given as calls are made; the answers come from the history.
 */
class ActionWalk {
  readonly framework: Framework;
  readonly #actions: Action[];
  readonly #functions: DurableFunctions;
  readonly #parents: (string | null)[];
  #position = 0;
  continueAsNewInput: string | undefined;

  constructor(framework: Framework, actions: Action[], functions: DurableFunctions, parents: (string | null)[]) {
    this.framework = framework;
    this.#actions = actions;
    this.#functions = functions;
    this.#parents = parents;
  }

  get finished(): boolean {
    return this.#position >= this.#actions.length;
  }

  /** Goes on until an action has to be waited for. How an action ended is the orchestrator's business. */
  run(): void {
    for (let action = this.#actions[this.#position]; action; action = this.#actions[this.#position]) {
      const signal = this.#call(action);
      if (!signal.settled) {
        signal.then(() => {
          this.#position += 1;
          this.run();
        });
        return;
      }
      this.#position += 1;
    }
  }

  #call(action: Action): Signal {
    switch (action.actionType) {
      case ActionType.CallActivity:
        return this.#activity(action);
      case ActionType.CallActivityWithRetry:
        return this.#retried(action, () => this.#activity(action));
      case ActionType.CallSubOrchestrator:
        return this.#subOrchestration(action);
      case ActionType.CallSubOrchestratorWithRetry:
        return this.#retried(action, () => this.#subOrchestration(action));
      case ActionType.CreateTimer:
        return this.#timer(Date.parse(action.fireAt ?? ''), action.isCanceled === true);
      case ActionType.WaitForExternalEvent:
        return this.framework.waitForEvent(action.externalEventName ?? '');
      case ActionType.WhenAny:
        return whenAny((action.compoundActions ?? []).map((child) => this.#call(child)));
      case ActionType.WhenAll:
        return whenAll((action.compoundActions ?? []).map((child) => this.#call(child)));
      case ActionType.ContinueAsNew:
        this.continueAsNewInput = inputJson(action.input, true);
        return Signal.completed();
      default:
        throw new OrchestratorRequestError(
          `Action type ${action.actionType} (entities, callHttp, locks) is not supported by the embedded host.`,
        );
    }
  }

  #activity(action: Action): Signal {
    const name = action.functionName ?? '';
    if (!this.#functions.hasActivity(name)) {
      throw new OrchestratorRequestError(`There is no activity function "${name}".`);
    }
    return this.framework.schedule({ kind: 'activity', name, input: inputJson(action.input, true) }).signal;
  }

  #subOrchestration(action: Action): Signal {
    const name = action.functionName ?? '';
    if (!this.#functions.hasOrchestrator(name)) {
      throw new OrchestratorRequestError(`There is no orchestrator function "${name}".`);
    }
    const { instanceId, version } = action;
    if (instanceId && this.#parents.some((parent) => parent?.toLowerCase() === instanceId.toLowerCase())) {
      throw new OrchestratorRequestError(
        'The instance id of a sub-orchestration must differ from those of its parents.',
      );
    }
    const input = inputJson(action.input, false);
    return this.framework.schedule({ kind: 'sub-orchestration', name, input, instanceId, version }).signal;
  }

  #timer(fireAt: number, cancelled: boolean): Signal {
    if (Number.isNaN(fireAt)) throw new OrchestratorRequestError('A timer has no valid date.');
    const remaining = fireAt - this.framework.now;
    if (remaining > LONGEST_TIMER_MS) return this.#longTimer(fireAt, TIMER_PIECE_MS, cancelled);
    const { id, signal } = this.framework.schedule({ kind: 'timer', fireAt });
    if (cancelled) this.framework.cancelTimer(id);
    return signal;
  }

  #longTimer(fireAt: number, pieceMs: number, cancelled: boolean): Signal {
    const whole = new Signal();
    const { id, signal } = this.framework.schedule({ kind: 'timer', fireAt: this.framework.now + pieceMs });
    signal.then((outcome) => {
      const remaining = fireAt - this.framework.now;
      if (outcome === 'failed' || remaining <= 0) whole.settle(outcome);
      else this.#longTimer(fireAt, Math.min(remaining, TIMER_PIECE_MS), false).then((end) => whole.settle(end));
    });
    // Cancelling ends the whole timer at its first piece, even if later pieces are in the history: the extension has
    // this flaw too, and the divergence it leads to has to show here.
    if (cancelled) this.framework.cancelTimer(id);
    return whole;
  }

  #retried(action: Action, attempt: () => Signal): Signal {
    const options = action.retryOptions;
    if (!options) throw new OrchestratorRequestError('A call with retry has no retry options.');
    const whole = new Signal();
    const firstAttemptAt = this.framework.now;
    const tryOnce = (attempts: number): void => {
      attempt().then((outcome) => {
        if (outcome === 'completed') {
          whole.settle('completed');
          return;
        }
        const last = attempts + 1 >= options.maxNumberOfAttempts;
        const delay = last ? 0 : this.#retryDelay(options, attempts, firstAttemptAt);
        if (delay === undefined) {
          whole.settle('failed');
          return;
        }
        // After the last attempt there is still a timer, due at once: the framework keeps it for old histories.
        const { signal } = this.framework.schedule({ kind: 'timer', fireAt: this.framework.now + delay });
        signal.then(() => {
          if (last) whole.settle('failed');
          else tryOnce(attempts + 1);
        });
      });
    };
    tryOnce(0);
    return whole;
  }

  /** Milliseconds until the next attempt, `undefined` when the retry timeout has passed. */
  #retryDelay(options: RetryOptions, attempts: number, firstAttemptAt: number): number | undefined {
    const timeout = options.retryTimeoutInMilliseconds;
    if (timeout !== undefined && this.framework.now >= firstAttemptAt + timeout) return undefined;
    const delay = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** attempts;
    return Math.min(Math.ceil(delay), options.maxRetryIntervalInMilliseconds ?? LONGEST_RETRY_DELAY_MS);
  }
}

/** Who is being replayed. */
export interface Replayed {
  orchestrator: string;
  instanceId: string;
  parentInstanceId: string | null;
  functions: DurableFunctions;
}

/**
 * Replays a history against the actions that the orchestrator answered for it.
 * Throws `NonDeterminismError` when they differ and `OrchestratorRequestError` for what cannot be done.
 */
export function walkActions(who: Replayed, result: OrchestratorResult, history: HistoryEvent[]): Walk {
  const framework = new Framework(who.orchestrator);
  const walk = new ActionWalk(framework, result.actions[0] ?? [], who.functions, [
    who.instanceId,
    who.parentInstanceId,
  ]);
  for (const event of history) {
    if (event.EventType === EventType.ExecutionStarted) walk.run();
    else framework.process(event);
  }
  const returned = result.isDone || result.error !== undefined;
  return {
    scheduled: framework.unrecorded,
    ended: returned && walk.finished && !framework.hasOpenTasks,
    continueAsNewInput: walk.continueAsNewInput,
    nextId: framework.nextId,
  };
}
