import type { ActivityDeps } from '../../../activities/activity';
import { createActivities } from '../../../activities';
import type { MigrationRecord } from '../../../domain/record';
import { steps, type StepName } from '../../../domain/steps';
import { createWorld, exclusion, membership, MIGRATION_ID, OLD_ID } from '../../support/activityWorld';
import type { ServiceError } from '../../../domain/serviceError';
import { createMemoryDocuments } from '../../support/memoryDocuments';
import { QUOTED_ADDRESS, refusal } from '../../support/recordedCalls';

const NEW_ID = '0e000000-0000-4000-8000-000000000002';
const PARENT_ID = 'm-0000';
const HASH = 'ab'.repeat(32);
const ofSnapshot = { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash: HASH };

/** A valid input of every step. */
const inputs: Record<StepName, Record<string, unknown>> = {
  preflight: { migrationId: MIGRATION_ID },
  captureAccess: { migrationId: MIGRATION_ID, guestId: OLD_ID },
  readApproval: { migrationId: MIGRATION_ID, close: false },
  confirmAccess: ofSnapshot,
  softDeleteGuest: ofSnapshot,
  claimPurge: { migrationId: MIGRATION_ID },
  purgeGuest: ofSnapshot,
  undeleteGuest: { migrationId: MIGRATION_ID, guestId: OLD_ID },
  ensureSubscription: {},
  inviteGuest: { ...ofSnapshot, deadline: '2026-03-31T08:00:00.000Z' },
  rewriteConditionalAccess: { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash: HASH },
  readRedemption: { migrationId: MIGRATION_ID, newId: NEW_ID },
  restoreGrants: { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash: HASH, indexes: [0], lastTry: false },
  verifyAccess: { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash: HASH, lastTry: false },
  continueMigration: { migrationId: MIGRATION_ID },
  inviteAgain: { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash: HASH, why: 'reminder', number: 1 },
  removeInvited: { migrationId: MIGRATION_ID, newId: NEW_ID, evenAccepted: false },
  turnBack: { ...ofSnapshot, newId: NEW_ID },
  removeRoles: ofSnapshot,
  resetGuest: { ...ofSnapshot, deadline: '2026-03-31T08:00:00.000Z' },
  giveBackRoles: ofSnapshot,
  recordPhase: { migrationId: MIGRATION_ID, phase: 'capturing' },
  finishMigration: { migrationId: MIGRATION_ID, outcome: 'cancelled', error: null },
};
const names = Object.keys(steps) as StepName[];

/** Every step with every one of its ids made empty, foreign to its pattern, or absent; and with a field too many. */
const badInputs = names.flatMap((name) => {
  const good = inputs[name];
  const ids = Object.keys(good).filter((key) => /Id$|Hash$/.test(key));
  return [
    ...ids.flatMap((id) => [
      { name, why: `an empty ${id}`, input: { ...good, [id]: '' } },
      { name, why: `a ${id} that leaves its place in an address`, input: { ...good, [id]: '../users' } },
      { name, why: `${id} as a list`, input: { ...good, [id]: [good[id]] } },
      { name, why: `no ${id}`, input: Object.fromEntries(Object.entries(good).filter(([key]) => key !== id)) },
    ]),
    { name, why: 'a field that is not in the contract', input: { ...good, address: QUOTED_ADDRESS } },
    { name, why: 'a text', input: QUOTED_ADDRESS },
    { name, why: 'nothing', input: null },
  ];
});

describe('an activity refuses, before any call,', () => {
  /** Ports that must not be touched at all. */
  const untouchable: object = new Proxy(
    {},
    {
      get: (_target, property) => () => {
        throw new Error(`touched ${String(property)}`);
      },
    },
  );

  it.each(badInputs)('$name: $why', async ({ name, input }) => {
    const port = untouchable as never;
    const deps: ActivityDeps = {
      graph: port,
      azure: port,
      records: port,
      documents: port,
      clock: port,
      settings: port,
      languages: port,
      organizationName: port,
    };
    const log = { info: jest.fn(), warn: jest.fn() };
    const refused = createActivities(deps)[name](input, log);
    await expect(refused).rejects.toThrow(`${name} refuses its input`);
    await expect(refused).rejects.not.toThrow(QUOTED_ADDRESS);
  });
});

