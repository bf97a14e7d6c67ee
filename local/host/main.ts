import { parseArgs } from 'node:util';
import { createHost, openStore, storedClock, type Host } from './createHost';
import { installHostDate } from './hostDate';
import { readHostSettings } from './hostJson';
import { loadApp } from './loadApp';
import { jsonLog } from './log';

/** Time that running invocations have to end before the process does. */
const GRACE_MS = 5000;

interface Arguments {
  app: string;
  port: number;
  data: string;
  clockPeer: string | undefined;
}

async function main(): Promise<void> {
  const { app: folder, port: wanted, data, clockPeer } = readArguments();
  const store = openStore(data);
  const clock = storedClock(store);
  installHostDate(clock);
  const { logLevel } = readHostSettings(folder);
  const log = jsonLog(
    (text) => process.stdout.write(text),
    logLevel,
    () => clock.now(),
  );
  const app = await loadApp(folder, log);
  const along = clockPeer === undefined ? {} : { beforeJump: (ms: number) => advancePeer(clockPeer, ms) };
  const host = createHost({ app, dataDir: data, clock, log, ...along }, store);
  const { port } = await host.listen(wanted);
  endWith(host);
  console.log(`host listening on http://localhost:${port}`);
  process.send?.({ ready: { port, hostKey: host.hostKey } });
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      app: { type: 'string' },
      port: { type: 'string', default: '7071' },
      data: { type: 'string' },
      'clock-peer': { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!values.app || !values.data || !Number.isInteger(port)) {
    throw new Error('Usage: main.js --app <package folder> --port <number, 0 for a free one> --data <folder>');
  }
  return { app: values.app, port, data: values.data, clockPeer: values['clock-peer'] };
}

/** Moves another process's clock along, so that one jump moves the whole stack: `POST <url> {"advanceMs"}`. */
async function advancePeer(url: string, advanceMs: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ advanceMs }) });
  if (!answer.ok) throw new Error(`the clock at the peer answered ${answer.status}`);
}

/** Ends the host with its parent or on a signal. */
function endWith(host: Host): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), GRACE_MS);
    void host.close().finally(() => process.exit(0));
  };
  process.once('disconnect', end);
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

/** The reason and, of the stack, only the lines outside this host and outside Node. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const theirs = stack.filter((line) => !line.includes(__dirname) && !/\(?node:/.test(line));
  return [error.message, ...theirs].join('\n');
}

main().catch((error: unknown) => {
  console.error(`The host could not start: ${reasonOf(error)}`);
  process.exit(1);
});
