import type { HistoryEvent } from './events';
import type { OrchestratorResult } from './actions';

/** What the orchestration trigger hands to the app for one episode. */
export interface OrchestrationTrigger {
  history: HistoryEvent[];
  input: unknown;
  instanceId: string;
  isReplaying: boolean;
  parentInstanceId: string | null;
  upperSchemaVersion: number;
  upperSchemaVersionNew: number;
  longRunningTimerIntervalDuration: string;
  maximumShortTimerDuration: string;
  defaultHttpAsyncRequestSleepTimeMillseconds: number;
}

/** The durable functions of an app, however they were registered. */
export interface DurableFunctions {
  hasOrchestrator(name: string): boolean;
  hasActivity(name: string): boolean;
  /** Runs the orchestrator over its history. Errors of the orchestrator are part of the answer, not thrown. */
  runOrchestrator(name: string, trigger: OrchestrationTrigger): Promise<OrchestratorResult>;
  /** Runs an activity; input and result are JSON texts. Throws what the activity throws. */
  runActivity(name: string, inputJson: string, instanceId: string): Promise<string>;
}

const SCHEMA_V3 = 2;

/** Builds the trigger of one episode as the extension does when it offers replay schema V3. */
export function orchestrationTrigger(
  instanceId: string,
  inputJson: string,
  parentInstanceId: string | null,
  history: HistoryEvent[],
): OrchestrationTrigger {
  return {
    history,
    input: JSON.parse(inputJson),
    instanceId,
    isReplaying: history.some((event) => event.IsPlayed),
    parentInstanceId,
    upperSchemaVersion: SCHEMA_V3,
    upperSchemaVersionNew: SCHEMA_V3,
    longRunningTimerIntervalDuration: '3.00:00:00',
    maximumShortTimerDuration: '6.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
}
