import type { MigrationRecord } from '../../../domain/record';
import {
  createWorld,
  CONSISTENCY_SECONDS,
  MIGRATION_ID,
  OLD_ID,
  type ActivityWorld,
} from '../../support/activityWorld';
import { invitedUser, NEW_ID } from '../../support/invitedUser';
import { refusal } from '../../support/recordedCalls';

/** A run that waits for the guest whom it invited; the row was written long ago. */
async function waiting(change: Partial<MigrationRecord> = {}): Promise<ActivityWorld> {
  const world = await createWorld({
    phase: 'awaitingRedemption',
    status: 'Running',
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    ...change,
  });
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, invitedUser('pending'));
  world.advanceSeconds(CONSISTENCY_SECONDS);
  return world;
}

const remove = (world: ActivityWorld, evenAccepted = false, newId = NEW_ID) =>
  world.run('removeInvited', { migrationId: MIGRATION_ID, newId, evenAccepted });
const answered = (invited: string) => ({ ok: true, value: { invited } });
const whereabouts = ({ directory }: ActivityWorld) => ({
  there: directory.users.has(NEW_ID),
  deleted: directory.deleted.has(NEW_ID),
});
const accept = ({ directory }: ActivityWorld) => directory.users.set(NEW_ID, invitedUser('accepted'));

/** Runs the step as the orchestrator does: again after a failure, and after the time it asks for. */
async function untilAnswered(world: ActivityWorld, evenAccepted = false): Promise<unknown> {
  for (let tries = 0; tries < 20; tries += 1) {
    const outcome = await remove(world, evenAccepted).catch(() => undefined);
    if (outcome?.ok === true || (outcome !== undefined && 'failure' in outcome)) return outcome;
    world.advanceSeconds(outcome === undefined ? 2 : outcome.afterSeconds);
  }
  throw new Error('The step never answers.');
}

describe('revoking an invitation', () => {
  it('moves a guest who has not accepted into the recycle bin, once, and says so', async () => {
    const world = await waiting();
    expect(await untilAnswered(world)).toEqual(answered('removed'));
    expect(whereabouts(world)).toEqual({ there: false, deleted: true });
    expect(world.directory.writes()).toEqual([{ method: 'DELETE', path: `/users/${NEW_ID}` }]);
    expect(world.row().removedId).toBe(NEW_ID);
    expect(world.records.auditLog).toMatchObject([
      { action: 'removeInvited', stage: 'before', targetId: NEW_ID },
      { action: 'removeInvited', stage: 'after', targetId: NEW_ID },
    ]);
  });

  it('leaves a guest alone who has accepted', async () => {
    const world = await waiting();
    accept(world);
    expect(await remove(world)).toEqual(answered('accepted'));
    expect(world.directory.writes()).toEqual([]);
  });

  it('gives a guest back who accepted between the look and the deletion', async () => {
    const world = await waiting();
    world.directory.refuse = ({ method }) => {
      if (method === 'DELETE') accept(world);
      return undefined;
    };
    expect(await untilAnswered(world)).toEqual(answered('accepted'));
    expect(whereabouts(world)).toEqual({ there: true, deleted: false });
    expect(world.row().removedId).toBeNull();
  });

  it.each(['DELETE', 'POST'])('finds out what became of a %s whose answer was lost', async (lost) => {
    const world = await waiting();
    world.directory.refuse = ({ method }) => {
      if (method === 'DELETE') accept(world);
      return undefined;
    };
    world.directory.loseAnswer = ({ method }) => (method === lost ? refusal(0, 'timeout') : undefined);
    expect(await untilAnswered(world)).toEqual(answered('accepted'));
    expect(whereabouts(world)).toEqual({ there: true, deleted: false });
    expect(world.row().removedId).toBeNull();
    expect(world.directory.writes().map(({ method }) => method)).toEqual(['DELETE', 'POST']);
  });

  it('does not believe a replica that knows of the acceptance and not yet of the deletion', async () => {
    const world = await waiting();
    world.directory.refuse = ({ method }) => {
      if (method === 'DELETE') {
        accept(world);
        world.directory.freezeReads();
      }
      return undefined;
    };
    world.directory.loseAnswer = ({ method }) => (method === 'DELETE' ? refusal(0, 'timeout') : undefined);
    await expect(remove(world)).rejects.toThrow('timeout');
    expect(await remove(world)).toEqual({ ok: false, afterSeconds: CONSISTENCY_SECONDS });
    world.advanceSeconds(CONSISTENCY_SECONDS);
    world.directory.catchUp();
    expect(await untilAnswered(world)).toEqual(answered('accepted'));
    expect(whereabouts(world)).toEqual({ there: true, deleted: false });
  });

  it('does not give back whom somebody else deleted', async () => {
    const world = await waiting();
    world.directory.users.delete(NEW_ID);
    world.directory.deleted.set(NEW_ID, invitedUser('accepted'));
    expect(await remove(world)).toEqual(answered('removed'));
    expect(world.directory.writes()).toEqual([]);
  });

  it('believes that the guest is gone only when reads had time to show them', async () => {
    const world = await waiting();
    world.directory.users.delete(NEW_ID);
    await world.records.updateMigration(MIGRATION_ID, {});
    expect(await remove(world)).toEqual({ ok: false, afterSeconds: CONSISTENCY_SECONDS });
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await remove(world)).toEqual(answered('gone'));
  });

  it('is a permanent failure when the directory refuses it', async () => {
    const world = await waiting();
    world.directory.refuse = ({ method }) => (method === 'DELETE' ? refusal(403, 'Forbidden') : undefined);
    expect(await remove(world)).toMatchObject({ ok: false, failure: { code: 'delete-refused' } });
  });
});

it('takes away also a guest who has accepted, where the old one is given back', async () => {
  const world = await waiting();
  accept(world);
  expect(await untilAnswered(world, true)).toEqual(answered('removed'));
  expect(await untilAnswered(world, true)).toEqual(answered('removed'));
  expect(whereabouts(world)).toEqual({ there: false, deleted: true });
  expect(world.directory.writes()).toHaveLength(1);
});

it.each<[string, Partial<MigrationRecord>, string]>([
  ['somebody who is not the invited guest', {}, '0e000000-0000-4000-8000-00000000000f'],
  ['the old guest', {}, OLD_ID],
  ['the old guest who was reset', { guest: { oldId: OLD_ID, newId: OLD_ID, displayName: null } }, OLD_ID],
  ['anybody once the migration has ended', { phase: 'ended' }, NEW_ID],
])('never takes away %s', async (_who, change, id) => {
  const world = await waiting(change);
  await expect(remove(world, true, id)).rejects.toThrow('removeInvited: unexpected Error');
  expect(world.directory.writes()).toEqual([]);
});
