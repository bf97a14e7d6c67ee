import { channels, groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Answer, type Json } from './support';

const { ines, mara, tomas } = guests;
const { accountant, globalAdministrator, projectLead } = staff;
const aurora = groups.projectAurora;
const hour = 3_600_000;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const channelPath = (channel: string, team: string = aurora): string =>
  `/teams/${team}/channels/${encodeURIComponent(channel)}`;

const body = (userId: string, more: object = {}) => ({
  '@odata.type': '#microsoft.graph.aadUserConversationMember',
  roles: [],
  'user@odata.bind': `https://graph.microsoft.com/v1.0/users('${userId}')`,
  ...more,
});

const add = (userId: string, channel: string = channels.auroraBudget, more: object = {}): Promise<Answer> =>
  tenant.graph('POST', `${channelPath(channel)}/members`, body(userId, more));

async function membersOf(channel: string): Promise<string[]> {
  const { body: list } = await tenant.graph('GET', `${channelPath(channel)}/members`);
  return list.value.map((member: Json) => member.userId as string);
}

const restore = (userId: string) => tenant.graph('POST', `/directory/deletedItems/${userId}/restore`);

describe('reading', () => {
  test('joined teams are the groups that have a team, with three properties', async () => {
    const { body: teams } = await tenant.graph('GET', `/users/${mara}/joinedTeams`);
    expect(teams.value).toEqual([
      { id: aurora, displayName: 'Project Aurora', description: null },
      { id: groups.documentControl, displayName: 'Aurora Document Control', description: null },
    ]);
    expect((await tenant.graph('GET', `/users/${ines}/joinedTeams`)).body.value).toEqual([]);
    expect((await tenant.graph('GET', `/users/${mara}/joinedTeams?$top=1`)).status).toBe(400);
  });

  test('channels can be filtered by what they are; shared ones show only to who asks for new values', async () => {
    const list = (query: string, headers?: Record<string, string>) =>
      tenant.graph('GET', `/teams/${aurora}/channels${query}`, undefined, headers);
    const filter = encodeURIComponent("membershipType eq 'private'");
    const named = await list(`?$filter=${filter}&$select=id,displayName`);
    expect(named.body.value).toEqual([
      { id: channels.auroraCommissioning, displayName: 'Commissioning' },
      { id: channels.auroraBudget, displayName: 'Budget' },
    ]);
    const types = ({ body: { value } }: Answer) => value.map(({ membershipType }: Json) => membershipType as string);
    expect(types(await list(''))).toEqual(['standard', 'private', 'private', 'unknownFutureValue']);
    expect(types(await list('', { prefer: 'include-unknown-enum-members' }))[3]).toBe('shared');
  });

  test('members carry their role; guests are marked as such, and a standard channel has those of the team', async () => {
    const { body: list } = await tenant.graph('GET', `${channelPath(channels.auroraCommissioning)}/members`);
    expect(list.value.map(({ userId, roles }: Json) => [userId, roles] as unknown)).toEqual([
      [projectLead, ['owner']],
      [mara, ['guest']],
      [tomas, ['guest']],
    ]);
    expect(await membersOf(channels.auroraGeneral)).toEqual([projectLead, staff.labManager, mara, tomas]);
  });

  test('unknown teams and channels, and groups without a team, answer 404', async () => {
    for (const path of [
      `/teams/${nobody()}/channels`,
      `/teams/${groups.fieldService}/channels`,
      `${channelPath('19:nothing@thread.tacv2')}/members`,
      `${channelPath(channels.documentsDrawings)}/members`,
    ]) {
      const answer = await tenant.graph('GET', path);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NotFound' } } });
    }
  });

  test('a tenant without Teams refuses to say anything about its users', async () => {
    await tenant.settings({ teamsService: false });
    const joined = await tenant.graph('GET', `/users/${mara}/joinedTeams`);
    expect(joined).toMatchObject({ status: 403, body: { error: { code: 'Forbidden' } } });
    expect(joined.body.error.message).toContain('Failed to get license information');
    expect((await tenant.graph('GET', `/teams/${aurora}/channels`)).status).toBe(404);
  });

  test('each operation needs its own permission', async () => {
    await tenant.settings({ grantedPermissions: ['Channel.ReadBasic.All', 'User.Read.All'] });
    expect((await tenant.graph('GET', `/teams/${aurora}/channels`)).status).toBe(200);
    expect((await tenant.graph('GET', `${channelPath(channels.auroraBudget)}/members`)).status).toBe(403);
    expect((await add(mara)).status).toBe(403);
  });
});

