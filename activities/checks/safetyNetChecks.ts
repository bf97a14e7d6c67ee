import type { Check } from '../../domain/checks';
import type { MigrationRecord } from '../../domain/record';
import type { ActivityDeps } from '../activity';
import { blocking, passed } from './check';
import type { GuestToCheck } from './guestChecks';

/** The recycle bin is emptied after 30 days; two of them are left for an undo that takes its time. */
const LONGEST_DAYS = 28;

/**
 * Whether the old guest can be kept in the recycle bin until the new identity is proven, where that is asked for: the
 * recycle bin must last as long as the guest may take, and an address that a soft-deleted guest holds may not be
 * invited (no document says what Graph does then).
 */
export function checkSafetyNet(
  address: string | null,
  guest: GuestToCheck,
  { request }: Pick<MigrationRecord, 'request'>,
  { settings }: Pick<ActivityDeps, 'settings'>,
): Check[] {
  if (!settings.purgeAfterRedemption) return [];
  const id = 'purge-after-redemption-possible';
  if (request.acceptWithinDays > LONGEST_DAYS) {
    return [
      blocking(
        id,
        `The recycle bin keeps the old guest for 30 days, and the guest may take ${request.acceptWithinDays}.`,
        `Give acceptWithinDays of at most ${LONGEST_DAYS}, or set PURGE to beforeInvitation.`,
      ),
    ];
  }
  const same = address !== null && address.toLowerCase() === guest.mail?.toLowerCase();
  return [
    same
      ? blocking(
          id,
          'The old guest would hold the invited address in the recycle bin.',
          'Give another address in inviteEmail, or set PURGE to beforeInvitation.',
        )
      : passed(id, 'The old guest can be kept until the new identity is proven.'),
  ];
}
