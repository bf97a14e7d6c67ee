import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { createActivities } from '../activities';
import type { ActivityDeps } from '../activities/activity';
import { dropSubscription, keepSubscription } from '../activities/subscription';
import { createAzure } from '../adapters/azure/azureClient';
import { createCallbackSender } from '../adapters/callbacks';
import { createCredential } from '../adapters/credential';
import { createGraph } from '../adapters/graph/graphClient';
import { createLog } from '../adapters/logging';
import { readSettings, type Settings } from '../adapters/settings';
import { createStorageClients } from '../adapters/storage/clients';
import { createDocuments } from '../adapters/storage/documents';
import { createRecords } from '../adapters/storage/records';
import type { Clock, Log } from '../domain/ports';
import { createDurableGateway } from './durable';
import { registerDurable } from './registerDurable';
import { registerHttp } from './registerHttp';
import { registerTimers } from './registerTimers';
import { ROUTE_PREFIX, routes } from './routes';
import type { Services } from './services';
import type { SubscriptionKeeper } from './tendSubscription';

/*
 * The composition root: settings → clients → activities → registration. The only file that reads the environment, and
 * the only one that does something when it is loaded.
 */

function build(settings: Settings): ActivityDeps {
  const { httpTimeoutSeconds: timeoutSeconds, graphEndpoint, armEndpoint, appBaseUrl } = settings;
  const credential = createCredential(settings.clientId);
  const clock: Clock = { now: () => new Date() };
  const storage = createStorageClients(settings.records, credential, timeoutSeconds);
  return {
    graph: createGraph({ endpoint: graphEndpoint, credential, timeoutSeconds }),
    azure: createAzure({ endpoint: armEndpoint, credential, timeoutSeconds }),
    records: createRecords(storage, clock),
    documents: createDocuments(storage),
    clock,
    settings: {
      ...settings,
      notificationUrl: `${appBaseUrl}/${ROUTE_PREFIX}/${routes.graphNotifications.route}`,
      lifecycleUrl: `${appBaseUrl}/${ROUTE_PREFIX}/${routes.graphLifecycle.route}`,
    },
  };
}

function logOf(context: InvocationContext): Log {
  return createLog((line, level) => {
    if (level === 'warn') context.warn(line);
    else context.log(line);
  });
}

function register(settings: Settings, deps: ActivityDeps): void {
  const activities = createActivities(deps);
  const callbacks = createCallbackSender({
    hosts: settings.callbackHosts,
    secret: settings.callbackSecret,
    clock: deps.clock,
  });
  const servicesOf = (context: InvocationContext): Services => ({
    ...deps,
    durable: createDurableGateway(() => df.getClient(context)),
    callbacks,
    undo: activities,
    log: logOf(context),
    settings: { ...settings, baseUrl: settings.appBaseUrl },
  });
  const keeperOf = (context: InvocationContext): SubscriptionKeeper => ({
    ensure: async (renew) => (await keepSubscription(deps, logOf(context), renew)) === 'active',
    remove: (seenAt) => dropSubscription(deps, logOf(context), seenAt),
  });
  registerDurable(activities, logOf);
  registerHttp(servicesOf);
  registerTimers(servicesOf, keeperOf);
}

const settings = readSettings(process.env);
register(settings, build(settings));
