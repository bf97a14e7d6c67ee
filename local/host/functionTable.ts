import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { format } from 'node:util';
import { DummyOrchestrationContext, type ActivityHandler, type OrchestrationHandler } from 'durable-functions';
import type { DurableFunctions } from './engine/contract';
import { outOfProcState, type OrchestratorState } from './outOfProcState';
import { silentLog, type Log } from './log';

type Executor = (
  handler: OrchestrationHandler,
) => (trigger: unknown, context: DummyOrchestrationContext) => Promise<unknown>;

/**
 * The library's own replay executor. It is not exported, hence this path into the package (the only one in the
 * project); the version of durable-functions is pinned exactly because of it.
 */
const { createOrchestrator } = createRequire(__filename)('durable-functions/lib/src/util/testingUtils') as {
  createOrchestrator: Executor;
};

/** Orchestrators and activities by their registered names. */
export interface FunctionTableOptions {
  orchestrators: Record<string, OrchestrationHandler>;
  activities?: Record<string, ActivityHandler>;
  /** Where `context.log` of the functions goes; nowhere by default. */
  log?: Log;
}

/**
 * Registers durable functions directly, without an app package: for tests. The orchestrators run in the real replay
 * executor, and every value passes through JSON as it would between the host and a worker.
 */
export function createFunctionTable({
  orchestrators,
  activities = {},
  log = silentLog,
}: FunctionTableOptions): DurableFunctions {
  const executors = new Map(
    Object.entries(orchestrators).map(([name, handler]) => [name, createOrchestrator(handler)]),
  );
  const handlers = new Map(Object.entries(activities));
  return {
    hasOrchestrator: (name) => executors.has(name),
    hasActivity: (name) => handlers.has(name),
    async runOrchestrator(name, trigger) {
      const executor = executors.get(name);
      if (!executor) throw new Error(`There is no orchestrator function "${name}".`);
      // The executor changes the timestamps of the history it is given.
      const copy: unknown = JSON.parse(JSON.stringify(trigger));
      return outOfProcState(async () => (await executor(copy, invocation(name, log))) as OrchestratorState);
    },
    async runActivity(name, inputJson, instanceId) {
      const handler = handlers.get(name);
      if (!handler) throw new Error(`There is no activity function "${name}".`);
      const result: unknown = await handler(JSON.parse(inputJson), invocation(name, log, { instanceId }));
      return JSON.stringify(result ?? null);
    },
  };
}

/** The library's own context for orchestrators without a host; activities need no more than its base class offers. */
function invocation(
  functionName: string,
  log: Log,
  triggerMetadata: Record<string, unknown> = {},
): DummyOrchestrationContext {
  const invocationId = randomUUID();
  const context = new DummyOrchestrationContext(functionName, invocationId, (level, ...args: unknown[]) =>
    log({ level, category: 'user', message: format(...args), functionName, invocationId }),
  );
  context.triggerMetadata = triggerMetadata;
  return context;
}
