import {
  afterAttempt,
  callbackId,
  cloudEvent,
  tellsOfGuide,
  type Callback,
  type CallbackAnswer,
  type QueuedCallbacks,
} from '../domain/callbacks';
import { inChunks } from './chunks';
import { guideLinkOf, type LinkSettings } from './migrationView';
import { ROUTE_PREFIX, routes } from './routes';
import type { Services } from './services';

/** Bounds of one run: what is left has its turn on the next. */
const MOST_MIGRATIONS = 100;
const AT_A_TIME = 20;
/** Longer than the work: a run that died keeps a migration's events back for so long. */
const LEASE_MS = 3 * 60_000;
/** No further event of a migration is begun after this; an attempt takes ten seconds at most. */
const WORK_MS = 2 * 60_000;

type Deliverer = Pick<Services, 'records' | 'callbacks' | 'clock' | 'log'> & {
  settings: LinkSettings;
};

/**
 * One tick of the deliveries: sends what is due, the events of each migration in their order. An event that fails keeps
 * those after it waiting until it is delivered or dead. At least once: whoever dies after sending sends again, under the
 * same id. No failure here reaches a migration.
 */
export async function deliverCallbacks(services: Deliverer): Promise<void> {
  const due = await services.records.dueCallbacks(services.clock.now().toISOString(), MOST_MIGRATIONS);
  await inChunks(due, AT_A_TIME, async (queued) => deliverTo(queued, services));
}

async function deliverTo(queued: QueuedCallbacks, services: Deliverer): Promise<void> {
  const { records, clock } = services;
  const lease = await records.leaseCallbacks(queued, after(clock.now(), LEASE_MS));
  if (lease === undefined) return;
  await records.returnCallbacks(lease, await sendInOrder(queued.migrationId, services));
}

/** Sends until an event has to wait; answers when to go on, undefined when nothing is left. */
async function sendInOrder(migrationId: string, services: Deliverer): Promise<string | undefined> {
  const { records, clock } = services;
  const stopMs = clock.now().getTime() + WORK_MS;
  const url = (await records.readMigration(migrationId))?.request.callbackUrl;
  const callbacks = await records.readCallbacks(migrationId);
  let gone = callbacks.some(({ problem }) => problem === GONE);
  for (const callback of callbacks.filter(({ state }) => state === 'pending')) {
    if (clock.now().getTime() > stopMs) return clock.now().toISOString();
    const answer = await answerTo(callback, gone ? undefined : url, services);
    gone ||= !answer.taken && answer.gone;
    const { callback: settled, pauseSeconds } = afterAttempt(callback, answer, clock.now());
    await records.saveCallback(settled);
    logAttempt(settled, url, services);
    if (settled.state === 'pending') return after(clock.now(), pauseSeconds * 1000);
  }
  return undefined;
}

/** A receiver that answered this once wants nothing more of the migration. */
const GONE = 'status-410';

/** Without an address (the receiver is gone, or somebody deleted the row) there is nobody to ask. */
async function answerTo(
  callback: Callback,
  url: string | undefined,
  { callbacks, settings }: Deliverer,
): Promise<CallbackAnswer> {
  if (url === undefined) return { taken: false, problem: 'no-receiver', gone: true };
  const source = `${settings.baseUrl}/${ROUTE_PREFIX}/${routes.startMigration.route}`;
  const guide = tellsOfGuide(callback) ? guideLinkOf(settings, callback.migrationId) : undefined;
  return callbacks.send(url, { id: callbackId(callback), body: cloudEvent(callback, source, guide) });
}

/** The host alone: the rest of an address may be a secret. */
function logAttempt(callback: Callback, url: string | undefined, { log }: Deliverer): void {
  const { migrationId, state, attempts, problem } = callback;
  const host = url === undefined ? '' : new URL(url).hostname;
  const fields = { migrationId, eventId: callbackId(callback), host, attempts };
  if (state === 'delivered') log.info('callback-delivered', fields);
  else log.warn(state === 'dead' ? 'callback-dead' : 'callback-failed', { ...fields, problem });
}

function after(time: Date, ms: number): string {
  return new Date(time.getTime() + ms).toISOString();
}
