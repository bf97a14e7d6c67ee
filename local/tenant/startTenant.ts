import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCertificate, generateCertificate } from './certificate';
import { recomputeDynamicMembers } from './directory/dynamicMembership';
import { settleEntitlements } from './directory/entitlements';
import { recomputeGroupLicenses } from './directory/licenses';
import { emptyRecycleBin } from './directory/lifecycle';
import { leaveChannels } from './directory/teams';
import { forgetEndedSchedules, settleSchedules } from './directory/schedules';
import type { GraphService } from './graph/api';
import { graphRoutes } from './graph/routes';
import { permissionsOf } from './graph/permissions';
import { Throttle } from './graph/throttling';
import { answerControl } from './http/control';
import { Faults } from './http/faults';
import { answerIdentity } from './http/identityEndpoint';
import type { Message, Reply } from './http/message';
import { serve } from './http/pipeline';
import { mailboxPage, wantsMailboxPage } from './http/mailboxPage';
import { answerRedeemPage } from './http/redeemPages';
import { RequestLog } from './http/requestLog';
import { listen } from './http/server';
import { loadTokenKeys, type TokenKeys } from './http/tokens';
import { Delivery } from './notifications/delivery';
import { notificationsFor } from './notifications/outbox';
import { settleSubscriptions } from './notifications/subscriptionLife';
import { builtInTenant } from './seed/index';
import { Clock, type TimeSource } from './store/clock';
import { Database } from './store/database';
import { importState, type StateDocument } from './store/document';
import { SettingsBox } from './store/settingsBox';
import { Store } from './store/store';
import type { Tenant } from './tenant';

export interface TenantOptions {
  /** Folder of the database and certificate; without it everything is kept in memory. */
  readonly dataDir?: string;
  /** 0 picks a free port. */
  readonly port?: number;
  /** Loaded at the first start only; the built-in tenant by default. */
  readonly seed?: StateDocument;
  readonly clock?: TimeSource;
  /** What X-IDENTITY-HEADER must be at the token endpoint; any value when absent. */
  readonly identityHeader?: string;
  /** The keys that sign its tokens; its own, kept with its data, when absent. Making a pair takes a while. */
  readonly tokenKeys?: TokenKeys;
  /** How its notifications travel; over the network when absent. */
  readonly send?: typeof fetch;
}

export interface RunningTenant {
  /** `https://localhost:<port>` */
  readonly url: string;
  readonly port: number;
  /** PEM that callers must trust. */
  readonly ca: string;
  /** Where the PEM is; undefined in memory. */
  readonly certFile: string | undefined;
  readonly tenant: Tenant;
  /** Stops serving. What has been answered is durable. */
  close(): Promise<void>;
}

/** A tenant that answers, but does not listen: callers in the same process hand it their messages. */
export interface TenantInProcess {
  readonly tenant: Tenant;
  readonly answer: (message: Message) => Promise<Reply>;
  /** Does what became due since the clock was moved. */
  readonly catchUp: () => void;
  readonly close: () => void;
}

const day = 24 * 60 * 60 * 1000;

/**
 * Builds a tenant without a server.
 *
 * @param origin the address that links of its answers begin with
 */
export function createTenant(options: TenantOptions, origin: () => string): TenantInProcess {
  for (const route of graphRoutes()) permissionsOf(route);
  const { dataDir } = options;
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
  const database = new Database(dataDir === undefined ? ':memory:' : join(dataDir, 'tenant.db'));
  const tenant = assemble(database, options, origin);
  const delivery = new Delivery(tenant);
  tenant.store.onChanged(() => delivery.wake());
  const catchUp = (): void => {
    emptyRecycleBin(tenant.store, tenant.clock.now());
    tenant.store.transaction((tx) => settleSchedules(tx, tenant.clock.now()));
    settleEntitlements(tenant.store, tenant.clock.now());
    settleSubscriptions(tenant);
    delivery.wake();
  };

  const service: GraphService = {
    tenant,
    keys: options.tokenKeys ?? loadTokenKeys(database),
    throttle: new Throttle(),
  };
  const answer = async (message: Message): Promise<Reply> => {
    settleEntitlements(tenant.store, tenant.clock.now());
    settleSubscriptions(tenant);
    if (wantsMailboxPage(message)) return mailboxPage(tenant);
    if (message.path.startsWith('/_tenant')) return answerControl(tenant, message, { catchUp });
    if (message.path === '/msi/token') return answerIdentity(tenant, service.keys, options.identityHeader, message);
    if (message.path.startsWith('/redeem')) return answerRedeemPage(tenant, message);

    return serve(service, message);
  };
  return {
    tenant,
    answer,
    catchUp,
    close: () => {
      delivery.close();
      database.close();
    },
  };
}

/** Starts a simulated tenant on the loopback interface. */
export async function startTenant(options: TenantOptions = {}): Promise<RunningTenant> {
  const { dataDir } = options;
  let origin = '';
  const inProcess = createTenant(options, () => origin);
  const certificate = dataDir === undefined ? await generateCertificate() : await loadCertificate(dataDir);
  const secure = await listen((message) => inProcess.answer(message), options.port ?? 0, certificate);
  origin = `https://localhost:${secure.port}`;
  inProcess.catchUp();
  const housekeeping = setInterval(() => inProcess.catchUp(), day / 24);
  housekeeping.unref();

  return {
    url: origin,
    port: secure.port,
    ca: certificate.cert,
    certFile: 'certFile' in certificate ? certificate.certFile : undefined,
    tenant: inProcess.tenant,
    close: async () => {
      clearInterval(housekeeping);
      await secure.close();
      inProcess.close();
    },
  };
}

function assemble(database: Database, options: TenantOptions, origin: () => string): Tenant {
  const { send = fetch } = options;
  const savedOffset = database.readMeta('clockOffset');
  const clock = new Clock(options.clock ?? Date, typeof savedOffset === 'number' ? savedOffset : 0, (offset) =>
    database.writeMeta('clockOffset', offset),
  );
  const settings = new SettingsBox(database);
  const store = new Store(database, clock, () => {
    const { replicationMs, teamsSyncMs, resourceGraphLagMs } = settings.get();
    return Math.max(replicationMs, teamsSyncMs, resourceGraphLagMs);
  });
  if (database.readMeta('seeded') !== true) {
    store.replaceAll(importState(options.seed ?? builtInTenant(), clock.now()));
    database.writeMeta('seeded', true);
  }
  store.addHook(leaveChannels);
  store.addHook(forgetEndedSchedules);
  store.addHook(recomputeDynamicMembers);
  store.addHook(recomputeGroupLicenses);
  store.addHook(notificationsFor({ clock, settings }));
  return { store, clock, settings, faults: new Faults(database), log: new RequestLog(database), origin, send };
}