describe('what a service says stays out of errors, outcomes and logs:', () => {
  const failures = [
    { kind: 'a refusal', error: () => refusal(403, 'Authorization_RequestDenied', 'Denied for') },
    { kind: 'a bad request', error: () => refusal(400, 'Request_BadRequest', 'Not good for') },
    { kind: 'an outage', error: () => refusal(503, 'ServiceUnavailable', 'Try later') },
    { kind: 'throttling', error: () => refusal(429, 'TooManyRequests', 'Slow', { retryAfterSeconds: 3 }) },
    { kind: 'an error of ours', error: () => new Error(`Something about ${QUOTED_ADDRESS}`) },
    { kind: 'a text thrown by a library', error: () => `text about ${QUOTED_ADDRESS}` },
  ];
  const ofReset: StepName[] = ['removeRoles', 'resetGuest', 'giveBackRoles'];
  const recordsOnly = ['readApproval', 'claimPurge', 'recordPhase', 'finishMigration'];
  const touching = names.filter((name) => !recordsOnly.includes(name));
  const cases = touching.flatMap((name) => failures.map((failure) => ({ name, ...failure })));

  it.each(cases)('$name meets $kind', async ({ name, error }) => {
    const world = await createWorld({
      ...(name === 'confirmAccess' ? { phase: 'awaitingApproval' as const } : {}),
      ...(ofReset.includes(name) ? { strategy: 'reset' as const } : {}),
      deleteAttemptedAt: '2026-03-01T07:59:00.000Z',
      purgeClaimedAt: '2026-03-01T07:59:00.000Z',
      guest: { oldId: OLD_ID, newId: name === 'inviteGuest' ? null : NEW_ID, displayName: null },
      resumes: name === 'continueMigration' ? PARENT_ID : null,
    });
    world.deps.settings.rewriteConditionalAccess = true;
    const snapshotHash = await world.storeSnapshot({ grants: [membership, exclusion] });
    const ofParent = await world.storeSnapshot({ migrationId: PARENT_ID });
    const parent: MigrationRecord = { ...world.row(), id: PARENT_ID, resumes: null, phase: 'ended' };
    await world.records.createMigration({ ...parent, outcome: 'expired', snapshotHash: ofParent });
    const input = 'snapshotHash' in inputs[name] ? { ...inputs[name], snapshotHash } : inputs[name];
    let failed = 0;
    world.directory.refuse = () => {
      failed += 1;
      // Not every case is an Error: a library may throw a text.
      return error() as ServiceError;
    };
    const said = await world.run(name, input).then(
      (outcome) => JSON.stringify(outcome),
      (thrown: unknown) => (thrown instanceof Error ? `${thrown.message} ${thrown.stack ?? ''}` : String(thrown)),
    );
    expect(failed).toBeGreaterThan(0);
    expect(said).not.toContain(QUOTED_ADDRESS);
    expect(world.logLines.join()).not.toContain(QUOTED_ADDRESS);
  });

  it('a store that fails is treated likewise', async () => {
    const world = await createWorld();
    const documents = { ...createMemoryDocuments(), writeReport: () => Promise.reject(refusal(500, 'InternalError')) };
    const activities = createActivities({ ...world.deps, documents });
    const log = { info: jest.fn(), warn: jest.fn() };
    const finished = activities.finishMigration(inputs.finishMigration, log);
    await expect(finished).rejects.toThrow('finishMigration: graph answered 500 InternalError');
    expect(JSON.stringify(log.warn.mock.calls)).not.toContain(QUOTED_ADDRESS);
  });
});

it('a wait that a service asks for is answered to the second, and never as less than one', async () => {
  const world = await createWorld();
  for (const [asked, answered] of [
    [0, 1],
    [0.2, 1],
    [2.128, 3],
    [600, 600],
  ] as const) {
    world.directory.refuse = () => refusal(503, 'ServiceUnavailable', '', { retryAfterSeconds: asked });
    expect(await world.run('preflight', inputs.preflight)).toEqual({ ok: false, afterSeconds: answered });
  }
});
