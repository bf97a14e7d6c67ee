import type { z } from 'zod';
import { closeBreaker, readBreaker } from '../activities/inviteBreaker';
import {
  closeBreakerRequestSchema,
  isOpen,
  type breakerStateSchema,
  type InviteBreaker,
} from '../domain/inviteBreaker';
import { json, noQuery, readQuery, type Handler } from './http';
import { parseBody, readJson } from './requestBody';

type BreakerState = z.infer<typeof breakerStateSchema>;

/**
 * POST /controls/invite-breaker/close: a person says that Microsoft has lifted the block. Nothing else closes the
 * breaker, not even an invitation that got through. Answers the state, also when there was nothing to close.
 */
export const closeInviteBreaker: Handler = async (request, { records, clock, log }) => {
  readQuery(request, noQuery);
  const { by, comment } = parseBody(closeBreakerRequestSchema, await readJson(request));
  const now = clock.now();
  const before = await readBreaker(records);
  if (!isOpen(before)) return json(200, stateOf(before));
  const entry = {
    migrationId: before.migrationId,
    at: now.toISOString(),
    by,
    action: 'closeInviteBreaker',
    targetId: '',
    detail: comment ?? '',
  };
  // Before it is closed: nobody may close it without being in the audit log.
  await records.audit({ ...entry, stage: 'requested' });
  const { breaker, closed } = await closeBreaker(records, { by, now });
  if (closed) {
    log.info('invite-breaker-closed', { migrationId: before.migrationId });
    await records.audit({ ...entry, stage: 'after' });
  }
  return json(200, stateOf(breaker));
};

function stateOf(breaker: InviteBreaker | undefined): BreakerState {
  return {
    state: isOpen(breaker) ? 'open' : 'closed',
    openedAt: breaker?.openedAt ?? null,
    migrationId: breaker?.migrationId ?? null,
    closedAt: breaker?.closedAt ?? null,
    closedBy: breaker?.closedBy ?? null,
  };
}
