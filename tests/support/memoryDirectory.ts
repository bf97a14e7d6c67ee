import { randomUUID } from 'node:crypto';
import type { Graph } from '../../domain/ports';
import type { ServiceError } from '../../domain/serviceError';
import { graphOf, notFound, refusal, writesIn, type Call } from './recordedCalls';

/** A user in Graph's own shape; what is not listed here may be set too. */
export interface DirectoryUser extends Record<string, unknown> {
  id: string;
  displayName: string;
  userPrincipalName: string;
  mail: string | null;
  userType: string;
  externalUserState: string | null;
  createdDateTime: string;
  identities: { signInType: string; issuer: string; issuerAssignedId: string | null }[];
}

/** What the app of the tests holds: enough for every migration. */
const appPermissions = [
  'User.DeleteRestore.All',
  'User.Invite.All',
  'User.ReadWrite.All',
  'Policy.Read.All',
  'RoleManagement.Read.Directory',
];

interface State {
  users: Map<string, DirectoryUser>;
  deleted: Map<string, DirectoryUser>;
  members: Map<string, Set<string>>;
  /** Sent through the mailbox `guests@tenant.example`. */
  mails: SentMail[];
}

/** The body of `sendMail`, as far as tests look at it. */
export interface SentMail {
  message: {
    subject: string;
    body: { contentType: string; content: string };
    toRecipients: { emailAddress: { address: string } }[];
  };
  saveToSentItems: boolean;
}

/** A tenant in memory, as far as the activities use one: users, recycle bin, invitations, members of groups. */
export interface MemoryDirectory extends State {
  graph: Graph & { calls: Call[] };
  writes(): Call[];
  /** Asked before a call takes effect: an error is answered, and nothing happens. */
  refuse: (call: Call) => ServiceError | undefined;
  /** Asked after a call took effect: an error is answered in place of the result. */
  loseAnswer: (call: Call) => ServiceError | undefined;
  /** From now on reads show the tenant as it is at this moment, whatever is written. */
  freezeReads(): void;
  /** Reads show the latest state again. */
  catchUp(): void;
}

/** The one group of the directory. */
export const GROUP_ID = '60000000-0000-4000-8000-000000000001';
export const REDEEM_URL = 'https://login.example/redeem?ticket=secret-ticket';

/** Builds a directory with the given users and one security group. `now` stamps what is created. */
export function createMemoryDirectory(users: readonly DirectoryUser[], now: () => Date): MemoryDirectory {
  const state: State = {
    users: new Map(users.map((user) => [user.id, structuredClone(user)])),
    deleted: new Map(),
    members: new Map([[GROUP_ID, new Set<string>()]]),
    mails: [],
  };
  let seen: State | undefined;
  const graph = graphOf((call) => {
    const refused = directory.refuse(call);
    if (refused !== undefined) throw refused;
    const isRead = ['GET', 'LIST', 'QUERY'].includes(call.method);
    const answer = isRead ? read(seen ?? state, call) : write(state, call, now());
    const lost = directory.loseAnswer(call);
    if (lost !== undefined) throw lost;
    return answer;
  }, appPermissions);
  const directory: MemoryDirectory = {
    ...state,
    graph,
    writes: () => writesIn(graph.calls),
    refuse: () => undefined,
    loseAnswer: () => undefined,
    freezeReads: () => {
      seen = structuredClone(state);
    },
    catchUp: () => {
      seen = undefined;
    },
  };
  return directory;
}

