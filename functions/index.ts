import { existsSync } from 'node:fs';
import path from 'node:path';
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { createActivities } from '../activities';
import type { ActivityDeps } from '../activities/activity';
import { createOrganizationName } from '../activities/organizationName';
import { dropSubscription, keepSubscription } from '../activities/subscription';
import { createAzure } from '../adapters/azure/azureClient';
import { createCallbackSender } from '../adapters/callbacks';
import { createCredential } from '../adapters/credential';
import { createGraph } from '../adapters/graph/graphClient';
import { readGuide, type Guide } from '../adapters/guideTexts';
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
import { GUIDE_PATH, ROUTE_PREFIX, routes } from './routes';
import type { Services } from './services';
import type { SubscriptionKeeper } from './tendSubscription';

/*
 * The composition root: settings → clients → activities → registration. The only file that reads the environment, and
 * the only one that does something when it is loaded.
 */

function build(settings: Settings, { languages }: Guide): ActivityDeps {
  const { httpTimeoutSeconds: timeoutSeconds, graphEndpoint, armEndpoint, appBaseUrl } = settings;
  const credential = createCredential(settings.clientId);
  const clock: Clock = { now: () => new Date() };
  const storage = createStorageClients(settings.records, credential, timeoutSeconds);
  const graph = createGraph({ endpoint: graphEndpoint, credential, timeoutSeconds });
  const fallback = new URL(appBaseUrl).hostname;
  return {
    graph,
    azure: createAzure({ endpoint: armEndpoint, credential, timeoutSeconds }),
    records: createRecords(storage, clock),
    documents: createDocuments(storage),
    clock,
    languages,
    organizationName: createOrganizationName({ graph, clock }, { given: settings.organizationName, fallback }),
    settings: {
      ...settings,
      guideUrl: `${appBaseUrl}/${ROUTE_PREFIX}/${GUIDE_PATH}`,
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

function register(settings: Settings, deps: ActivityDeps, guide: Guide): void {
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
    guide,
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

/** The files for guests: beside dist/ where the app is deployed, beside functions/ where its source is loaded. */
function guideFolder(): string {
  const places = ['../../web/guide', '../web/guide'].map((place) => path.resolve(__dirname, place));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error('web/guide is missing: it belongs to the app');
  return found;
}

const settings = readSettings(process.env);
const guide = readGuide(guideFolder());
register(settings, build(settings, guide), guide);
