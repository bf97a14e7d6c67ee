import { z } from 'zod';
import { readBudget } from '../activities/deletionGate';
import { readBreaker } from '../activities/inviteBreaker';
import { readAttempt, readSubscription } from '../activities/subscriptionMemory';
import { budgetSchema } from '../domain/dailyBudget';
import { isOpen } from '../domain/inviteBreaker';
import type { Clock, Records } from '../domain/ports';
import { json, type Handler } from './http';
import { VERSION } from './version';

/**
 * Body of GET /health. Breaker, budget and subscription are there while the records are reachable, `inviteBreakerSince`
 * while the breaker is open, `subscriptionMissingSince` while the subscription to changes cannot be had: then guests are
 * found by polling alone.
 */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  records: z.enum(['reachable', 'unreachable']),
  inviteBreaker: z.enum(['closed', 'open']).optional(),
  inviteBreakerSince: z.iso.datetime().optional(),
  budget: budgetSchema.optional(),
  subscription: z.enum(['active', 'none', 'missing']).optional(),
  subscriptionMissingSince: z.iso.datetime().optional(),
});

/** GET /health: 200 while the record store answers, also with the breaker open or without a subscription; otherwise 503. */
export const health: Handler = async (_request, { records, clock, log, settings }) => {
  try {
    const [breaker, budget, subscription] = await Promise.all([
      readBreaker(records),
      readBudget(records, clock, settings.dailyBudget),
      subscriptionNow(records, clock),
    ]);
    const limits = isOpen(breaker)
      ? { inviteBreaker: 'open', inviteBreakerSince: breaker.openedAt, budget }
      : { inviteBreaker: 'closed', budget };
    return json(200, { status: 'ok', version: VERSION, records: 'reachable', ...limits, ...subscription });
  } catch {
    log.warn('health-degraded', { records: 'unreachable' });
    return json(503, { status: 'degraded', version: VERSION, records: 'unreachable' }, { 'Retry-After': '10' });
  }
};

async function subscriptionNow(records: Records, clock: Clock): Promise<object> {
  const [known, attempt] = await Promise.all([readSubscription(records), readAttempt(records)]);
  const isThere = known !== undefined && known.ending !== true && Date.parse(known.expiresAt) > clock.now().getTime();
  if (isThere) return { subscription: 'active' };
  return attempt === undefined
    ? { subscription: 'none' }
    : { subscription: 'missing', subscriptionMissingSince: attempt.since };
}
