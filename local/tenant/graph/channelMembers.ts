import { removeMembers, rosterOf, storedMembers, type ChannelMember } from '../directory/teams';
import { created, noContent, ok, type Reply } from '../http/message';
import { text, type Entity } from '../store/snapshot';
import { tenantId } from '../tenant';
import { objectBody } from './bodies';
import { GraphError } from './errors';
import { listReply } from './odata/list';
import { conversationMemberType } from './odata/types';
import { isGuid, param, type Call, type Route } from './route';
import { channelOf, notInTeams, teamOf } from './teams';

const memberOdataType = '#microsoft.graph.aadUserConversationMember';

const refused = (status: number, code: string, message: string): GraphError => new GraphError(status, code, message);
const badRequest = (message: string): GraphError => refused(400, 'BadRequest', message);

const isGuest = (user: Entity): boolean => text(user, 'userType') === 'Guest';

/** Opaque to callers; the same for the same user in the same channel. */
const membershipId = (channel: Entity, userId: string): string =>
  Buffer.from(`${text(channel, 'teamId') ?? ''}##${channel.id}##${userId}`).toString('base64');

/** The published form of a membership; guests of the tenant carry the role `guest`. */
function shownMember(call: Call, channel: Entity, { userId, roles }: ChannelMember, user: Entity): Entity {
  return {
    '@odata.type': memberOdataType,
    id: membershipId(channel, userId),
    roles: isGuest(user) ? [...roles, 'guest'] : roles,
    displayName: user['displayName'] ?? null,
    visibleHistoryStartDateTime: '0001-01-01T00:00:00Z',
    userId,
    email: user['mail'] ?? null,
    tenantId: tenantId(call.replica),
  };
}

/** Members whose users exist: a private or shared channel's own, a standard channel's are the team's. */
function membersOf(call: Call, channel: Entity): Entity[] {
  const standard = text(channel, 'membershipType') === 'standard';
  const members = standard
    ? [...rosterOf(call.tenant, teamOf(call).id)].map((userId) => ({ userId, roles: [] }))
    : storedMembers(channel);
  return members.flatMap((member) => {
    const user = call.replica.get('users', member.userId);
    return user === undefined ? [] : [shownMember(call, channel, member, user)];
  });
}

const context = (call: Call): string =>
  `teams('${param(call, 'team-id')}')/channels('${encodeURIComponent(param(call, 'channel-id'))}')/members`;

function list(call: Call): Reply {
  const members = membersOf(call, channelOf(call)).map((entity) => ({ type: conversationMemberType, entity }));
  const reply = listReply(call, conversationMemberType, members, { context: context(call), mixed: true });
  return { ...reply, body: { ...(reply.body as object), '@odata.count': members.length } };
}

function memberOf(call: Call): Entity {
  const id = param(call, 'conversationMember-id');
  const member = membersOf(call, channelOf(call)).find((one) => one.id === id);
  if (member === undefined) throw notInTeams('Resource not found.');
  return member;
}

const single = (call: Call, member: Entity): Record<string, unknown> => ({
  '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#${context(call)}/microsoft.graph.aadUserConversationMember/$entity`,
  ...member,
});

/** The channel for a write; Teams keeps no members of its own in a standard one. */
function channelForWrite(call: Call): Entity {
  const channel = channelOf(call);
  const current = call.tenant.store.primary().get('channels', channel.id);
  if (current === undefined) throw notInTeams('Failed to execute Skype backend request GetThreadS2SRequest.');
  if (text(current, 'membershipType') === 'standard') throw badRequest('Operation not supported for this Channel.');
  return current;
}

const userLink = /^https:\/\/[^/]+\/(?:v1\.0|beta)\/users(?:\('([^']+)'\)|\/([^/]+))$/i;

/** The user and roles that the body names. A user that the answering replica does not know does not exist for Teams. */
function requested(call: Call): { user: Entity; roles: readonly string[] } {
  const body = objectBody(call);
  if (body['@odata.type'] !== memberOdataType) throw badRequest('Invalid value for property @odata.type.');
  const roles = body['roles'] ?? [];
  if (!Array.isArray(roles) || roles.some((role) => role !== 'owner')) {
    throw badRequest('Invalid role specified for member.');
  }
  const link = body['user@odata.bind'];
  const [, keyed, plain] = typeof link === 'string' ? (userLink.exec(link) ?? []) : [];
  const id = (keyed ?? plain ?? '').toLowerCase();
  if (!isGuid(id)) throw badRequest('Bind requests not supported for containment navigation property.');
  const user = call.tenant.store.primary().get('users', id);
  if (user === undefined || !call.replica.has('users', id)) throw notInTeams('User not found.');
  return { user, roles: roles.map(String) };
}

function requireFitting(call: Call, channel: Entity, user: Entity, roles: readonly string[]): void {
  if (text(channel, 'membershipType') === 'shared') {
    if (isGuest(user)) throw refused(403, 'Forbidden', 'Guest users are not supported in shared channels.');
    return;
  }
  // A private channel takes members of the team only, and Teams learns of those later than the directory.
  if (!rosterOf(call.tenant, teamOf(call).id).has(user.id)) throw notInTeams('User is not found in the team.');
  if (isGuest(user) && roles.length > 0) throw badRequest('Guest users cannot be owners of a channel.');
}

/** Adds a member. A second add answers like the first one and sets the roles anew; nobody is in a channel twice. */
function add(call: Call): Reply {
  const channel = channelForWrite(call);
  const { user, roles } = requested(call);
  requireFitting(call, channel, user, roles);
  const member: ChannelMember = { userId: user.id, roles };
  const others = storedMembers(channel).filter(({ userId }) => userId !== user.id);
  call.tenant.store.transaction((tx) => tx.patch('channels', channel.id, { members: [...others, member] }));
  return created(single(call, shownMember(call, channel, member, user)));
}

function remove(call: Call): Reply {
  const channel = channelForWrite(call);
  const { userId } = memberOf(call);
  call.tenant.store.transaction((tx) => removeMembers(tx, channel, [String(userId)]));
  return noContent();
}

const members = '/teams/{team-id}/channels/{channel-id}/members';

/** Members of channels. */
export const channelMemberRoutes: readonly Route[] = [
  { method: 'GET', path: members, handle: list },
  { method: 'POST', path: members, handle: add },
  {
    method: 'GET',
    path: `${members}/{conversationMember-id}`,
    handle: (call) => ok(single(call, memberOf(call))),
  },
  { method: 'DELETE', path: `${members}/{conversationMember-id}`, handle: remove },
];
