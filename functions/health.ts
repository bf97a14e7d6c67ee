import { z } from 'zod';
import { readBudget } from '../activities/deletionGate';
import { readBreaker } from '../activities/inviteBreaker';
import { budgetSchema } from '../domain/dailyBudget';
import { isOpen } from '../domain/inviteBreaker';
import { json, type Handler } from './http';
import { VERSION } from './version';

/**
 * Body of GET /health. Breaker and budget are there while the records are reachable, `inviteBreakerSince` while the
 * breaker is open.
 */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  records: z.enum(['reachable', 'unreachable']),
  inviteBreaker: z.enum(['closed', 'open']).optional(),
  inviteBreakerSince: z.iso.datetime().optional(),
  budget: budgetSchema.optional(),
});

/** GET /health: 200 while the record store answers, also with the breaker open; otherwise 503. */
export const health: Handler = async (_request, { records, clock, log, settings }) => {
  try {
    const [breaker, budget] = await Promise.all([
      readBreaker(records),
      readBudget(records, clock, settings.dailyBudget),
    ]);
    const limits = isOpen(breaker)
      ? { inviteBreaker: 'open', inviteBreakerSince: breaker.openedAt, budget }
      : { inviteBreaker: 'closed', budget };
    return json(200, { status: 'ok', version: VERSION, records: 'reachable', ...limits });
  } catch {
    log.warn('health-degraded', { records: 'unreachable' });
    return json(503, { status: 'degraded', version: VERSION, records: 'unreachable' }, { 'Retry-After': '10' });
  }
};
