import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound, ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, restored, saysItExists, type AccessKind, type Attempt } from './kind';

const groupShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  resourceProvisioningOptions: z.array(z.string()).nullish(),
});
type Group = z.infer<typeof groupShape>;
const channelShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  membershipType: z.string().nullish(),
});
interface Channel extends z.infer<typeof channelShape> {
  team: Group;
}
const memberShape = z.object({ userId: z.string().nullish(), roles: z.array(z.string().nullable()).nullish() });

/** What a channel grant remembers, read back strictly before it is written anywhere. */
const channelData = z.strictObject({
  teamId: z.string().min(1),
  channelId: z.string().min(1),
  roles: z.array(z.literal('owner')),
});

const OWNER = 'owner';

/**
 * Memberships of private channels in Teams. The teams are found through the guest's groups, not through `joinedTeams`:
 * groups show at once what Teams learns later, and every user has them, with a licence for Teams or without.
 * Sources: conversationMember (a guest carries the role `guest`, which cannot be written); Microsoft's announcement of
 * the team membership API (Teams may learn of a new member of a group after up to 48 hours).
 */
export const teamsChannel: AccessKind = {
  kind: 'teamsChannel',
  title: 'Private channels in Teams',
  calls: {
    capture: [
      'GET /users/{user-id}/memberOf/microsoft.graph.group',
      'GET /users/{user-id}/ownedObjects/microsoft.graph.group',
      'GET /teams/{team-id}/channels',
      'GET /teams/{team-id}/channels/{channel-id}/members',
    ],
    restore: [
      'GET /teams/{team-id}/channels/{channel-id}/members',
      'POST /teams/{team-id}/channels/{channel-id}/members',
    ],
  },
  limits:
    'Shared channels take no guests. Teams can take hours to know a new member of the team, longer than a migration ' +
    'tries: such a channel is reported as failed, and somebody adds the guest later.',
  capturePermissions: [
    { anyOf: ['Directory.Read.All', 'Directory.ReadWrite.All'], why: 'read the teams a guest belongs to' },
    {
      anyOf: [
        'Channel.ReadBasic.All',
        'ChannelSettings.Read.All',
        'ChannelSettings.ReadWrite.All',
        'Group.Read.All',
        'Group.ReadWrite.All',
        'Directory.Read.All',
        'Directory.ReadWrite.All',
      ],
      why: 'list the channels of teams',
    },
    { anyOf: ['ChannelMember.Read.All', 'ChannelMember.ReadWrite.All'], why: 'read the members of private channels' },
  ],
  restorePermissions: [
    { anyOf: ['ChannelMember.ReadWrite.All'], why: 'add the new guest to private channels in Teams' },
  ],
  async capture(guestId, { graph }) {
    const teams = await teamsOf(guestId, graph);
    const channels = (await Promise.all(teams.map((team) => closedChannels(team, graph)))).flat();
    const grants = await Promise.all(channels.map((channel) => membershipIn(channel, guestId, graph)));
    return grants.flat();
  },
  async restore(grants, newId, { graph }) {
    const wanted = grants.map((grant) => channelData.parse(grant.data));
    // Looked at together, so that the reads share a batch; added one after the other.
    const found = await Promise.all(wanted.map((data) => rolesNow(data, newId, graph).catch(attemptOfRefusal)));
    const attempts: Attempt[] = [];
    for (const [place, data] of wanted.entries()) {
      const before = found[place];
      if (before !== undefined && 'result' in before) attempts.push(before);
      else if (before !== undefined) attempts.push(compared(data.roles, before.roles));
      else attempts.push(await add(data, newId, graph).catch(attemptOfRefusal));
    }
    return attempts;
  },
};

type ChannelData = z.infer<typeof channelData>;

/** Groups with a team that the guest is a member or an owner of: Teams counts both as members of the team. */
async function teamsOf(guestId: string, graph: Graph): Promise<Group[]> {
  const select = '$select=id,displayName,resourceProvisioningOptions&$top=999';
  const groups = await Promise.all([
    graph.readAll(`/users/${guestId}/memberOf/microsoft.graph.group?${select}`, groupShape),
    graph.readAll(`/users/${guestId}/ownedObjects/microsoft.graph.group?${select}`, groupShape),
  ]);
  const byId = new Map(groups.flat().map((group) => [group.id, group]));
  return [...byId.values()].filter((group) => (group.resourceProvisioningOptions ?? []).includes('Team'));
}