describe('adding', () => {
  test('a second add answers like the first, and nobody is in a channel twice', async () => {
    const first = await add(mara);
    expect(first).toMatchObject({ status: 201, body: { userId: mara, roles: ['guest'] } });
    const second = await add(mara);
    expect([second.status, second.body.id]).toEqual([201, first.body.id]);
    expect((await membersOf(channels.auroraBudget)).filter((id) => id === mara)).toHaveLength(1);
    const path = `${channelPath(channels.auroraBudget)}/members/${first.body.id as string}`;
    expect((await tenant.graph('GET', path)).body.displayName).toBe('Mara Lindqvist');
    expect((await tenant.graph('DELETE', path)).status).toBe(204);
    expect((await tenant.graph('DELETE', path)).status).toBe(404);
  });

  test('who is not in the team cannot be in its private channel', async () => {
    expect(await add(accountant)).toMatchObject({
      status: 404,
      body: { error: { code: 'NotFound', message: 'User is not found in the team.' } },
    });
    expect((await add(nobody())).status).toBe(404);
  });

  test('Teams learns of a new member of the group later than the directory', async () => {
    await tenant.settings({ teamsSyncMs: 5 * hour });
    expect((await tenant.addMember(aurora, ines)).status).toBe(204);
    await tenant.control('POST', 'clock', { advanceMs: 4 * hour });
    expect((await add(ines)).body.error.message).toBe('User is not found in the team.');
    expect((await tenant.graph('GET', `/users/${ines}/joinedTeams`)).body.value).toEqual([]);
    await tenant.control('POST', 'clock', { advanceMs: 2 * hour });
    expect((await add(ines)).status).toBe(201);
  });

  test('a guest that is not replicated yet is unknown to Teams', async () => {
    const id = (await tenant.invite('new.guest@outlook.example')).body.invitedUser.id as string;
    await tenant.addMember(aurora, id);
    await tenant.settings({ replicationMs: hour });
    await tenant.control('POST', 'clock', { advanceMs: 2 * hour });
    const late = (await tenant.invite('later.guest@outlook.example')).body.invitedUser.id as string;
    expect((await add(late)).body.error.message).toBe('User not found.');
    expect((await add(id)).status).toBe(201);
  });

  test('guests stay out of shared channels and are owners of none; standard channels take nobody', async () => {
    expect((await add(mara, channels.auroraShared)).status).toBe(403);
    expect((await add(globalAdministrator, channels.auroraShared)).status).toBe(201);
    expect((await add(mara, channels.auroraBudget, { roles: ['owner'] })).status).toBe(400);
    const standard = await add(mara, channels.auroraGeneral);
    expect(standard.body.error.message).toBe('Operation not supported for this Channel.');
  });

  test('a body that is not a member is refused', async () => {
    const statuses = [
      await add(mara, channels.auroraBudget, { '@odata.type': undefined }),
      await add(mara, channels.auroraBudget, { roles: ['guest'] }),
      await add(mara, channels.auroraBudget, { 'user@odata.bind': mara }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400]);
  });
});

describe('leaving', () => {
  test('a deleted member is out of sight and comes back with the user', async () => {
    await tenant.graph('DELETE', `/users/${mara}`);
    expect(await membersOf(channels.auroraCommissioning)).toEqual([projectLead, tomas]);
    expect((await restore(mara)).status).toBe(200);
    expect(await membersOf(channels.auroraCommissioning)).toEqual([projectLead, mara, tomas]);
  });

  test('a purge takes the member out for good and leaves the others', async () => {
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect(JSON.stringify((await tenant.state()).channels)).not.toContain(mara);
    expect(await membersOf(channels.auroraCommissioning)).toEqual([projectLead, tomas]);
  });

  test('who leaves the team leaves its private channels, and returns to them only by being added', async () => {
    await tenant.graph('DELETE', `/groups/${aurora}/members/${tomas}/$ref`);
    expect(await membersOf(channels.auroraCommissioning)).toEqual([projectLead, mara]);
    await tenant.addMember(aurora, tomas);
    expect(await membersOf(channels.auroraCommissioning)).toEqual([projectLead, mara]);
  });
});

test('a state with a channel of nothing, of no known sort, or with a stranger is refused', async () => {
  const refused = async (change: object): Promise<string> => {
    const state = await tenant.state();
    Object.assign(state.channels[0], change);
    const answer = await tenant.send('PUT', '/_tenant/state', state);
    expect(answer.status).toBe(400);
    return answer.text;
  };
  expect(await refused({ teamId: groups.finance })).toContain('channels[0].teamId');
  expect(await refused({ membershipType: 'secret' })).toContain('channels[0].membershipType');
  expect(await refused({ members: [{ userId: nobody(), roles: [] }] })).toContain('channels[0].members');
});
