import type { Phase } from '../../domain/phases';
import {
  broken,
  closeRuns,
  done,
  endingOf,
  NEW_ID,
  OLD_ID,
  RUN_ID,
  SNAPSHOT_HASH,
  startRun,
} from '../support/scriptedRun';

afterEach(closeRuns);

const destructive = ['softDeleteGuest', 'claimPurge', 'purgeGuest', 'inviteGuest', 'restoreGrants'];

it('the steps of a switch, in their order', async () => {
  const run = await startRun();
  expect(await run.finish()).toEqual({ outcome: 'completed' });
  expect(run.story()).toEqual([
    'phase:preflight',
    'preflight',
    'phase:capturing',
    'captureAccess',
    'phase:deleting',
    'softDeleteGuest',
    'phase:purging',
    'claimPurge',
    'purgeGuest',
    'phase:inviting',
    'ensureSubscription',
    'inviteGuest',
    'phase:awaitingRedemption',
    'readRedemption',
    'phase:verifyingIdentity',
    'readRedemption',
    'phase:restoring',
    'restoreGrants',
    'restoreGrants',
    'restoreGrants',
    'restoreGrants',
    'phase:verifyingAccess',
    'verifyAccess',
    'finishMigration',
  ]);
  expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
  expect(run.host.engine.status(RUN_ID)?.customStatus).toEqual({ phase: 'ended', outcome: 'completed' });
});

it('every destructive step works with the hash of the captured snapshot and the ids of this run', async () => {
  const run = await startRun();
  await run.finish();
  for (const name of ['softDeleteGuest', 'purgeGuest', 'inviteGuest'] as const) {
    for (const { input } of run.of(name)) expect(input).toMatchObject({ guestId: OLD_ID, snapshotHash: SNAPSHOT_HASH });
  }
  for (const { input } of run.of('restoreGrants')) {
    expect(input).toMatchObject({ newId: NEW_ID, snapshotHash: SNAPSHOT_HASH });
  }
  for (const { input } of run.calls) {
    if ('migrationId' in input) expect(input.migrationId).toBe(RUN_ID);
  }
});

it('the invitation names the day on which the wait ends', async () => {
  const run = await startRun({}, { acceptWithinDays: 7 });
  await run.finish();
  expect(run.of('inviteGuest')[0]?.input.deadline).toBe('2026-03-08T08:00:00.000Z');
});

it('a dry run captures and ends as planned, without a destructive step', async () => {
  const run = await startRun({}, { dryRun: true });
  expect(await run.finish()).toEqual({ outcome: 'planned' });
  expect(run.story()).toEqual(['phase:preflight', 'preflight', 'phase:capturing', 'captureAccess', 'finishMigration']);
});

it.each([
  ['a blocking check fails', done({ guestId: OLD_ID, failedChecks: ['guest-is-guest', 'invite-address-free'] })],
  ['the guest is not found', done({ guestId: null, failedChecks: ['guest-exists'] })],
])('rejected when %s: nothing is captured or changed', async (_why, answer) => {
  const run = await startRun({ preflight: () => answer });
  expect(await run.finish()).toEqual({ outcome: 'rejected' });
  expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'preflight-failed', times: 1 });
  const detail = run.of('finishMigration')[0]?.input.error?.detail ?? '';
  for (const check of answer.value.failedChecks) expect(detail).toContain(check);
  expect(run.story()).toEqual(['phase:preflight', 'preflight', 'finishMigration']);
});

it('no verified snapshot, no deletion (invariant 1)', async () => {
  const run = await startRun({ captureAccess: () => broken('snapshot-unverified') });
  expect(await run.finish()).toEqual({ outcome: 'failed' });
  expect(endingOf(run).code).toBe('snapshot-unverified');
  expect(run.story().filter((name) => destructive.includes(name))).toEqual([]);
});

it('after the purge a failure ends the run as failed, once, and is not undone', async () => {
  const run = await startRun({ inviteGuest: () => broken('invitation-refused') });
  expect(await run.finish()).toEqual({ outcome: 'failed' });
  expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'invitation-refused', times: 1 });
  expect(run.of('undeleteGuest')).toEqual([]);
  expect(run.of('restoreGrants')).toEqual([]);
});

it('a cancel that is seen after the purge changes nothing', async () => {
  const late: Phase[] = ['inviting', 'awaitingRedemption', 'verifyingIdentity', 'restoring', 'verifyingAccess'];
  const run = await startRun({ recordPhase: ({ phase }) => done({ cancelRequested: late.includes(phase) }) });
  expect(await run.finish()).toEqual({ outcome: 'completed' });
});

it('an activity that answers something else than its contract ends the run, and nothing further is called', async () => {
  const surprising = { ok: true, value: { snapshotHash: 'not a hash', grants: 0, chunks: [] } } as never;
  const run = await startRun({ captureAccess: () => surprising });
  expect(await run.finish()).toEqual({ outcome: 'failed' });
  expect(endingOf(run).code).toBe('engine-stopped');
  expect(run.of('softDeleteGuest')).toEqual([]);
});

it('the history holds no mail address and no link', async () => {
  const run = await startRun();
  await run.finish();
  const history = JSON.stringify(run.history());
  expect(history).not.toContain('@');
  expect(history).not.toMatch(/https?:/);
});
