import type { DurableClient } from 'durable-functions';
import { migrationId } from '../domain/ids';
import { ServiceError } from '../domain/serviceError';
import { SWITCH_GUEST } from '../domain/steps';
import type { DurableGateway } from './services';

/**
 * The durable engine behind the words that triggers use. Ids are checked here as well: the client puts them into
 * addresses without encoding, where "../" would reach another operation.
 *
 * @param client answers the client of the running invocation; asked for on first use
 */
export function createDurableGateway(client: () => DurableClient): DurableGateway {
  return {
    start: async (id, input) => {
      const instanceId = migrationId.parse(id);
      await answered(() => client().startNew(SWITCH_GUEST, { instanceId, input }));
    },
    status: async (id) => {
      const instanceId = migrationId.parse(id);
      const found = await answered(() => unlessNotFound(client().getStatus(instanceId)));
      return found === undefined ? 'unknown' : meaningOf(found.runtimeStatus);
    },
    raise: async (id, event) => {
      const instanceId = migrationId.parse(id);
      // An instance that is over (410) is passed over by the client itself.
      await answered(() => unlessNotFound(client().raiseEvent(instanceId, event, null)));
    },
  };
}

/** Addresses of the engine are in the client's errors: what leaves here carries none of their text. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch {
    throw new ServiceError({ service: 'storage', status: 503, code: 'engine-unavailable' });
  }
}

/** The client tells a 404 only by its text, in two spellings. */
async function unlessNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && /replied with HTTP 404|^No instance with ID/.test(error.message)) return undefined;
    throw error;
  }
}

function meaningOf(runtimeStatus: string): 'running' | 'ended' | 'failed' {
  if (runtimeStatus === 'Completed') return 'ended';
  return ['Failed', 'Terminated', 'Canceled'].includes(runtimeStatus) ? 'failed' : 'running';
}
