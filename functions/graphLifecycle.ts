import { z } from 'zod';
import { empty, type Handler } from './http';
import { answerHandshake, genuineItems } from './webhook';

/** Name of the control by which this webhook asks the tending timer to renew the subscription; its value is DUE. */
export const RENEWAL_CONTROL = 'subscriptionRenewal';
export const DUE = 'due';

const lifecycleItem = z.object({
  lifecycleEvent: z.enum(['reauthorizationRequired', 'subscriptionRemoved', 'missed']),
});

/** POST /graph/lifecycle: remembers that the subscription needs attention; a timer acts, so that this stays quick. */
export const graphLifecycle: Handler = async (request, services) => {
  const handshake = answerHandshake(request);
  if (handshake !== undefined) return handshake;
  const items = await genuineItems(request, services);
  if (items.some((item) => lifecycleItem.safeParse(item).success)) {
    await services.records.writeControl(RENEWAL_CONTROL, DUE);
    services.log.info('subscription-renewal-due');
  }
  return empty(202);
};
