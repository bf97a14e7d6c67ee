import { isRecord, text, texts, type Entity, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';
import { someReplica, type Tenant } from '../tenant';

/** A member as a channel stores it. `roles` holds `owner` or nothing: `guest` follows from the user. */
export interface ChannelMember {
  readonly userId: string;
  readonly roles: readonly string[];
}

/** A Microsoft 365 group that has a team. */
export const isTeam = (group: Entity): boolean => texts(group, 'resourceProvisioningOptions').includes('Team');

/** What a channel is to its members: everybody of the team, some of them, or some of any team. */
export const membershipTypes = ['standard', 'private', 'shared'] as const;

/** Members that a private or shared channel stores; a standard channel stores none. */
export function storedMembers(channel: Entity): ChannelMember[] {
  const list = channel['members'];
  return Array.isArray(list)
    ? list.filter(isRecord).map(({ userId, roles }) => ({
        userId: String(userId),
        roles: Array.isArray(roles) ? roles.map(String) : [],
      }))
    : [];
}

/**
 * Ids of everybody whom Teams takes for a member of the team: members and owners of the group as they were
 * `teamsSyncMs` ago. Teams copies the group's members on its own schedule: mostly at once, at worst after two days.
 * Source: Microsoft's announcement of the team membership API, 2020-10-13.
 */
export function rosterOf(tenant: Tenant, teamId: string): ReadonlySet<string> {
  const { teamsSyncMs } = tenant.settings.get();
  const view = teamsSyncMs === 0 ? someReplica(tenant) : tenant.store.replica(teamsSyncMs);
  const group = view.get('groups', teamId);
  return new Set([...texts(group, 'members'), ...texts(group, 'owners')]);
}

/** Channels of a team, oldest first. */
export const channelsOf = (view: View, teamId: string): Entity[] =>
  view.list('channels').filter((channel) => text(channel, 'teamId') === teamId);

/** Transaction hook: who leaves a team's group leaves its private channels too, and does not return with the group. */
export function leaveChannels(tx: Transaction): void {
  for (const { collection, id, before, after } of tx.changes()) {
    if (collection !== 'groups') continue;
    const still = new Set([...texts(after, 'members'), ...texts(after, 'owners')]);
    const gone = [...texts(before, 'members'), ...texts(before, 'owners')].filter((member) => !still.has(member));
    if (gone.length === 0) continue;
    for (const channel of channelsOf(tx, id).filter((one) => text(one, 'membershipType') === 'private')) {
      removeMembers(tx, channel, gone);
    }
  }
}

/** Takes users out of a channel; nothing changes when none of them is in it. */
export function removeMembers(tx: Transaction, channel: Entity, userIds: readonly string[]): void {
  const members = storedMembers(channel);
  const rest = members.filter(({ userId }) => !userIds.includes(userId));
  if (rest.length !== members.length) tx.patch('channels', channel.id, { members: rest });
}
