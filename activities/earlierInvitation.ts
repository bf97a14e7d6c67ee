import { addressToInvite } from '../domain/direction';
import type { MigrationRecord } from '../domain/record';
import type { Snapshot } from '../domain/snapshot';
import type { FoundUser } from './common';

const CLOCKS_DIFFER_MS = 60_000;

/**
 * True for a guest who came into being after a try to invite this very address: the trace of an invitation whose answer
 * was lost. Anybody else who has accepted has a life of their own.
 *
 * @param attemptedAt null when nothing was tried
 */
export function cameOfTry({ userType, createdDateTime }: FoundUser, attemptedAt: string | null): boolean {
  if (attemptedAt === null || userType !== 'Guest') return false;
  return Date.parse(createdDateTime ?? '') >= Date.parse(attemptedAt) - CLOCKS_DIFFER_MS;
}

/**
 * When an earlier migration tried to invite this address and never heard what came of it; null otherwise. Where it knows its
 * guest the try is settled, and whoever else holds the address is a stranger. A try before it turned back went to the
 * address that it named then, so it says nothing of who holds the own address of the guest.
 */
export function triedBefore(address: string | null, earlier: MigrationRecord, snapshot: Snapshot): string | null {
  const { inviteAttemptedAt, turnedBackAt, guest } = earlier;
  if (inviteAttemptedAt === null || guest.newId !== null) return null;
  const wasBack = turnedBackAt !== null && inviteAttemptedAt >= turnedBackAt;
  const invited = addressToInvite({ ...earlier, turnedBackAt: wasBack ? turnedBackAt : null }, snapshot);
  return sameAddress(invited, address) ? inviteAttemptedAt : null;
}

/** Mail addresses compare without case. */
export function sameAddress(one: string | null, other: string | null): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}
