import { ServiceError } from '../../domain/serviceError';
import { SWITCH_GUEST } from '../../domain/steps';
import type { DurableGateway, Services } from '../../functions/services';
import type { Host } from '../../local/host';
import { send } from './testApp';

/** The migration that a step's input names. */
export function migrationIdIn(input: unknown): string | null {
  const { migrationId } = input as { migrationId?: string };
  return migrationId ?? null;
}

/** The same object, whose methods ask first. */
export function through<T extends object>(
  target: T,
  name: string,
  ask: (call: string, args: readonly unknown[]) => Promise<void>,
): T {
  return new Proxy(target, {
    get: (object, property) => {
      const value: unknown = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await ask(`${name}.${String(property)}`, args);
        return Reflect.apply(value, object, args) as unknown;
      };
    },
  });
}

/** The durable engine of a host behind the words that triggers use. */
export function gatewayOver(
  host: Host,
  ask: (call: string, args: readonly unknown[]) => Promise<void>,
): DurableGateway {
  return {
    start: async (id, input) => {
      await ask('durable.start', [id]);
      try {
        host.engine.start(SWITCH_GUEST, { instanceId: id, input });
      } catch {
        throw new ServiceError({ service: 'storage', status: 503, code: 'engine-unavailable' });
      }
    },
    status: async (id) => {
      await ask('durable.status', [id]);
      const status = host.engine.status(id)?.runtimeStatus;
      if (status === undefined) return 'unknown';
      if (status === 'Completed') return 'ended';
      return ['Failed', 'Terminated', 'Canceled'].includes(status) ? 'failed' : 'running';
    },
    raise: async (id, event) => {
      await ask('durable.raise', [id, event]);
      // An instance that is unknown or over has nobody left to be told.
      const status = host.engine.status(id)?.runtimeStatus;
      if (status === 'Running' || status === 'Pending') host.engine.raiseEvent(id, event, null);
    },
  };
}

/** What the tenant sends over the network elsewhere: handshakes and notifications, to the webhooks. */
export async function deliver(
  services: Services,
  address: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Response> {
  const url = new URL(address instanceof Request ? address.url : address);
  const headers = Object.fromEntries(new Headers(init?.headers).entries());
  const call = { headers, ...(typeof init?.body === 'string' ? { body: init.body } : {}) };
  const answer = await send(services, 'POST', `${url.pathname}${url.search}`, call);
  return new Response(answer.text, { status: answer.status, headers: answer.headers });
}
