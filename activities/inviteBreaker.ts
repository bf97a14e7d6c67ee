import { INVITE_BREAKER, inviteBreakerSchema, isOpen, mayTry, type InviteBreaker } from '../domain/inviteBreaker';
import type { Records } from '../domain/ports';

/*
 * The invite breaker: one control for the whole tenant. All changes are conditional writes, so that of an opening, a
 * closing and a try that meet each one counts, in some order.
 */

/** The breaker as it is; undefined when it never opened. */
export async function readBreaker(records: Records): Promise<InviteBreaker | undefined> {
  return parsed(await records.readControl(INVITE_BREAKER));
}

/**
 * Opens the breaker, unless it is open: then the one who opened it stays named. Safe to run twice.
 *
 * @returns the breaker, and whether this call opened it
 */
export async function openBreaker(
  records: Records,
  opening: { migrationId: string; now: Date },
): Promise<{ breaker: InviteBreaker; opened: boolean }> {
  const at = opening.now.toISOString();
  const wanted = { openedAt: at, migrationId: opening.migrationId, lastTriedAt: at };
  const { breaker, changed } = await decide(records, (current) => (isOpen(current) ? undefined : wanted));
  return { breaker: breaker ?? wanted, opened: changed };
}

/** Closes the breaker, if it is open. Safe to run twice: who closed it first stays named. */
export async function closeBreaker(
  records: Records,
  closing: { by: string; now: Date },
): Promise<{ breaker: InviteBreaker | undefined; closed: boolean }> {
  const closed = { closedAt: closing.now.toISOString(), closedBy: closing.by };
  const { breaker, changed } = await decide(records, (current) =>
    isOpen(current) ? { ...current, ...closed } : undefined,
  );
  return { breaker, closed: changed };
}

/**
 * Asks for leave to send an invitation. While the breaker is open the migrations of the tenant share one try a quarter
 * of an hour: refused invitations are among what Microsoft blocks a tenant for.
 */
export async function takeTry(records: Records, now: Date): Promise<boolean> {
  let granted = true;
  await decide(records, (current) => {
    granted = mayTry(current, now);
    return granted && isOpen(current) ? { ...current, lastTriedAt: now.toISOString() } : undefined;
  });
  return granted;
}

async function decide(
  records: Records,
  choose: (current: InviteBreaker | undefined) => InviteBreaker | undefined,
): Promise<{ breaker: InviteBreaker | undefined; changed: boolean }> {
  let changed = false;
  const inForce = await records.decideOnControl(INVITE_BREAKER, (value) => {
    const next = choose(parsed(value));
    changed = next !== undefined;
    return next && JSON.stringify(next);
  });
  return { breaker: parsed(inForce), changed };
}

function parsed(value: string | undefined): InviteBreaker | undefined {
  return value === undefined ? undefined : inviteBreakerSchema.parse(JSON.parse(value));
}
