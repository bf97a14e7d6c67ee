import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

export interface Azurite {
  connectionString: string;
  stop(): Promise<void>;
}

const DEADLINE_MS = 60_000;
const services = ['Blob', 'Queue', 'Table'] as const;

/** Starts a storage emulator of its own, in memory and on free ports. Stop it, or jest does not exit. */
export async function startAzurite(): Promise<Azurite> {
  const key = randomBytes(32).toString('base64');
  const child = spawn(
    process.execPath,
    [
      require.resolve('azurite/dist/src/azurite.js'),
      ...['--blobPort', '0', '--queuePort', '0', '--tablePort', '0'],
      ...['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    ],
    {
      cwd: tmpdir(),
      env: { ...process.env, AZURITE_ACCOUNTS: `records:${key}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    await stopped(child);
  };
  try {
    const addresses = await addressesOf(child);
    const endpoints = services.map((service) => `${service}Endpoint=${addresses.get(service) ?? ''}/records`);
    const account = ['DefaultEndpointsProtocol=http', 'AccountName=records', `AccountKey=${key}`];
    return { connectionString: [...account, ...endpoints].join(';'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads the addresses that the emulator prints, the ports being its own choice. */
async function addressesOf(child: ChildProcess): Promise<Map<string, string>> {
  if (child.stdout === null) throw new Error('The emulator has no output');
  const addresses = new Map<string, string>();
  const lines = createInterface({ input: child.stdout });
  const watchdog = setTimeout(() => lines.close(), DEADLINE_MS);
  for await (const line of lines) {
    const [, service, address] = /Azurite (\w+) service is successfully listening at (\S+)/.exec(line) ?? [];
    if (service !== undefined && address !== undefined) addresses.set(service, address);
    if (addresses.size === services.length) break;
  }
  clearTimeout(watchdog);
  if (addresses.size < services.length) throw new Error('The storage emulator did not start in time');
  // Leaving the loop ended the reading; without this the emulator would block on a full pipe.
  child.stdout.resume();
  return addresses;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(watchdog);
}