function read({ users, deleted, members }: State, { method, path }: Call): unknown {
  const filter = /^\/users\?\$filter=(.*)&\$select=/.exec(path)?.[1];
  if (filter !== undefined) return [...users.values()].filter((user) => matches(user, filter));
  if (/^\/directory\/deletedItems\//.test(path)) return there(deleted, path);
  if (method === 'QUERY') return { value: [] };
  if (method === 'GET') return there(users, path);
  // Everything else that the tenant has besides users is empty.
  if (!path.startsWith('/users/')) return [];
  const guestId = there(users, path).id;
  const groups = [...members].filter(([, ids]) => ids.has(guestId));
  return path.includes('/memberOf/microsoft.graph.group') ? groups.map(([id]) => ({ id, displayName: 'Readers' })) : [];
}

function write(state: State, { method, path, body }: Call, now: Date): unknown {
  const { users, deleted, members } = state;
  const route = `${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')}`;
  switch (route) {
    case 'DELETE /users/{id}':
      return move(users, deleted, there(users, path));
    case 'POST /directory/deletedItems/{id}/restore':
      return move(deleted, users, there(deleted, path));
    case 'DELETE /directory/deletedItems/{id}':
      return deleted.delete(there(deleted, path).id);
    case 'POST /groups/{id}/members/$ref':
      addMember(users, members.get(idIn(path)), body as { '@odata.id': string });
      return undefined;
    case 'POST /invitations':
      return inviteOrReset(users, body as InvitationBody, now);
    case 'PATCH /users/{id}':
      return void Object.assign(there(users, path), body);
    case 'POST /users/guests@tenant.example/sendMail':
      return void state.mails.push(structuredClone(body) as SentMail);
    default:
      throw new Error(`The directory of the tests does not know ${route}.`);
  }
}

function idIn(path: string): string {
  return /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(path)?.[0] ?? '';
}

function there(users: ReadonlyMap<string, DirectoryUser>, path: string): DirectoryUser {
  const user = users.get(idIn(path));
  if (user === undefined) throw notFound();
  return user;
}

function move(from: Map<string, DirectoryUser>, to: Map<string, DirectoryUser>, user: DirectoryUser): DirectoryUser {
  from.delete(user.id);
  to.set(user.id, user);
  return user;
}

function addMember(
  users: ReadonlyMap<string, DirectoryUser>,
  group: Set<string> | undefined,
  body: { '@odata.id': string },
): void {
  if (group === undefined) throw notFound();
  const id = idIn(body['@odata.id']);
  if (!users.has(id)) {
    const text = "The source resource object or one of the objects being referenced don't exist.";
    throw refusal(400, 'Request_BadRequest', text);
  }
  if (group.has(id)) {
    const text = "One or more added object references already exist for the following modified properties: 'members'.";
    throw refusal(400, 'Request_BadRequest', text);
  }
  group.add(id);
}

interface InvitationBody {
  invitedUserEmailAddress: string;
  invitedUserDisplayName: string;
  invitedUser?: { id: string };
  resetRedemption?: boolean;
}

/** Microsoft's three cases: a reset of somebody, once more for somebody who is a guest already, and a new guest. */
function inviteOrReset(users: Map<string, DirectoryUser>, body: InvitationBody, now: Date): object {
  const address = body.invitedUserEmailAddress.toLowerCase();
  const holds = (user: DirectoryUser): boolean =>
    [user.mail, ...((user['otherMails'] as string[] | undefined) ?? [])].some((one) => one?.toLowerCase() === address);
  if (body.resetRedemption !== true) {
    const holder = [...users.values()].find(holds);
    return holder === undefined ? invite(users, body, now) : invitationOf(holder.id);
  }
  const user = there(users, `/users/${body.invitedUser?.id ?? ''}`);
  if (!holds(user)) {
    const text = "The email you're using to invite this user doesn't match any emails on the user object.";
    throw refusal(400, 'BadRequest', text);
  }
  user.externalUserState = 'PendingAcceptance';
  user.identities = [{ signInType: 'federated', issuer: 'tenant.example', issuerAssignedId: null }];
  return invitationOf(user.id);
}

function invitationOf(id: string): object {
  const inviteRedeemUrl = `${REDEEM_URL}-${(tickets += 1)}`;
  return { id: randomUUID(), inviteRedeemUrl, invitedUser: { id }, status: 'PendingAcceptance' };
}
let tickets = 0;

function invite(users: Map<string, DirectoryUser>, body: InvitationBody, now: Date): object {
  const mail = body.invitedUserEmailAddress;
  const id = randomUUID();
  users.set(id, {
    id,
    displayName: body.invitedUserDisplayName,
    userPrincipalName: `${mail.replace('@', '_')}#EXT#@tenant.example`,
    mail,
    userType: 'Guest',
    externalUserState: 'PendingAcceptance',
    createdDateTime: now.toISOString(),
    identities: [{ signInType: 'federated', issuer: 'tenant.example', issuerAssignedId: null }],
  });
  return { id: randomUUID(), inviteRedeemUrl: REDEEM_URL, invitedUser: { id }, status: 'PendingAcceptance' };
}

function matches(user: DirectoryUser, filter: string): boolean {
  const wanted = /'(?:smtp:)?((?:[^']|'')*)'/.exec(filter)?.[1]?.replaceAll("''", "'").toLowerCase();
  if (filter.startsWith('mail eq')) return user.mail?.toLowerCase() === wanted;
  if (filter.startsWith('userPrincipalName eq')) return user.userPrincipalName.toLowerCase() === wanted;
  if (filter.startsWith('startsWith(userPrincipalName')) {
    return wanted !== undefined && user.userPrincipalName.toLowerCase().startsWith(wanted);
  }
  const list = filter.startsWith('otherMails') ? user['otherMails'] : user['proxyAddresses'];
  const held = Array.isArray(list)
    ? list.map((one) =>
        String(one)
          .toLowerCase()
          .replace(/^smtp:/, ''),
      )
    : [];
  return wanted !== undefined && held.includes(wanted);
}
