import { z } from 'zod';
import type { Check } from '../../domain/checks';
import { identitySchema, identityVerdict } from '../../domain/identityVerdict';
import { objectId } from '../../domain/ids';
import type { Graph } from '../../domain/ports';
import { isNotFound } from '../../domain/serviceError';
import type { ActivityDeps } from '../activity';
import { blocking, passed, unlessRefused } from './check';

/** Role template id of Global Administrator, the same in every tenant. */
export const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';

const guestShape = z.object({
  id: objectId,
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userType: z.string().nullish(),
  externalUserState: z.string().nullish(),
  identities: z.array(identitySchema).nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
});
export type GuestToCheck = z.infer<typeof guestShape>;

/** Reads the guest; undefined when there is no such user. */
export async function readGuest(id: string, graph: Graph): Promise<GuestToCheck | undefined> {
  const select = 'id,displayName,mail,userType,externalUserState,identities,onPremisesSyncEnabled';
  try {
    return await graph.read(`/users/${id}?$select=${select}`, guestShape);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The one row of a migration whose guest cannot be found. */
export function unresolvedGuest(id: string | null): Check {
  return blocking(
    'guest-exists',
    id === null
      ? 'The name or address belongs to no user, or to more than one.'
      : 'There is no user with this object id.',
    'Give the object id of the guest.',
  );
}

/** Who the guest is: a guest, with a work account, managed in the cloud, not protected, not the last administrator. */
export async function checkGuest(guest: GuestToCheck, deps: ActivityDeps): Promise<Check[]> {
  return [
    passed('guest-exists', 'The guest was found.'),
    guest.userType === 'Guest'
      ? passed('guest-is-guest', 'The user type is Guest.')
      : blocking('guest-is-guest', 'The user is not a guest.', 'Only guests can be switched.'),
    signsInWithWork(guest),
    guest.onPremisesSyncEnabled === true
      ? blocking(
          'guest-is-cloud-managed',
          'The guest is synchronised from on-premises.',
          'Take the guest out of the synchronisation first: it would be deleted here and come back from there.',
        )
      : passed('guest-is-cloud-managed', 'The guest is managed in the cloud.'),
    deps.settings.protectedGuests.includes(guest.id)
      ? blocking(
          'guest-not-protected',
          'The guest is on the list of protected guests.',
          'Remove the id from the setting PROTECTED_GUESTS if this is intended.',
        )
      : passed('guest-not-protected', 'The guest is not on the list of protected guests.'),
    ...(await unlessRefused(notLastAdministrator(guest, deps.graph), administratorsUnknown)),
  ];
}

function signsInWithWork(guest: GuestToCheck): Check {
  const id = 'guest-signs-in-with-work-account';
  if (guest.externalUserState?.toLowerCase() === 'pendingacceptance') {
    return blocking(id, 'The guest has not accepted an invitation yet.', 'Invite the personal address instead.');
  }
  const verdict = identityVerdict(guest.identities ?? []);
  if (verdict === 'work') return passed(id, 'The guest signs in with a work account.');
  return blocking(
    id,
    `The guest does not sign in with a work account (found: ${verdict}).`,
    verdict === 'personal'
      ? 'Nothing is to be done: the guest signs in with a personal account already.'
      : 'Only guests of the issuer ExternalAzureAD can be switched.',
  );
}

const principal = z.object({ principalId: z.string() });

const administratorsUnknown = blocking(
  'not-last-global-administrator',
  'The app may not read who is Global Administrator.',
  'Grant RoleManagement.Read.Directory.',
);

/** Asks the directory, not the captured grants: a caller who skips directory roles must not get past this check. */
async function notLastAdministrator(guest: GuestToCheck, graph: Graph): Promise<Check[]> {
  const id = 'not-last-global-administrator';
  const filter = encodeURIComponent(`roleDefinitionId eq '${GLOBAL_ADMINISTRATOR}'`);
  const holders = await graph.readAll(`/roleManagement/directory/roleAssignments?$filter=${filter}`, principal);
  const others = holders.filter((holder) => holder.principalId.toLowerCase() !== guest.id);
  if (others.length === holders.length) return [passed(id, 'The guest is not a Global Administrator.')];
  return [
    others.length > 0
      ? passed(id, `There are ${others.length} other Global Administrators.`)
      : blocking(id, 'The guest is the last Global Administrator.', 'Appoint another Global Administrator first.'),
  ];
}
