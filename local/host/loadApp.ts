import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { CoreApi, ProgrammingModel, RegisteredFunction } from './coreApi';
import { Hooks } from './hooks';
import { readHostSettings, type HostSettings } from './hostJson';
import type { Log } from './log';

/** An app that was loaded and has registered its functions. */
export interface LoadedApp {
  functions: ReadonlyMap<string, RegisteredFunction>;
  model: ProgrammingModel;
  hooks: Hooks;
  settings: HostSettings;
}

const CORE_MODULE = '@azure/functions-core';
/** Node's module loader; `_load` is not part of its declared types. */
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };

/**
 * Loads the compiled app of a folder (package.json `main`) as a worker would: the module `@azure/functions-core` is
 * supplied first, so that the app's registrations arrive here; then the app's `appStart` hooks run. Throws with the
 * reason when the app cannot be loaded. One app per process.
 */
export async function loadApp(folder: string, log: Log): Promise<LoadedApp> {
  const root = resolve(folder);
  const settings = readHostSettings(root);
  const functions = new Map<string, RegisteredFunction>();
  const hooks = new Hooks();
  let model: ProgrammingModel | undefined;
  supply({
    version: '4.0.0',
    hostVersion: '4.1040.0',
    setProgrammingModel: (registered) => (model = registered),
    getProgrammingModel: () => model,
    registerFunction(metadata, callback) {
      if (functions.has(metadata.name)) throw new Error(`The function "${metadata.name}" is registered twice.`);
      functions.set(metadata.name, { metadata, callback });
      return { dispose: () => void functions.delete(metadata.name) };
    },
    registerHook: (name, callback) => hooks.register(name, callback),
    log: (level, category, message) => log({ level, category, message }),
  });
  createRequire(join(root, 'package.json'))(mainFile(root));
  if (!model) throw new Error('The app did not load @azure/functions.');
  await hooks.run('appStart', { hookData: {} });
  const capabilities = (await model.getCapabilities?.({})) ?? {};
  if (capabilities['HttpUri']) throw new Error('HTTP streams are not supported by the embedded host.');
  return { functions, model, hooks, settings };
}

function mainFile(root: string): string {
  const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { main?: string };
  if (!main) throw new Error('package.json of the app has no "main".');
  return resolve(root, main);
}

function supply(core: CoreApi): void {
  const load = loader._load.bind(Module);
  loader._load = (request, ...rest) => (request === CORE_MODULE ? core : load(request, ...rest));
}
