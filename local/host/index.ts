/** What tests and tools use of the embedded host; running an app is the business of main.ts. */
export { runningClock, virtualClock, type Clock } from './clock';
export { createHost, type Host, type HostOptions } from './createHost';
export { DurableEngine, EngineError, type StartOptions } from './engine/engine';
export { EventType, type HistoryEvent, type RuntimeStatus } from './engine/events';
export { NonDeterminismError } from './engine/framework';
export type { DurableFunctions } from './engine/contract';
export type { InstanceFilter, InstanceStatus } from './engine/queries';
export { createFunctionTable, type FunctionTableOptions } from './functionTable';
export type { Log, LogLine } from './log';
export { replayHistory, type Replay } from './replayHistory';
