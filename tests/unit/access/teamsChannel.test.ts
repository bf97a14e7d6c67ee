import type { Outside } from '../../../access/kind';
import { teamsChannel } from '../../../access/teamsChannel';
import { compareAccess } from '../../../domain/comparison';
import type { Grant } from '../../../domain/grants';
import { channels, groups, guests, staff } from '../../../local/tenant/seed/ids';
import { outsideOf } from '../../support/recordedCalls';
import { tenantInProcess, type InProcess } from '../../support/tenantInProcess';

const { ines, mara, tomas } = guests;
const HOUR_MS = 3_600_000;
const commissioning = `${groups.projectAurora}/${channels.auroraCommissioning}`;
const drawings = `${groups.documentControl}/${channels.documentsDrawings}`;

let tenant: InProcess;
let outside: Outside;

beforeEach(() => {
  tenant = tenantInProcess();
  outside = outsideOf({ graph: tenant.graph, azure: tenant.azure });
});
afterEach(() => tenant.close());

const settings = (change: object) => tenant.control('PUT', 'settings', change);
const faults = (...list: object[]) => tenant.control('PUT', 'faults', list);
const capture = (id: string) => teamsChannel.capture(id, outside);
const restore = (grants: readonly Grant[], id: string) => teamsChannel.restore(grants, id, outside);
const resultsOf = async (grants: readonly Grant[], id: string) => (await restore(grants, id)).map((one) => one.result);

/** Ids of the members of each channel, as they are stored. */
async function membersByChannel(): Promise<Record<string, string[]>> {
  const state = (await tenant.state()) as unknown as { channels: { id: string; members: { userId: string }[] }[] };
  return Object.fromEntries(state.channels.map(({ id, members }) => [id, members.map(({ userId }) => userId)]));
}

