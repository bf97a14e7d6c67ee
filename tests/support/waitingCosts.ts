import { watchRedemptions } from '../../functions/watchRedemptions';
import type { Route } from '../../local/tenant/graph/route';
import { costOf } from '../../local/tenant/graph/throttling';
import { guests } from '../../local/tenant/seed/ids';
import { builtInTenant } from '../../local/tenant/seed/index';
import { createFleet } from './fleetInProcess';
import type { TenantDocument } from './grantBuilders';
import { createSubscriptionWorld } from './subscriptionWorld';
import { inProcessSettings } from './switchInProcess';
import { recordWith } from './testApp';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** The tenant's log keeps a limited number of requests, so it is read this often. */
const READ_LOG_MINUTES = 15;

/** What the watch costs on one day of the wait: all numbers are totals of the day. */
export interface WatchCosts {
  waiting: number;
  day: number;
  /** Reads of guests. */
  looks: number;
  /** Requests that these reads travelled in: a batch is one. */
  requests: number;
  /** Resource units, by Microsoft's published table. */
  units: number;
  /** Most looks at one guest within one minute. */
  mostInAMinute: number;
  /** Most looks in one minute, at all guests. */
  busiestMinute: number;
}

/**
 * Runs the app's watch for one day over guests who are on their `day`-th day of waiting, against the simulated tenant,
 * with virtual time.
 */
export async function watchCosts(waiting: number, day: number, pollMinutes = 120): Promise<WatchCosts> {
  const ids = Array.from({ length: waiting }, (_, index) => guestId(index));
  const world = await createSubscriptionWorld(tenantWith(ids));
  try {
    const sentAt = new Date(world.deps.clock.now().getTime() - (day - 1) * DAY_MINUTES * MINUTE_MS).toISOString();
    const rows = ids.map((newId) =>
      recordWith({
        id: `m-${newId}`,
        status: 'Running',
        phase: 'awaitingRedemption',
        guest: { oldId: null, newId, displayName: null },
        invitation: { sentAt, remindersSent: 0, expiresAt: '2099-01-01T00:00:00.000Z', rounds: 1 },
      }),
    );
    // The rows are the same all day: not copied for every minute, as the records of the tests would.
    const listMigrations: typeof world.records.listMigrations = ({ top, after }) => {
      const from = after === undefined ? 0 : rows.findIndex(({ id }) => id === after) + 1;
      return Promise.resolve({ records: rows.slice(from, from + top), more: rows.length > from + top });
    };
    const services = {
      ...world.services,
      records: { ...world.records, listMigrations },
      settings: { ...world.services.settings, pollMinutes },
    };
    await watchRedemptions(services);
    await world.tenant.control('DELETE', 'requests');
    const costs = { waiting, day, looks: 0, requests: 0, units: 0, mostInAMinute: 0, busiestMinute: 0 };
    for (let minute = 1; minute <= DAY_MINUTES; minute += 1) {
      world.minutes(1);
      await watchRedemptions(services);
      if (minute % READ_LOG_MINUTES === 0) await addRequests(costs, world);
    }
    return costs;
  } finally {
    await world.close();
  }
}

async function addRequests(
  costs: WatchCosts,
  { tenant }: Awaited<ReturnType<typeof createSubscriptionWorld>>,
): Promise<void> {
  const requests = await tenant.requests(false);
  await tenant.control('DELETE', 'requests');
  const perMinute = new Map<string, number>();
  const perGuest = new Map<string, number>();
  for (const { path, query, inBatch, at, status } of requests) {
    if (inBatch !== true) costs.requests += 1;
    if (path.endsWith('/$batch')) continue;
    if (status !== 200) throw new Error(`A look was answered with ${status}.`);
    costs.looks += 1;
    costs.units += costOf(oneUser, new URLSearchParams(query)).units;
    const minute = at.slice(0, 16);
    perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
    perGuest.set(minute + path, (perGuest.get(minute + path) ?? 0) + 1);
  }
  costs.busiestMinute = Math.max(costs.busiestMinute, ...perMinute.values());
  costs.mostInAMinute = Math.max(costs.mostInAMinute, ...perGuest.values());
}

const oneUser: Route = {
  method: 'GET',
  path: '/users/{user-id}',
  handle: () => Promise.reject(new Error('not called')),
};

/** Ids spread as the directory's do. */
function guestId(index: number): string {
  const spread = (factor: number): string => (((index + 1) * factor) >>> 0).toString(16).padStart(8, '0');
  return `${spread(2_654_435_761)}-${spread(40_503).slice(4)}-4000-8000-${spread(2_246_822_519)}0000`;
}

function tenantWith(ids: readonly string[]): TenantDocument {
  const seed = structuredClone(builtInTenant()) as TenantDocument;
  const users = seed['users'] as Record<string, unknown>[];
  const model = users.find(({ id }) => id === guests.ines);
  users.push(
    ...ids.map((id) => ({
      ...model,
      id,
      userPrincipalName: `${id}#EXT#@waiting.example`,
      mail: `${id}@waiting.example`,
      proxyAddresses: [],
      externalUserState: 'PendingAcceptance',
    })),
  );
  return seed;
}

/** Rows that each of these days of the wait adds to the durable history of one migration; the real steps run. */
export async function historyRowsOn(days: readonly number[]): Promise<number[]> {
  const fleet = createFleet(inProcessSettings);
  try {
    await fleet.start('waiting', guests.ines, 90);
    while (fleet.row('waiting').phase !== 'awaitingRedemption') await fleet.minutes(1);
    const rows: number[] = [fleet.historyRows('waiting')];
    for (let day = 1; day <= Math.max(...days); day += 1) {
      await fleet.minutes(DAY_MINUTES, 60);
      rows.push(fleet.historyRows('waiting'));
    }
    return days.map((day) => (rows[day] ?? NaN) - (rows[day - 1] ?? NaN));
  } finally {
    await fleet.close();
  }
}

/** Calls that keeping the subscription takes in so many days of waiting, by method; removing it included. */
export async function subscriptionCalls(days: number): Promise<Record<string, number>> {
  const world = await createSubscriptionWorld();
  try {
    await world.migration('waiting', 'awaitingRedemption');
    await world.tend();
    for (let minute = 0; minute < days * DAY_MINUTES; minute += 5) {
      world.minutes(5);
      await world.tend();
    }
    await world.records.updateMigration('waiting', { phase: 'restoring' });
    world.minutes(5);
    await world.tend();
    const counts: Record<string, number> = {};
    for (const call of await world.calls()) counts[call] = (counts[call] ?? 0) + 1;
    return counts;
  } finally {
    await world.close();
  }
}
