import { channelsOf, isTeam, rosterOf } from '../directory/teams';
import type { Reply } from '../http/message';
import { text, type Entity, type View } from '../store/snapshot';
import { GraphError } from './errors';
import { listOf } from './odata/list';
import { entityReply } from './odata/projection';
import { channelType, teamType } from './odata/types';
import { param, type Call, type Route } from './route';
import { userOf } from './targets';

/** 404 in the words of the Teams service, whose codes differ from the directory's. */
export const notInTeams = (message: string): GraphError => new GraphError(404, 'NotFound', message);

/**
 * The group of the team named in the path. A group that never became a team, or a tenant without the Teams service,
 * answers like an unknown one.
 */
export function teamOf(call: Call): Entity {
  const id = param(call, 'team-id');
  const group = call.replica.get('groups', id);
  if (group === undefined || !isTeam(group) || !call.tenant.settings.get().teamsService) {
    throw notInTeams(`No team found with Group Id ${id}`);
  }
  return group;
}

/** The channel named in the path, in the team named there. */
export function channelOf(call: Call, view: View = call.replica): Entity {
  const channel = view.get('channels', param(call, 'channel-id'));
  if (channel === undefined || text(channel, 'teamId') !== teamOf(call).id) {
    throw notInTeams('Failed to execute Skype backend request GetThreadS2SRequest.');
  }
  return channel;
}

/** `shared` came after the first release of the enumeration: callers that do not ask for such values get a stand-in. */
function shown(call: Call, channel: Entity): Entity {
  const asked = call.headers['prefer']?.toLowerCase().includes('include-unknown-enum-members') === true;
  const hidden = text(channel, 'membershipType') === 'shared' && !asked;
  return hidden ? { ...channel, membershipType: 'unknownFutureValue' } : channel;
}

/** Teams of which the user is a direct member; only id, name and description are filled in, as Microsoft says. */
function joinedTeams(call: Call): Reply {
  const { id } = userOf(call);
  if (!call.tenant.settings.get().teamsService) {
    throw new GraphError(
      403,
      'Forbidden',
      'Failed to get license information for the user. Ensure user has a valid Office365 license assigned to them.',
    );
  }
  const teams = call.replica
    .list('groups')
    .filter((group) => isTeam(group) && rosterOf(call.tenant, group.id).has(id))
    .map(({ id: teamId, displayName, description }) => ({ id: teamId, displayName, description }));
  return listOf(call, teamType, teams, { context: 'teams', without: ['$top', '$filter', '$count'] });
}

const channelsContext = (call: Call): string => `teams('${param(call, 'team-id')}')/channels`;

/** Teams and their channels. Members of channels are in channelMembers.ts. */
export const teamRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/users/{user-id}/joinedTeams',
    // https://learn.microsoft.com/graph/api/user-list-joinedteams
    allOf: [
      [
        'Team.ReadBasic.All',
        'TeamSettings.Read.All',
        'TeamSettings.ReadWrite.All',
        'User.Read.All',
        'User.ReadWrite.All',
        'Directory.Read.All',
        'Directory.ReadWrite.All',
      ],
    ],
    handle: joinedTeams,
  },
  {
    method: 'GET',
    path: '/teams/{team-id}/channels',
    // https://learn.microsoft.com/graph/api/channel-list
    allOf: [
      [
        'ChannelSettings.Read.Group',
        'Channel.ReadBasic.All',
        'ChannelSettings.Read.All',
        'ChannelSettings.ReadWrite.All',
        'ChannelSettings.ReadWrite.Group',
        'Group.Read.All',
        'Group.ReadWrite.All',
        'Directory.Read.All',
        'Directory.ReadWrite.All',
      ],
    ],
    handle: (call) => {
      const channels = channelsOf(call.replica, teamOf(call).id).map((channel) => shown(call, channel));
      return listOf(call, channelType, channels, { context: channelsContext(call), without: ['$top', '$count'] });
    },
  },
  {
    method: 'GET',
    path: '/teams/{team-id}/channels/{channel-id}',
    // https://learn.microsoft.com/graph/api/channel-get
    allOf: [
      [
        'ChannelSettings.Read.Group',
        'Channel.ReadBasic.All',
        'ChannelSettings.Read.All',
        'ChannelSettings.ReadWrite.All',
        'ChannelSettings.ReadWrite.Group',
        'Group.Read.All',
        'Group.ReadWrite.All',
        'Directory.Read.All',
        'Directory.ReadWrite.All',
      ],
    ],
    handle: (call) =>
      entityReply(call, { type: channelType, entity: shown(call, channelOf(call)) }, channelsContext(call)),
  },
];
