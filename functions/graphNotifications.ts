import { z } from 'zod';
import { REDEMPTION_HINT } from '../domain/events';
import { objectId } from '../domain/ids';
import { inChunks } from './chunks';
import { empty, type Handler } from './http';
import { answerHandshake, genuineItems } from './webhook';

const LOOK_UPS_AT_A_TIME = 50;
const changedUser = z.object({ resourceData: z.object({ id: objectId }) });

/**
 * POST /graph/notifications: hints that users changed. One table look-up a user; most belong to nobody. A match only
 * wakes the orchestration, which reads the guest before it believes anything. When the store or the engine does not
 * answer the 503 makes Graph deliver again.
 */
export const graphNotifications: Handler = async (request, services) => {
  const handshake = answerHandshake(request);
  if (handshake !== undefined) return handshake;
  const { records, durable, log } = services;
  const items = await genuineItems(request, services);
  const userIds = new Set(
    items.map((item) => changedUser.safeParse(item).data?.resourceData.id).filter((id) => id !== undefined),
  );
  await inChunks([...userIds], LOOK_UPS_AT_A_TIME, async (userId) => {
    const lock = await records.readLock(userId);
    if (lock === undefined) return;
    await durable.raise(lock.migrationId, REDEMPTION_HINT);
    log.info('redemption-hint', { migrationId: lock.migrationId, from: 'notification' });
  });
  return empty(202);
};
