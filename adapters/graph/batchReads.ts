import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ServiceError } from '../../domain/serviceError';
import { inShape, unexpectedShape } from '../answers';
import { BRIEF_RETRIES, BRIEF_SECONDS, isPassing, retryAfterSeconds } from '../retryAfter';
import { itemFailure } from './graphErrors';

/** Graph's limit of requests in a $batch. */
export const BATCH_SIZE = 20;

/** Seconds before a throttled or failed item is read again when the service names no time. */
const DEFAULT_PAUSE_SECONDS = 1;

const itemSchema = z.object({
  id: z.string(),
  status: z.int(),
  headers: z.record(z.string(), z.unknown()).nullish(),
  body: z.unknown().optional(),
});
const batchAnswerSchema = z.object({ responses: z.array(itemSchema) });
type Item = z.infer<typeof itemSchema>;
type Read = { id: string; path: string };

/** Sends `{requests: [...]}` to $batch and returns the answer. */
export type SendBatch = (body: { requests: { id: string; method: 'GET'; url: string }[] }) => Promise<unknown>;

/**
 * Reads several paths in one $batch. Items that were throttled or met a fault are read again, twice at most and only
 * when the service asks for no more than a few seconds: the SDK repeats no items of a batch.
 *
 * @param paths relative to v1.0, at most BATCH_SIZE
 * @returns for each path its body, or the ServiceError of this path
 * @throws ServiceError when the batch as a whole fails
 */
export async function readBatch(paths: readonly string[], send: SendBatch): Promise<unknown[]> {
  const results = new Map<string, unknown>();
  let open: Read[] = paths.map((path, index) => ({ id: String(index), path }));
  for (let retries = 0; open.length > 0; retries += 1) {
    const items = await sendOnce(open, send);
    const again = open.filter(({ id }) => isPassing(itemOf(items, id).status));
    const wait = longestWait(again.map(({ id }) => itemOf(items, id)));
    const giveUp = retries === BRIEF_RETRIES || (wait ?? 0) > BRIEF_SECONDS;
    const settled = giveUp ? open : open.filter((read) => !again.includes(read));
    for (const { id } of settled) results.set(id, resultOf(itemOf(items, id), wait));
    open = giveUp ? [] : again;
    if (open.length > 0) await pause((wait ?? DEFAULT_PAUSE_SECONDS) * 1000);
  }
  return paths.map((_path, index) => results.get(String(index)));
}

async function sendOnce(reads: readonly Read[], send: SendBatch): Promise<Map<string, Item>> {
  const requests = reads.map(({ id, path }) => ({ id, method: 'GET' as const, url: path }));
  const { responses } = inShape('graph', batchAnswerSchema, await send({ requests }));
  return new Map(responses.map((item) => [item.id, item]));
}

function itemOf(items: ReadonlyMap<string, Item>, id: string): Item {
  const item = items.get(id);
  if (item === undefined) throw unexpectedShape('graph', 'an item of the batch has no answer');
  return item;
}

/** Microsoft's advice: wait for the longest Retry-After among the items before any of them is sent again. */
function longestWait(items: readonly Item[]): number | undefined {
  const waits = items.map(retryAfterOf).filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function retryAfterOf({ headers }: Item): number | undefined {
  const found = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after');
  return found && retryAfterSeconds(String(found[1]));
}

function resultOf(item: Item, wait: number | undefined): unknown {
  if (item.status >= 200 && item.status < 300) return item.body;
  return itemFailure(item, isPassing(item.status) ? wait : undefined) satisfies ServiceError;
}
