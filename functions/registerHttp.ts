import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { endpoints } from './endpoints';
import { routes, type RouteName } from './routes';
import type { Services } from './services';

/**
 * Registers every address, and a catch-all for the rest so that errors are problem+json everywhere.
 *
 * @param servicesOf the services of one invocation
 */
export function registerHttp(servicesOf: (context: InvocationContext) => Services): void {
  for (const [name, { method, route, authLevel }] of Object.entries(routes)) {
    app.http(name, {
      methods: [method],
      route,
      authLevel,
      extraInputs: [df.input.durableClient()],
      handler: (request, context) => endpoints[name as RouteName](request, servicesOf(context)),
    });
  }
  app.http('notFound', {
    // Not TRACE and CONNECT: the worker cannot represent such requests.
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    route: '{*path}',
    authLevel: 'anonymous',
    extraInputs: [df.input.durableClient()],
    handler: (request, context) => endpoints.notFound(request, servicesOf(context)),
  });
}
