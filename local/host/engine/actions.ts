/** Action numbers of `durable-functions` 3.5 (its `actions` folder). */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  WhenAny: 11,
  WhenAll: 12,
} as const;

/** Retry options as the app wrote them; absent values have the extension's defaults. */
export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

/** One action of the orchestrator's answer, before it is known which fields belong to its type. */
export interface Action {
  actionType: number;
  functionName?: string;
  input?: unknown;
  instanceId?: string;
  version?: string;
  retryOptions?: RetryOptions;
  fireAt?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  compoundActions?: Action[];
}

/** What one run of an orchestrator over its history answers (replay schema V3). */
export interface OrchestratorResult {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  customStatus?: unknown;
  /** Message of the error that ended the orchestrator. */
  error?: string;
}

/**
 * JSON text of an action's input. The library writes string inputs of activities and of continueAsNew as JSON text
 * inside JSON (`encodedStrings`), those of sub-orchestrations as they are.
 */
export function inputJson(input: unknown, encodedStrings: boolean): string {
  if (typeof input === 'string' && encodedStrings) return input;
  return input === undefined ? 'null' : JSON.stringify(input);
}
