import path from 'node:path';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** How the local stack is started. Port 0 picks a free one. */
export interface StackOptions {
  port: number;
  tenantPort: number;
  storagePort: number;
  data: string;
  seed: string | undefined;
  /** App settings that replace the local defaults. */
  settings: Record<string, string>;
}

const usage = `usage: npm start -- [--port 7071] [--tenant-port 8443] [--storage-port 10000]
                    [--data .local] [--seed FILE] [--setting NAME=VALUE ...]
Port 0 picks a free port. --storage-port is the blob port; queue and table take the next two.`;
const demoUsage = 'usage: npm run demo -- [--seed FILE]';

const text = { type: 'string' } as const;

/**
 * Reads the command line of `npm start`. Throws an Error whose message is meant for people, with the usage in it.
 *
 * @param args arguments without the program's name
 */
export function readOptions(args: readonly string[]): StackOptions {
  const flags = { port: text, 'tenant-port': text, 'storage-port': text, data: text, seed: text };
  const values = parse(args, { ...flags, setting: { type: 'string', multiple: true } }, usage);
  return {
    port: portOf(values.port ?? '7071', '--port'),
    tenantPort: portOf(values['tenant-port'] ?? '8443', '--tenant-port'),
    storagePort: portOf(values['storage-port'] ?? '10000', '--storage-port'),
    data: path.resolve(values.data ?? '.local'),
    seed: fileOf(values.seed),
    settings: Object.fromEntries((values.setting ?? []).map(settingOf)),
  };
}

/** Reads the command line of `npm run demo`, in the same way. */
export function readDemoOptions(args: readonly string[]): Pick<StackOptions, 'seed'> {
  return { seed: fileOf(parse(args, { seed: text }, demoUsage).seed) };
}

function parse<const Flags extends ParseArgsOptionsConfig>(args: readonly string[], options: Flags, help: string) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${help}`, { cause: error });
  }
}

function fileOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : path.resolve(name);
}

function portOf(value: string, flag: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`${flag} must be a port, 0 to 65535\n${usage}`);
  return port;
}

function settingOf(value: string): [string, string] {
  const at = value.indexOf('=');
  if (at < 1) throw new Error(`--setting takes NAME=VALUE\n${usage}`);
  return [value.slice(0, at), value.slice(at + 1)];
}
