import { z } from 'zod';
import type { Check } from '../../domain/checks';
import { isInvitableAddress } from '../../domain/migration';
import type { Graph } from '../../domain/ports';
import type { MigrationRecord } from '../../domain/record';
import { ServiceError } from '../../domain/serviceError';
import type { ActivityDeps } from '../activity';
import { reservationOf, takeLock } from '../locks';
import { usersWithAddress } from '../common';
import { blocking, passed, warning } from './check';
import type { GuestToCheck } from './guestChecks';

/** Whether the address can be invited, belongs to nobody else, and can lead to a personal account. */
export async function checkAddress(
  address: string | null,
  guest: GuestToCheck,
  { id, request }: MigrationRecord,
  { graph, records, clock }: ActivityDeps,
): Promise<Check[]> {
  if (address === null || !isInvitableAddress(address)) {
    const detail = address === null ? 'The guest has no mail address.' : 'Graph refuses the spelling of the address.';
    return [blocking('invite-address-usable', detail, 'Give the personal address in inviteEmail.')];
  }
  if (await isOwnDomain(address, graph)) {
    return [
      blocking(
        'invite-address-usable',
        'The address is in a domain of this directory, and such addresses cannot be invited.',
        'Give the personal address in inviteEmail.',
      ),
    ];
  }
  const lock = { guestId: reservationOf(address), migrationId: id, lockedAt: clock.now().toISOString() };
  if (request.inviteEmail !== undefined && (await takeLock(records, lock)) !== undefined) {
    return [
      blocking(
        'invite-address-free',
        'Another migration is inviting this address; both guests would become one account.',
        'Check inviteEmail, or wait for the other migration to end.',
      ),
    ];
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

const organization = z.object({ verifiedDomains: z.array(z.object({ name: z.string() })).nullish() });

/** Whether the address is in a verified domain of the tenant. An app that may not read them learns it from Graph. */
async function isOwnDomain(address: string, graph: Graph): Promise<boolean> {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const organizations = await graph
    .readAll('/organization?$select=id,verifiedDomains', organization)
    .catch((error: unknown) => {
      if (error instanceof ServiceError && error.status === 403) return [];
      throw error;
    });
  return organizations.some(({ verifiedDomains }) =>
    (verifiedDomains ?? []).some(({ name }) => name.toLowerCase() === domain),
  );
}
