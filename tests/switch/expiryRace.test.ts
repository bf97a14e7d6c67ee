import { createActivities } from '../../activities';
import { readGuide } from '../../adapters/guideTexts';
import type { ActivityDeps } from '../../activities/activity';
import type { Log } from '../../domain/ports';
import { newRecord, type MigrationRecord } from '../../domain/record';
import { virtualClock } from '../../local/host';
import { guests } from '../../local/tenant/seed/ids';
import { GUIDE_FOLDER } from '../support/activityWorld';
import { createMemoryDocuments } from '../support/memoryDocuments';
import { createMemoryRecords } from '../support/memoryRecords';
import { inProcessSettings } from '../support/switchInProcess';
import { tenantInProcess, type InProcess } from '../support/tenantInProcess';

/*
 * The time to accept ends in the moment in which the guest accepts. Against the simulated tenant, whose reads come from
 * replicas: whoever accepts before the deletion keeps the account, whoever does not is gone, and nothing in between.
 */

const ID = 'm-expiry';
const quiet: Log = { info: () => undefined, warn: () => undefined };
type Moment = 'before the look' | 'between look and deletion' | 'never';

interface Race {
  tenant: InProcess;
  newId: string;
  row: () => MigrationRecord;
  expire: () => Promise<string>;
}

/** A guest was invited, and the time to accept is over; they accept at this moment all the same. */
async function race(moment: Moment, faults: object[] = [], lagMs = 3_000): Promise<Race> {
  const clock = virtualClock(Date.now());
  const tenant = tenantInProcess({ clock });
  const now = (): Date => new Date(clock.now());
  const advance = (seconds: number): void => {
    clock.advance(seconds * 1000);
    tenant.catchUp();
  };
  const invitation = { invitedUserEmailAddress: 'late@outlook.example', inviteRedirectUrl: 'https://myapps.example' };
  const answer = (await tenant.graph.write('POST', '/invitations', invitation)) as { invitedUser: { id: string } };
  const newId = answer.invitedUser.id;
  const records = createMemoryRecords(now);
  const request = {
    guest: guests.tomas,
    strategy: 'recreate' as const,
    dryRun: false,
    approval: false,
    acceptWithinDays: 30,
    skipAccess: [],
  };
  const start = { id: ID, guestId: guests.tomas, request, startedBy: 'test', mostRounds: 3, now: now().toISOString() };
  await records.createMigration({
    ...newRecord(start),
    phase: 'awaitingRedemption',
    guest: { oldId: guests.tomas, newId, displayName: null },
  });
  advance(60);
  await tenant.control('PUT', 'settings', { replicationMs: lagMs });
  await tenant.control('PUT', 'faults', faults);
  if (moment === 'before the look') await tenant.redeem(newId);

  let accepts = moment === 'between look and deletion';
  const graph: ActivityDeps['graph'] = {
    ...tenant.graph,
    write: async (method, path, body) => {
      if (accepts && method === 'DELETE') {
        accepts = false;
        await tenant.redeem(newId);
      }
      return tenant.graph.write(method, path, body);
    },
  };
  const { removeInvited } = createActivities({
    graph,
    azure: tenant.azure,
    records,
    documents: createMemoryDocuments(),
    clock: { now },
    settings: inProcessSettings,
    languages: readGuide(GUIDE_FOLDER).languages,
    organizationName: () => Promise.resolve('Contoso'),
  });
  const row = (): MigrationRecord => {
    const found = records.migrations.get(ID);
    if (found === undefined) throw new Error('The migration has no row.');
    return found;
  };
  /** As the orchestrator does: again after a failure, and after the time that the step asks for. */
  const expire = async (): Promise<string> => {
    for (let tries = 0; tries < 30; tries += 1) {
      const outcome = await removeInvited({ migrationId: ID, newId, evenAccepted: false }, quiet).catch(
        () => undefined,
      );
      if (outcome?.ok === true) return (outcome.value as { invited: string }).invited;
      if (outcome !== undefined && 'failure' in outcome) return outcome.failure.code;
      advance(outcome === undefined ? 2 : outcome.afterSeconds);
    }
    throw new Error('The step never answers.');
  };
  return { tenant, newId, row, expire };
}

const lost = (method: string, path: string) => ({ method, path, kind: 'lostAck', times: 1 });
const noFaults: object[] = [];

it.each<[Moment, string, string, object[], number]>([
  ['never', 'removed', 'every answer arrives', noFaults, 3_000],
  ['never', 'removed', 'the answer to the deletion is lost', [lost('DELETE', '/users/')], 3_000],
  ['before the look', 'accepted', 'every answer arrives', noFaults, 0],
  ['before the look', 'accepted', 'replicas do not show it yet', noFaults, 3_000],
  ['between look and deletion', 'accepted', 'every answer arrives', noFaults, 3_000],
  ['between look and deletion', 'accepted', 'the answer to the deletion is lost', [lost('DELETE', '/users/')], 3_000],
  ['between look and deletion', 'accepted', 'the answer to giving back is lost', [lost('POST', '/restore')], 3_000],
  [
    'between look and deletion',
    'accepted',
    'both are lost',
    [lost('DELETE', '/users/'), lost('POST', '/restore')],
    3_000,
  ],
])('a guest who accepts %s is %s, where %s', async (moment, ends, _how, faults, lagMs) => {
  const { tenant, newId, row, expire } = await race(moment, faults, lagMs);
  try {
    expect(await expire()).toBe(ends);
    const { users, deletedUsers } = await tenant.state();
    const isThere = users.some(({ id }) => id === newId);
    const isDeleted = deletedUsers.some(({ id }) => id === newId);
    expect({ isThere, isDeleted }).toEqual({ isThere: ends === 'accepted', isDeleted: ends === 'removed' });
    expect(row().removedId).toBe(ends === 'removed' ? newId : null);
  } finally {
    tenant.close();
  }
});
