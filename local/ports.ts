import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** True when nothing listens on the port. */
export async function isFree(port: number): Promise<boolean> {
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
 * Chooses `count` neighbouring ports. A wanted port is taken as it is and must be free; 0 takes the ones of the last
 * start when they are still free (addresses in mails and subscriptions then stay right), else free ones.
 */
export async function choosePorts(
  wanted: number,
  last: number | undefined,
  count: number,
  what: string,
): Promise<number> {
  if (wanted !== 0) {
    if (await allFree(wanted, count)) return wanted;
    throw new Error(`port ${wanted} for the ${what} is in use; choose another one, or 0 for a free one`);
  }
  if (last !== undefined && (await allFree(last, count))) return last;
  for (let tries = 0; tries < 50; tries += 1) {
    const port = await someFreePort();
    if (port + count < 65_536 && (await allFree(port, count))) return port;
  }
  throw new Error(`found no free port for the ${what}`);
}

async function allFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) {
    if (!(await isFree(port))) return false;
  }
  return true;
}

async function someFreePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Waits until something listens on the port. */
export async function waitUntilListening(port: number, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
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
