import { callbackOf, invitationCallbackOf } from '../domain/callbacks';
import { isGoingBack } from '../domain/direction';
import type { InvitationEvent } from '../domain/invitationEvents';
import type { Clock, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';

/**
 * Stores the event that the row's present phase makes, when its caller asked to be told. Safe to run twice: an event
 * that is there stays as it is, with the time and the data of the first run.
 */
export async function announce(
  record: MigrationRecord,
  { records, clock }: { records: Pick<Records, 'putCallback'>; clock: Clock },
): Promise<void> {
  const event = callbackOf(record, clock.now());
  if (event !== undefined) await records.putCallback(event);
}

/**
 * Stores the event of an invitation, when its caller asked to be told: who writes to the guest has to hear of each one.
 * Safe to run twice, like every event.
 */
export async function announceInvitation(
  record: MigrationRecord,
  { why, number }: Omit<InvitationEvent, 'account'>,
  { records, clock }: { records: Pick<Records, 'putCallback'>; clock: Clock },
): Promise<void> {
  const account = isGoingBack(record) ? 'work' : 'personal';
  const event = invitationCallbackOf(record, { why, number, account }, clock.now());
  if (event !== undefined) await records.putCallback(event);
}