async function join(groupId: string, userId: string): Promise<void> {
  const body = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${userId}` };
  await tenant.graph.write('POST', `/groups/${groupId}/members/$ref`, body);
}

/** Ines stands for the new guest; the groups come back before the channels do. */
async function joinTeams(): Promise<void> {
  for (const group of [groups.projectAurora, groups.documentControl]) await join(group, ines);
}

describe('capture', () => {
  it('finds the private channels that the guest is in, and no other', async () => {
    const grants = await capture(mara);
    expect(grants.map(({ key, name, instruction }) => ({ key, name, instruction }))).toEqual([
      { key: commissioning, name: 'Project Aurora: Commissioning', instruction: undefined },
      { key: drawings, name: 'Aurora Document Control: Drawings', instruction: undefined },
    ]);
    // The role `guest`, with which Teams marks them, cannot be written.
    expect(grants.map(({ data }) => data['roles'])).toEqual([[], []]);
    expect(JSON.stringify(grants)).not.toContain(mara);
    expect(await capture(ines)).toEqual([]);
  });

  it('leaves a shared channel to people', async () => {
    const state = await tenant.state();
    const list = state as unknown as { channels: { id: string; members: object[] }[] };
    list.channels.find(({ id }) => id === channels.auroraShared)?.members.push({ userId: mara, roles: [] });
    await tenant.control('PUT', 'state', state);
    const shared = (await capture(mara)).find(({ name }) => name.endsWith('Joint Planning'));
    expect(shared?.instruction).toContain('Guests are not supported in shared channels');
  });

  it('counts an owner of the team who is no member of its group', async () => {
    const state = await tenant.state();
    const list = state as unknown as { groups: { id: string; members: string[]; owners: string[] }[] };
    const group = list.groups.find(({ id }) => id === groups.documentControl);
    if (group !== undefined) group.members = group.members.filter((id) => id !== mara);
    await tenant.control('PUT', 'state', state);
    expect((await capture(mara)).map(({ key }) => key)).toEqual([commissioning, drawings]);
  });

  it('a tenant without Teams has no such grants', async () => {
    await settings({ teamsService: false });
    expect(await capture(mara)).toEqual([]);
  });

  it('a missing permission is thrown, a failure behind Graph is not taken for one', async () => {
    await settings({ grantedPermissions: ['Directory.Read.All'] });
    await expect(capture(mara)).rejects.toMatchObject({ status: 403 });
    await settings({ grantedPermissions: ['Directory.Read.All', 'ChannelMember.Read.All'] });
    const message = 'Failed to execute Skype backend request GetThreadRosterS2SRequest.';
    const body = { error: { code: 'Forbidden', message } };
    await faults({ path: '/members', kind: 'status', status: 403, body });
    await expect(capture(mara)).rejects.toMatchObject({ status: 502 });
    expect(await capture(mara)).toHaveLength(2);
  });

  it('reads in a number of requests that does not grow with every channel', async () => {
    await capture(mara);
    const requests = (await tenant.requests()).filter(({ inBatch }) => inBatch !== true);
    expect(requests.map(({ path }) => path)).toEqual(['/v1.0/$batch', '/v1.0/$batch', '/v1.0/$batch']);
  });
});

describe('restore', () => {
  it('adds the new guest, so that the comparison is equal, and changes nobody else', async () => {
    const grants = await capture(mara);
    const before = await membersByChannel();
    await joinTeams();
    expect(await restore(grants, ines)).toEqual([
      { result: 'restored', detail: '' },
      { result: 'restored', detail: '' },
    ]);
    expect(compareAccess(grants, await capture(ines))).toEqual({ equal: 2, missing: [], extra: [] });
    const others = Object.entries(await membersByChannel()).map(([id, list]) => [
      id,
      list.filter((one) => one !== ines),
    ]);
    expect(Object.fromEntries(others)).toEqual(before);
    expect(before[channels.auroraCommissioning]).toContain(tomas);
  });

  it('run again it finds the guest there and writes nothing', async () => {
    const grants = await capture(mara);
    await joinTeams();
    await restore(grants, ines);
    await tenant.control('DELETE', 'requests');
    expect(await resultsOf(grants, ines)).toEqual(['alreadyPresent', 'alreadyPresent']);
    expect((await tenant.requests()).some(({ method, path }) => method === 'POST' && path.endsWith('/members'))).toBe(
      false,
    );
  });

  it('an answer that was lost doubles nothing', async () => {
    const grants = await capture(mara);
    await joinTeams();
    await faults({ method: 'POST', path: '/members$', kind: 'lostAck' });
    expect(await resultsOf(grants, ines)).toEqual(['retry', 'restored']);
    expect(await resultsOf(grants, ines)).toEqual(['alreadyPresent', 'alreadyPresent']);
    const members = await membersByChannel();
    expect(members[channels.auroraCommissioning]?.filter((id) => id === ines)).toHaveLength(1);
  });

  it('waits while Teams does not know the guest in the team, and says how to add them by hand', async () => {
    const grants = await capture(mara);
    await settings({ teamsSyncMs: 5 * HOUR_MS });
    await joinTeams();
    const [attempt] = await restore(grants, ines);
    expect(attempt).toMatchObject({ result: 'retry', detail: expect.stringContaining('which can take it hours') });
    expect(attempt?.detail).toContain('Manage channel, Members');
    await tenant.control('POST', 'clock', { advanceMs: 6 * HOUR_MS });
    expect(await resultsOf(grants, ines)).toEqual(['restored', 'restored']);
  });

  it.each([
    ['a failure behind Graph', 403, 'Failed to execute Skype backend request AddMember.', 'retry'],
    ['another wording for who is not in the team', 403, 'The user is not a member of the team.', 'retry'],
    ['a refusal', 403, 'Insufficient privileges to complete the operation.', 'failed'],
    ['who is there already', 409, 'The member already exists in the channel.', 'alreadyPresent'],
  ])('%s', async (_what, status, message, result) => {
    const [grant] = await capture(mara);
    await joinTeams();
    const body = { error: { code: 'Forbidden', message } };
    await faults({ method: 'POST', path: '/members$', kind: 'status', status, body });
    const attempts = await restore(grant === undefined ? [] : [grant], ines);
    expect(attempts.map((one) => one.result)).toEqual([result]);
    expect(JSON.stringify(attempts)).not.toContain(message);
  });

  it('a channel that is gone is tried again and not thrown', async () => {
    const grants = await capture(mara);
    const state = await tenant.state();
    const list = state as unknown as { channels: { id: string }[] };
    list.channels = list.channels.filter(({ id }) => id !== channels.documentsDrawings);
    await tenant.control('PUT', 'state', state);
    await joinTeams();
    expect(await resultsOf(grants, ines)).toEqual(['restored', 'retry']);
  });

  it('a member who is owner no more is left as they are and reported', async () => {
    const { projectLead } = staff;
    const grant = (await capture(projectLead)).find(({ key }) => key === commissioning);
    expect(grant?.data['roles']).toEqual(['owner']);
    const attempts = await restore(grant === undefined ? [] : [grant], mara);
    expect(attempts).toMatchObject([{ result: 'manual', detail: expect.stringContaining('not as owner') }]);
  });

  it('refuses a grant whose data is not what was captured', async () => {
    const foreign = {
      kind: 'teamsChannel',
      key: 'k',
      name: 'n',
      data: { teamId: '', channelId: 'c', roles: [] },
    } as const;
    await expect(restore([foreign], ines)).rejects.toThrow();
    expect((await tenant.requests()).filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});
