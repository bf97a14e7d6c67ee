import { z } from 'zod';
import { json, type Handler } from './http';
import { VERSION } from './version';

/** Body of GET /health. */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  records: z.enum(['reachable', 'unreachable']),
});

/** GET /health: 200 while the record store answers, otherwise 503. */
export const health: Handler = async (_request, { records, log }) => {
  try {
    await records.readControl('health');
    return json(200, { status: 'ok', version: VERSION, records: 'reachable' });
  } catch {
    log.warn('health-degraded', { records: 'unreachable' });
    return json(503, { status: 'degraded', version: VERSION, records: 'unreachable' }, { 'Retry-After': '10' });
  }
};
