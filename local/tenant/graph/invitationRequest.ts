import { isRecord, part } from '../store/snapshot';
import { idOfLink } from './bodies';
import { GraphError } from './errors';

/** The body of `POST /invitations`, checked. */
export interface InvitationRequest {
  readonly address: string;
  readonly redirectUrl: string;
  readonly displayName: string | undefined;
  readonly userType: 'Guest' | 'Member';
  readonly sendMessage: boolean;
  readonly messageInfo: Readonly<Record<string, unknown>> | undefined;
  /** Further recipients of the mail; Graph supports one. */
  readonly copyTo: readonly string[];
  /** Ids of users or groups, at most five. */
  readonly sponsors: readonly string[];
  readonly resetRedemption: boolean;
  /** `invitedUser.id`, in lower case. */
  readonly userId: string | undefined;
}

const bad = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

/** Letters, digits and `_` anywhere, `.` and `-` but not first or last; plus addresses are refused by Graph too. */
const localPart = /^[\p{L}\p{N}_']([\p{L}\p{N}_.'-]*[\p{L}\p{N}_'])?$/u;
const domainPart = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i;

/** Reads an invitation; throws Graph's 400 for what is missing or not allowed. */
export function readInvitation(body: Readonly<Record<string, unknown>>): InvitationRequest {
  const address = body['invitedUserEmailAddress'];
  if (typeof address !== 'string' || address === '') throw bad('The invitedUserEmailAddress is required.');
  const [local = '', domain = '', ...more] = address.split('@');
  if (more.length > 0 || !localPart.test(local) || !domainPart.test(domain)) {
    throw bad('The invitedUserEmailAddress contains characters that are not allowed.');
  }
  const redirectUrl = body['inviteRedirectUrl'];
  if (typeof redirectUrl !== 'string' || !isWebAddress(redirectUrl)) {
    throw bad('The inviteRedirectUrl is required and must be an absolute URL.');
  }
  const userType = body['invitedUserType'] ?? 'Guest';
  if (userType !== 'Guest' && userType !== 'Member') throw bad('The invitedUserType must be Guest or Member.');
  const messageInfo = part(body, 'invitedUserMessageInfo');
  const userId = part(body, 'invitedUser')?.['id'];
  return {
    address,
    redirectUrl,
    displayName: typeof body['invitedUserDisplayName'] === 'string' ? body['invitedUserDisplayName'] : undefined,
    userType,
    sendMessage: body['sendInvitationMessage'] === true,
    messageInfo,
    copyTo: copies(messageInfo),
    sponsors: sponsors(body),
    resetRedemption: body['resetRedemption'] === true,
    userId: typeof userId === 'string' ? userId.toLowerCase() : undefined,
  };
}

function isWebAddress(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function copies(messageInfo: Readonly<Record<string, unknown>> | undefined): string[] {
  const recipients = messageInfo?.['ccRecipients'];
  if (!Array.isArray(recipients)) return [];
  if (recipients.length > 1) throw bad('Only one additional recipient is supported in ccRecipients.');
  return recipients.flatMap((recipient) => {
    const address = part(recipient, 'emailAddress')?.['address'];
    return typeof address === 'string' ? [address] : [];
  });
}

function sponsorId(object: Readonly<Record<string, unknown>>): string {
  const { id, '@odata.id': link } = object;
  if (typeof id === 'string') return id;
  if (typeof link === 'string') return idOfLink(link);
  throw bad('Every sponsor needs an id.');
}

function sponsors(body: Readonly<Record<string, unknown>>): string[] {
  const links = body['invitedUserSponsors@odata.bind'];
  const objects = body['invitedUserSponsors'];
  const linked = Array.isArray(links) ? links.map((link) => idOfLink(String(link))) : [];
  const given = Array.isArray(objects) ? objects.filter(isRecord).map((object) => sponsorId(object)) : [];
  const ids = [...new Set([...linked, ...given].map((id) => id.toLowerCase()))];
  if (ids.length > 5) throw bad('At most five sponsors can be given.');
  return ids;
}