/**
 * Channels of the team that have members of their own. Shared ones answer as `unknownFutureValue` to callers that do
 * not ask for new values. A group whose team is gone, or was never made, has none.
 */
async function closedChannels(team: Group, graph: Graph): Promise<Channel[]> {
  try {
    const channels = await graph.readAll(
      `/teams/${team.id}/channels?$select=id,displayName,membershipType`,
      channelShape,
    );
    return channels
      .filter(({ membershipType }) => membershipType !== 'standard')
      .map((channel) => ({ ...channel, team }));
  } catch (error) {
    if (isNotFound(error) && /no team found/i.test(error.serviceMessage)) return [];
    throw asBackendFailure(error);
  }
}

async function membershipIn(channel: Channel, guestId: string, graph: Graph): Promise<Grant[]> {
  const { team } = channel;
  const data = { teamId: team.id, channelId: channel.id };
  const member = await rolesNow(data, guestId, graph).catch((error: unknown) => {
    throw asBackendFailure(error);
  });
  if (member === undefined) return [];
  const shared = channel.membershipType !== 'private';
  return [
    {
      kind: 'teamsChannel',
      key: `${team.id}/${channel.id}`,
      name: `${team.displayName ?? team.id}: ${channel.displayName ?? channel.id}`,
      ...(shared ? { instruction: SHARED } : {}),
      data: { ...data, roles: member.roles },
    },
  ];
}

const SHARED =
  'The channel is shared. Guests are not supported in shared channels, and a personal account cannot be invited to ' +
  'one: an owner of the team has to choose a private or standard channel of the team for this guest.';

/** The guest's roles in a channel as far as they can be given, or undefined when the guest is not in it. */
async function rolesNow(
  channel: Pick<ChannelData, 'teamId' | 'channelId'>,
  guestId: string,
  graph: Graph,
): Promise<{ roles: ChannelData['roles'] } | undefined> {
  const members = await graph.readAll(`${membersPath(channel)}?$top=999`, memberShape);
  const own = members.find(({ userId }) => userId?.toLowerCase() === guestId);
  return own && { roles: (own.roles ?? []).filter((role) => role === OWNER) };
}

function compared(wanted: ChannelData['roles'], now: ChannelData['roles']): Attempt {
  if (wanted.length <= now.length) return alreadyPresent;
  return {
    result: 'manual',
    detail: 'The new guest is in the channel, but not as owner. Make them one in the settings of the channel.',
  };
}

async function add(channel: ChannelData, newId: string, graph: Graph): Promise<Attempt> {
  try {
    await graph.write('POST', membersPath(channel), {
      '@odata.type': '#microsoft.graph.aadUserConversationMember',
      roles: channel.roles,
      'user@odata.bind': `https://graph.microsoft.com/v1.0/users('${newId}')`,
    });
    return restored;
  } catch (error) {
    if (saysItExists(error)) return alreadyPresent;
    throw error;
  }
}

/** Ids of channels hold colons and an at sign. */
function membersPath({ teamId, channelId }: Pick<ChannelData, 'teamId' | 'channelId'>): string {
  return `/teams/${teamId}/channels/${encodeURIComponent(channelId)}/members`;
}

const LATE =
  'Teams does not know the new guest as a member of the team yet, which can take it hours: once the team shows the ' +
  'guest, an owner of the channel adds them under Manage channel, Members';

function attemptOfRefusal(error: unknown): Attempt {
  if (!(error instanceof ServiceError)) throw error;
  if (isNotInTheTeam(error)) return { result: 'retry', detail: `${LATE} (${error.message})`, afterSeconds: 0 };
  return attemptOfError(asBackendFailure(error));
}

function isNotInTheTeam({ status, serviceMessage }: ServiceError): boolean {
  return [400, 403, 404].includes(status) && /not (found in|part of|a member of) (the )?team/i.test(serviceMessage);
}

/**
 * The service behind Graph fails now and then, and Graph passes that on as a 403. It is no missing permission: what is
 * thrown instead is tried again.
 */
function asBackendFailure(error: unknown): unknown {
  const passedOn =
    error instanceof ServiceError && error.status === 403 && /backend request/i.test(error.serviceMessage);
  return passedOn ? new ServiceError({ service: 'graph', status: 502, code: error.code }) : error;
}
