import { z } from 'zod';
import { empty, type Handler } from './http';
import { answerHandshake, genuineItems } from './webhook';

/**
 * Name of the control by which this webhook asks the tending timer to renew the subscription; its value is the time of
 * the request, so that the timer can tell one that it has done from one that came meanwhile. Empty = none.
 */
export const RENEWAL_CONTROL = 'subscriptionRenewal';

const lifecycleItem = z.object({
  lifecycleEvent: z.enum(['reauthorizationRequired', 'subscriptionRemoved', 'missed']),
});

/**
 * POST /graph/lifecycle: remembers that the subscription needs attention; a timer acts within minutes, so that this
 * stays quick. Of the three events Graph sends only `reauthorizationRequired` for users; a renewal answers it, and tells
 * whether the subscription is still there, which is what the other two are about.
 */
export const graphLifecycle: Handler = async (request, services) => {
  const handshake = answerHandshake(request);
  if (handshake !== undefined) return handshake;
  const items = await genuineItems(request, services);
  if (items.some((item) => lifecycleItem.safeParse(item).success)) {
    await services.records.writeControl(RENEWAL_CONTROL, services.clock.now().toISOString());
    services.log.info('subscription-renewal-due');
  }
  return empty(202);
};
