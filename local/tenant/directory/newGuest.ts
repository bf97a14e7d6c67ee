import { randomUUID } from 'node:crypto';
import { graphTime } from '../store/clock';
import { sameText, text, type Entity, type View } from '../store/snapshot';
import { initialDomain } from '../tenant';

/** True for users that came by invitation (or redeemed one), whatever their user type. */
export const isExternal = (user: Entity): boolean =>
  text(user, 'creationType') === 'Invitation' ||
  text(user, 'externalUserState') !== undefined ||
  (text(user, 'userPrincipalName') ?? '').includes('#EXT#');

/** What an invitation says about the guest it makes. */
export interface GuestDetails {
  readonly address: string;
  readonly displayName: string | undefined;
  readonly userType: 'Guest' | 'Member';
  readonly sponsors: readonly string[];
}

/**
 * The user that an invitation creates: a new object id every time, pending, with an identity of this tenant's own
 * domain until redeemed. `withProxy` false leaves proxyAddresses empty, as when a contact holds the address.
 */
export function newGuest(view: View, details: GuestDetails, now: number, withProxy: boolean): Entity {
  const { address, sponsors } = details;
  const userPrincipalName = freeName(view, address);
  const stamp = graphTime(now);
  return {
    id: randomUUID(),
    accountEnabled: true,
    createdDateTime: stamp,
    creationType: 'Invitation',
    displayName: details.displayName ?? address.slice(0, address.lastIndexOf('@')),
    externalUserState: 'PendingAcceptance',
    externalUserStateChangeDateTime: stamp,
    identities: [{ signInType: 'userPrincipalName', issuer: initialDomain(view), issuerAssignedId: userPrincipalName }],
    mail: address,
    mailNickname: userPrincipalName.slice(0, userPrincipalName.lastIndexOf('@')),
    otherMails: [address],
    proxyAddresses: withProxy ? [`SMTP:${address}`] : [],
    userPrincipalName,
    userType: details.userType,
    ...(sponsors.length === 0 ? {} : { sponsors: [...sponsors] }),
  };
}

/** `local_domain#EXT#@tenant`, with a number when another object has that name. */
function freeName(view: View, address: string): string {
  const domain = initialDomain(view);
  const base = address.replace('@', '_');
  const taken = (name: string): boolean =>
    view.list('users').some((user) => sameText(text(user, 'userPrincipalName'), name));
  for (let suffix = 0; ; suffix++) {
    const name = `${base}${suffix === 0 ? '' : String(suffix)}#EXT#@${domain}`;
    if (!taken(name)) return name;
  }
}
