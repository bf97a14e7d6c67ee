import path from 'node:path';
import { parseArgs } from 'node:util';

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

/**
 * Reads the command line. Throws an Error whose message is meant for people, with the usage in it.
 *
 * @param args arguments without the program's name
 */
export function readOptions(args: readonly string[]): StackOptions {
  const { values } = parse(args);
  return {
    port: portOf(values.port ?? '7071', '--port'),
    tenantPort: portOf(values['tenant-port'] ?? '8443', '--tenant-port'),
    storagePort: portOf(values['storage-port'] ?? '10000', '--storage-port'),
    data: path.resolve(values.data ?? '.local'),
    seed: values.seed === undefined ? undefined : path.resolve(values.seed),
    settings: Object.fromEntries((values.setting ?? []).map(settingOf)),
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...args],
      options: {
        port: text,
        'tenant-port': text,
        'storage-port': text,
        data: text,
        seed: text,
        setting: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${usage}`, { cause: error });
  }
}

function portOf(text: string, flag: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`${flag} must be a port, 0 to 65535\n${usage}`);
  return port;
}

function settingOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--setting takes NAME=VALUE\n${usage}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
