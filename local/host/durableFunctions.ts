import type { OrchestratorResult } from './engine/actions';
import type { DurableFunctions } from './engine/contract';
import { triggerOf, type RegisteredFunction, type RpcData } from './coreApi';
import { invoke, returnedJson, type Inputs } from './invoke';
import type { LoadedApp } from './loadApp';
import type { Log } from './log';
import { outOfProcState } from './outOfProcState';

/** Durable client input by function: JSON text for each binding of type `durableClient`. */
export type ClientInput = () => string;

/** The durable functions of a loaded app, each run as an invocation of the app's programming model. */
export function durableFunctionsOf(app: LoadedApp, log: Log, client: ClientInput): DurableFunctions {
  const find = (name: string, type: string): RegisteredFunction | undefined => {
    const found = app.functions.get(name);
    return found && triggerOf(found.metadata).trigger.type === type ? found : undefined;
  };
  const required = (name: string, type: string): RegisteredFunction => {
    const found = find(name, type);
    if (!found) throw new Error(`There is no function "${name}" of type ${type}.`);
    return found;
  };
  return {
    hasOrchestrator: (name) => find(name, 'orchestrationTrigger') !== undefined,
    hasActivity: (name) => find(name, 'activityTrigger') !== undefined,
    runOrchestrator(name, trigger) {
      const target = required(name, 'orchestrationTrigger');
      const inputs = inputsOf(target, { json: JSON.stringify(trigger) }, client);
      return outOfProcState(
        async () => JSON.parse(returnedJson(await invoke(app, log, target, inputs))) as OrchestratorResult,
      );
    },
    async runActivity(name, inputJson, instanceId) {
      const target = required(name, 'activityTrigger');
      const inputs = inputsOf(target, { json: inputJson }, client);
      return returnedJson(await invoke(app, log, target, inputs, { instanceId: { json: JSON.stringify(instanceId) } }));
    },
  };
}

/** The inputs of an invocation: the trigger's value, and the client for each durable client binding. */
export function inputsOf({ metadata }: RegisteredFunction, trigger: RpcData, client: ClientInput): Inputs {
  const inputs: Inputs = { [triggerOf(metadata).bindingName]: trigger };
  for (const [name, binding] of Object.entries(metadata.bindings)) {
    if (binding.type === 'durableClient') inputs[name] = { json: client() };
  }
  return inputs;
}
