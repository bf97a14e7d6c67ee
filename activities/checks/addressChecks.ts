import type { Check } from '../../domain/checks';
import { isInvitableAddress } from '../../domain/migration';
import type { ActivityDeps } from '../activity';
import { usersWithAddress } from '../common';
import { blocking, passed, warning } from './check';
import type { GuestToCheck } from './guestChecks';

/** Whether the address can be invited, belongs to nobody else, and can lead to a personal account. */
export async function checkAddress(
  address: string | null,
  guest: GuestToCheck,
  { graph }: ActivityDeps,
): Promise<Check[]> {
  if (address === null || !isInvitableAddress(address)) {
    const detail = address === null ? 'The guest has no mail address.' : 'Graph refuses the spelling of the address.';
    return [blocking('invite-address-usable', detail, 'Give the personal address in inviteEmail.')];
  }
  const holders = await usersWithAddress(graph, address);
  const others = holders.filter((user) => user.id.toLowerCase() !== guest.id);
  return [
    passed('invite-address-usable', 'The address can be invited.'),
    others.length === 0
      ? passed('invite-address-free', 'No other account holds the address.')
      : blocking(
          'invite-address-free',
          'Another account of the directory holds the address; access would go to that account.',
          'Remove the other account or its address, or invite another address.',
        ),
    address.toLowerCase() === guest.mail?.toLowerCase()
      ? warning(
          'invite-address-not-the-work-address',
          'The invitation goes to the address of the work account. Microsoft tries the work account first.',
          'Give the address of the personal account in inviteEmail, or tell the guest to choose the personal account.',
        )
      : passed('invite-address-not-the-work-address', 'The invited address is not the work address.', 'warning'),
  ];
}
