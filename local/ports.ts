import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** True when nothing listens on the port. */
async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/**
 * Any port is one below those that systems give to outgoing connections: one of those could be taken between the
 * choice and the moment when the process listens.
 */
const FIRST_ANY_PORT = 20_000;
const LAST_ANY_PORT = 32_000;

/** A part of the stack that needs `count` neighbouring ports. */
export interface PortWish {
  what: string;
  count: number;
  /** The first port, 0 for any. */
  wanted: number;
  /** The first port at the last start. */
  last: number | undefined;
}

/**
 * Chooses ports and returns the first. A wanted one is taken as it is and must be free; 0 takes those of the last
 * start when they are still free (addresses in mails and subscriptions then stay right), else free ones.
 *
 * @param taken ports that other parts will use
 */
export async function choosePorts(wish: PortWish, taken: readonly number[]): Promise<number> {
  const { what, count, wanted, last } = wish;
  if (wanted !== 0) {
    const used = await firstInUse(wanted, count, taken);
    if (used === undefined) return wanted;
    throw new Error(`port ${used} for the ${what} is in use; choose another one, or 0 for a free one`);
  }
  if (last !== undefined && (await firstInUse(last, count, taken)) === undefined) return last;
  for (let tries = 0; tries < 50; tries += 1) {
    const port = randomInt(FIRST_ANY_PORT, LAST_ANY_PORT);
    if ((await firstInUse(port, count, taken)) === undefined) return port;
  }
  throw new Error(`found no free port for the ${what}`);
}

async function firstInUse(first: number, count: number, taken: readonly number[]): Promise<number | undefined> {
  for (let port = first; port < first + count; port += 1) {
    if (port > 65_535 || taken.includes(port) || !(await isFree(port))) return port;
  }
  return undefined;
}

/** Waits until something listens on the port; gives up after a time, or when it is told that nothing will. */
export async function waitUntilListening(port: number, withinMs: number, inVain: AbortSignal): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline && !inVain.aborted) {
    if (await accepts(port)) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
