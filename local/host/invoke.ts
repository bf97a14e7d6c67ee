import { randomBytes, randomUUID } from 'node:crypto';
import type { CoreContext, RegisteredFunction, RpcData } from './coreApi';
import type { LoadedApp } from './loadApp';
import type { Log } from './log';

/** Values for a function's bindings by binding name, in the worker's RPC form. */
export type Inputs = Record<string, RpcData>;

/**
 * Runs one invocation of a function through the app's programming model, hooks included, and returns what the function
 * returned in RPC form. Throws what the function throws.
 */
export async function invoke(
  app: LoadedApp,
  log: Log,
  { metadata, callback }: RegisteredFunction,
  inputs: Inputs,
  triggerMetadata: Record<string, RpcData> = {},
): Promise<RpcData | null | undefined> {
  const core = coreContext(app, log, metadata, inputs, triggerMetadata);
  const model = app.model.getInvocationModel(core);
  const { context, inputs: args } = await model.getArguments();
  const before = { hookData: {}, invocationContext: context, inputs: args, functionCallback: callback };
  core.state = 'preInvocationHooks';
  await app.hooks.run('preInvocation', before);
  core.state = 'invocation';
  const after: Record<string, unknown> = {
    hookData: before.hookData,
    invocationContext: context,
    inputs: before.inputs,
  };
  try {
    after['result'] = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after['error'] = error;
  }
  core.state = 'postInvocationHooks';
  await app.hooks.run('postInvocation', after);
  if (after['error'] !== undefined && after['error'] !== null) throw after['error'] as Error;
  return (await model.getResponse(context, after['result'])).returnValue;
}

function coreContext(
  app: LoadedApp,
  log: Log,
  metadata: RegisteredFunction['metadata'],
  inputs: Inputs,
  triggerMetadata: Record<string, RpcData>,
): CoreContext {
  const invocationId = randomUUID();
  return {
    invocationId,
    functionName: metadata.name,
    request: {
      invocationId,
      functionId: metadata.name,
      inputData: Object.entries(inputs).map(([name, data]) => ({ name, data })),
      triggerMetadata,
      traceContext: { traceParent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00` },
      retryContext: null,
    },
    metadata,
    state: 'preInvocationHooks',
    log(level, category, message) {
      // Log hooks may change the level and the text.
      const line = { hookData: {}, level, category, message };
      app.hooks.runSync('log', line);
      log({ level: line.level, category, message: line.message, functionName: metadata.name, invocationId });
    },
  };
}

/** A value that a function returned, as JSON text (`null` for nothing). */
export function returnedJson(data: RpcData | null | undefined): string {
  if (data?.json !== undefined) return data.json;
  if (data?.bytes !== undefined) return JSON.stringify(Buffer.from(data.bytes).toString('base64'));
  return JSON.stringify(data?.string ?? data?.int ?? data?.double ?? null);
}
