import type { LogLevel } from './log';

/** One value of the worker's RPC; exactly one field is set. */
export interface RpcData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: RpcHttp;
}

export interface RpcHttp {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  params?: Record<string, string>;
  body?: RpcData;
  statusCode?: string;
  cookies?: RpcCookie[];
}

/** A cookie of a response; absent attributes are undefined, the others wrapped in `{value}`. */
export interface RpcCookie {
  name: string;
  value: string;
  domain?: { value: string };
  path?: { value: string };
  expires?: { value: Date | string };
  secure?: { value: boolean };
  httpOnly?: { value: boolean };
  maxAge?: { value: number };
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
}

/** One binding of a function: its trigger, an input or an output. The further fields depend on the type. */
export interface Binding {
  type: string;
  direction: 'in' | 'out';
  route?: string;
  methods?: string[];
  authLevel?: string;
  schedule?: string;
  runOnStartup?: boolean;
}

export interface FunctionMetadata {
  name: string;
  bindings: Record<string, Binding>;
}

export type FunctionCallback = (...args: unknown[]) => unknown;
export type HookCallback = (context: Record<string, unknown>) => unknown;

/** A function as the app registered it. */
export interface RegisteredFunction {
  metadata: FunctionMetadata;
  callback: FunctionCallback;
}

/** What a worker hands to the programming model for one invocation. */
export interface CoreContext {
  invocationId: string;
  functionName: string;
  request: {
    invocationId: string;
    functionId: string;
    inputData: { name: string; data: RpcData }[];
    triggerMetadata: Record<string, RpcData>;
    traceContext: { traceParent: string };
    retryContext: null;
  };
  metadata: FunctionMetadata;
  state: string;
  log: (level: LogLevel, category: string, message: string) => void;
}

/** The programming model's part of one invocation. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<{ returnValue?: RpcData | null }>;
}

/** What `@azure/functions` registers with the worker when it is loaded. */
export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

/** The module `@azure/functions-core`, which a worker supplies and which is on no registry. */
export interface CoreApi {
  version: string;
  hostVersion: string;
  setProgrammingModel(model: ProgrammingModel): void;
  getProgrammingModel(): ProgrammingModel | undefined;
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): { dispose(): void };
  registerHook(name: string, callback: HookCallback): { dispose(): void };
  log(level: LogLevel, category: string, message: string): void;
}

/** The trigger among a function's bindings, with the name under which its value is passed. */
export function triggerOf({ name, bindings }: FunctionMetadata): { bindingName: string; trigger: Binding } {
  const found = Object.entries(bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  if (!found) throw new Error(`The function "${name}" has no trigger.`);
  return { bindingName: found[0], trigger: found[1] };
}
