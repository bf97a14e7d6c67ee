import DataLoader from 'dataloader';
import { z } from 'zod';
import type { Graph } from '../../domain/ports';
import { inShape, readPages } from '../answers';
import { graphScope } from '../audience';
import { refuseMissingIds } from '../pathGuard';
import { BATCH_SIZE, readBatch } from './batchReads';
import { createGraphTransport, type GraphOptions, type SendToGraph } from './graphTransport';
import { ownIdentityOf } from './ownIdentity';

export type { GraphOptions } from './graphTransport';

const pageSchema = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });

/**
 * Microsoft Graph over its SDK.
 *
 * Reads of one tick travel in one $batch; a single one goes as a plain GET, and so does every read of beta. Reads are
 * repeated briefly when throttled. Writes are sent once: the answer of a write that was done may be lost, and only the
 * step that wrote knows how to find out. A path with a missing id throws a plain Error before anything is sent.
 */
export function createGraph(options: GraphOptions): Graph {
  const send = createGraphTransport(options);
  const readRaw = createReader(send);
  return {
    async read(path, shape) {
      return inShape('graph', shape, await readRaw(path));
    },
    async readAll(path, item) {
      const items = await readPages('graph', path, async (pagePath) => {
        const page = inShape('graph', pageSchema, await readRaw(pagePath));
        const next = page['@odata.nextLink'];
        return { items: page.value, next: next === undefined ? undefined : relativePath(next) };
      });
      return inShape('graph', z.array(item), items);
    },
    async query(path, body, shape) {
      refuseMissingIds(path);
      return inShape('graph', shape, await send('POST', path, { body, repeat: true }));
    },
    async write(method, path, body) {
      refuseMissingIds(path);
      return send(method, path, { body, repeat: false });
    },
    ownIdentity() {
      return ownIdentityOf(options.credential, graphScope(options.endpoint));
    },
  };
}

/** Reads a path together with the others of this tick. */
function createReader(send: SendToGraph): (path: string) => Promise<unknown> {
  const get = (path: string) => send('GET', path, { repeat: true });
  const loader = new DataLoader<string, unknown>(
    async (wanted) => {
      // Kinds that look at the same thing at the same moment share one read of it.
      const paths = [...new Set(wanted)];
      const [only] = paths;
      const answers =
        paths.length === 1 && only !== undefined
          ? [await get(only)]
          : await readBatch(paths, (body) => send('POST', '/$batch', { body, repeat: true }));
      return wanted.map((path) => answers[paths.indexOf(path)]);
    },
    // Without a cache: the directory changes under us, and every look has to be a new one.
    { maxBatchSize: BATCH_SIZE, cache: false },
  );
  return async (path) => {
    refuseMissingIds(path);
    return path.startsWith('/beta/') ? get(path) : loader.load(path);
  };
}

/** The path of a next page, so that it is read from the configured endpoint and the token goes nowhere else. */
function relativePath(nextLink: string): string {
  const { pathname, search } = new URL(nextLink);
  return pathname.replace(/^\/v1\.0\//, '/') + search;
}
