import type { SwitchInput } from '../../domain/steps';
import {
  broken,
  closeRuns,
  DAY_MS,
  done,
  endingOf,
  happyScript,
  MINUTE_MS,
  NEW_ID,
  OLD_ID,
  startRun,
  type Script,
  type ScriptedRun,
} from '../support/scriptedRun';

afterEach(closeRuns);

const attended: Partial<SwitchInput> = { attended: { rounds: 3, remindAfterDays: [] } };
type Reading = Extract<Awaited<ReturnType<Script['readRedemption']>>, { ok: true }>['value'];
const pending: Reading = { state: 'pending', verdict: null, wish: null };
const accepted = (verdict: Reading['verdict']): Reading => ({ state: 'accepted', verdict, wish: null });

/** A guest in a row: what a read shows now, and what the steps made of it. */
function world(first: Reading = pending): { reading: Reading; script: Partial<Script> } {
  const now: { reading: Reading; script: Partial<Script> } = {
    reading: first,
    script: {
      readRedemption: () => done(now.reading),
      inviteAgain: ({ why }) => {
        now.reading = pending;
        return done({
          invitation: 'sent',
          ...(why === 'resend'
            ? { deadline: new Date(Date.parse('2026-03-01T08:00:00.000Z') + 60 * DAY_MS).toISOString() }
            : {}),
        });
      },
    },
  };
  return now;
}

function attend(
  { script }: { script: Partial<Script> },
  change: Partial<SwitchInput> = {},
  rounds = 3,
): Promise<ScriptedRun> {
  return startRun(script, { attended: { rounds, remindAfterDays: [] }, ...change });
}

async function tell(run: ScriptedRun, guest: { reading: Reading }, reading: Reading): Promise<void> {
  guest.reading = reading;
  run.hint();
  await run.host.engine.settle();
}

const agains = (run: ScriptedRun): string[] => run.of('inviteAgain').map(({ input }) => `${input.why} ${input.number}`);
const phases = (run: ScriptedRun): string[] =>
  run.story().flatMap((name) => (name.startsWith('phase:') ? [name.slice('phase:'.length)] : []));

describe('reminders', () => {
  it('go out on their days, each once, and not after the guest accepted', async () => {
    const guest = world();
    const run = await attend(guest, { attended: { rounds: 3, remindAfterDays: [3, 7, 14] } });
    for (let day = 0; day < 8; day += 1) await run.advance(DAY_MS);
    await tell(run, guest, accepted('personal'));
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(agains(run)).toEqual(['reminder 1', 'reminder 2']);
    const begun = run.of('readRedemption')[0]?.atMs ?? 0;
    expect(run.of('inviteAgain').map(({ atMs }) => Math.round((atMs - begun) / DAY_MS))).toEqual([3, 7]);
  });

  it('that cannot be sent does not end the migration', async () => {
    const guest = world();
    guest.script.inviteAgain = () => broken('invited-someone-else');
    const run = await attend(guest, { attended: { rounds: 3, remindAfterDays: [3] } });
    await run.advance(4 * DAY_MS);
    expect(agains(run)).toEqual(['reminder 1']);
    await tell(run, guest, accepted('personal'));
    expect(await run.finish()).toEqual({ outcome: 'completed' });
  });
});

describe('a wrong account', () => {
  it.each(['work', 'emailCode', 'google', 'federated'] as const)(
    '%s: the guest is invited again, and nothing is restored until the right one',
    async (wrong) => {
      const guest = world(accepted(wrong));
      const run = await attend(guest);
      await run.advance(MINUTE_MS);
      expect(agains(run)).toEqual(['wrongAccount 2']);
      expect(run.of('restoreGrants')).toEqual([]);
      await tell(run, guest, accepted('personal'));
      expect(await run.finish()).toEqual({ outcome: 'completed' });
    },
  );

  it('too often: an operator is asked; resend goes on, and the right account then counts', async () => {
    const guest = world(accepted('work'));
    const sent = happyScript().inviteAgain;
    guest.script.inviteAgain = () => done({ invitation: 'sent' });
    const run = await attend(guest, {}, 3);
    await run.advance(5 * MINUTE_MS);
    expect(agains(run)).toEqual(['wrongAccount 2', 'wrongAccount 3']);
    expect(phases(run).at(-1)).toBe('needsOperator');
    expect(run.hasEnded()).toBe(false);
    expect(run.of('restoreGrants')).toEqual([]);
    guest.script.inviteAgain = sent;
    await tell(run, guest, { ...accepted('work'), wish: 'resend' });
    expect(phases(run).at(-1)).toBe('awaitingRedemption');
    await tell(run, guest, accepted('personal'));
    expect(await run.finish()).toEqual({ outcome: 'completed' });
    expect(agains(run).at(-1)).toBe('resend 1');
  });

  it('an unclear identity is never reset on a guess: an operator is asked, and may end it', async () => {
    const guest = world(accepted('unknown'));
    const run = await attend(guest);
    await run.advance(5 * MINUTE_MS);
    expect(agains(run)).toEqual([]);
    expect(phases(run).at(-1)).toBe('needsOperator');
    await tell(run, guest, { ...accepted('unknown'), wish: 'stop' });
    expect(await run.finish()).toEqual({ outcome: 'cancelled' });
    expect(run.of('restoreGrants')).toEqual([]);
    expect(run.of('removeInvited')).toEqual([]);
  });

  it('a reset that the directory refuses goes to an operator', async () => {
    const guest = world(accepted('work'));
    guest.script.inviteAgain = () => done({ invitation: 'refused' });
    const run = await attend(guest);
    await run.advance(5 * MINUTE_MS);
    expect(agains(run)).toEqual(['wrongAccount 2']);
    expect(phases(run).at(-1)).toBe('needsOperator');
  });

  it('an operator who never answers: it ends, with nothing restored', async () => {
    const guest = world(accepted('unknown'));
    const run = await attend(guest);
    await run.finish(40);
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'wrong-identity', times: 1 });
    expect(run.of('restoreGrants')).toEqual([]);
  });

  it('somebody resets the guest by hand meanwhile: the run goes on by itself', async () => {
    const guest = world(accepted('unknown'));
    const run = await attend(guest);
    await run.advance(5 * MINUTE_MS);
    await tell(run, guest, pending);
    expect(phases(run).at(-1)).toBe('awaitingRedemption');
    await tell(run, guest, accepted('personal'));
    expect(await run.finish()).toEqual({ outcome: 'completed' });
  });
});

describe('the deadline', () => {
  it('the invitation is revoked, and then it ends as expired', async () => {
    const run = await attend(world());
    await run.finish(40);
    expect(endingOf(run)).toEqual({ outcome: 'expired', code: 'not-redeemed-in-time', times: 1 });
    expect(run.of('removeInvited').map(({ input }) => input)).toEqual([
      { migrationId: 'm-scripted', newId: NEW_ID, evenAccepted: false },
    ]);
  });

  it('a guest who accepts at the last moment gets everything', async () => {
    const guest = world();
    guest.script.removeInvited = () => {
      guest.reading = accepted('personal');
      return done({ invited: 'accepted' });
    };
    const run = await attend(guest);
    await run.finish(40);
    expect(endingOf(run)).toEqual({ outcome: 'completed', code: null, times: 1 });
  });

  it('a resend by an operator moves it', async () => {
    const guest = world();
    const run = await attend(guest);
    await run.advance(29 * DAY_MS);
    await tell(run, guest, { ...pending, wish: 'resend' });
    guest.reading = pending;
    await run.advance(20 * DAY_MS);
    expect(run.hasEnded()).toBe(false);
    await run.finish(40);
    expect(endingOf(run).outcome).toBe('expired');
  });
});

describe('the way back', () => {
  it('while the guest is waited for: the original address is invited, and only a work account gets access', async () => {
    const guest = world();
    const run = await attend(guest);
    await tell(run, guest, { ...pending, wish: 'revert' });
    expect(run.of('turnBack').map(({ input }) => input.newId)).toEqual([NEW_ID]);
    await tell(run, guest, pending);
    // Signals of the time before go to waits that are over, and must not be lost on the new one.
    await tell(run, guest, accepted('personal'));
    expect(run.of('restoreGrants')).toEqual([]);
    expect(agains(run)[0]).toBe('wrongAccount 2');
    await tell(run, guest, accepted('work'));
    await run.finish();
    expect(endingOf(run)).toEqual({ outcome: 'cancelled', code: null, times: 1 });
    expect(run.of('restoreGrants').length).toBeGreaterThan(0);
    expect(run.of('inviteGuest')).toHaveLength(2);
  });

  it('while access is restored: what was given is left with the account that is taken away', async () => {
    const guest = world(accepted('personal'));
    guest.script.recordPhase = ({ phase }, nth) =>
      done({ cancelRequested: false, ...(phase === 'verifyingAccess' && nth < 11 ? { wish: 'revert' as const } : {}) });
    guest.script.turnBack = () => {
      guest.reading = accepted('work');
      return done({ newId: null });
    };
    const run = await attend(guest);
    await run.finish();
    expect(run.of('turnBack')).toHaveLength(1);
    expect(endingOf(run)).toEqual({ outcome: 'cancelled', code: null, times: 1 });
  });

  it('asked for at the very end: the end is not written, and the run turns back', async () => {
    const guest = world(accepted('personal'));
    guest.script.finishMigration = (_input, nth) => done(nth === 1 ? { wish: 'revert' } : {});
    guest.script.turnBack = () => {
      return done({ newId: NEW_ID });
    };
    guest.script.inviteAgain = () => {
      guest.reading = accepted('work');
      return done({ invitation: 'sent' });
    };
    const run = await attend(guest);
    await run.finish();
    expect(run.of('finishMigration').map(({ input }) => input.outcome)).toEqual(['completed', 'cancelled']);
    // The account is kept: the same guest is asked to accept once more.
    expect(agains(run)).toEqual(['turnedBack 1']);
    expect(run.of('inviteGuest')).toHaveLength(1);
  });
});

describe('a wish to go back at the end of the wait is served or refused, never lost:', () => {
  it.each([
    ['the time to accept is over', pending, 'expired'],
    ['an operator just ended it', { ...accepted('unknown'), wish: 'stop' }, 'cancelled'],
    ['no operator answered', accepted('unknown'), 'failed'],
  ] as [string, Reading, string][])('%s', async (_why, reading, outcome) => {
    const guest = world(reading);
    guest.script.finishMigration = ({ mayTurnBack }, nth) => done(nth === 1 && mayTurnBack ? { wish: 'revert' } : {});
    guest.script.turnBack = () => {
      guest.reading = accepted('work');
      return done({ newId: null });
    };
    const run = await attend(guest);
    await run.finish(80);
    expect(run.of('finishMigration').map(({ input }) => input.outcome)).toEqual([outcome, 'cancelled']);
    expect(run.of('turnBack')).toHaveLength(1);
  });

  it('on the way back there is nothing to turn back to', async () => {
    const guest = world({ ...pending, wish: 'revert' });
    const run = await attend(guest);
    await tell(run, guest, pending);
    await run.finish(80);
    expect(run.of('finishMigration').map(({ input }) => [input.outcome, input.mayTurnBack])).toEqual([
      ['expired', undefined],
    ]);
  });
});

describe('strategy reset', () => {
  const reset: Partial<Script> = {
    preflight: () => done({ guestId: OLD_ID, failedChecks: [], strategy: 'reset' }),
  };

  it('takes roles away, resets, and deletes nothing', async () => {
    const run = await startRun(reset, attended);
    await run.finish();
    const steps = run.calls.map(({ name }) => name).filter((name) => name !== 'recordPhase');
    expect(steps.slice(0, 7)).toEqual([
      'preflight',
      'captureAccess',
      'removeRoles',
      'claimPurge',
      'ensureSubscription',
      'resetGuest',
      'readRedemption',
    ]);
    expect(steps).not.toContain('softDeleteGuest');
    expect(run.of('restoreGrants')[0]?.input.newId).toBe(OLD_ID);
    expect(endingOf(run).outcome).toBe('completed');
  });

  it.each([
    ['roles that cannot be taken away', { removeRoles: () => broken('reset-refused') }, 'failed'],
    ['a cancel before the reset', { claimPurge: () => done({ claimed: false }) }, 'cancelled'],
    ['a reset that is refused', { resetGuest: () => broken('reset-refused') }, 'failed'],
    ['roles that never go', { removeRoles: () => done({ retry: true, afterSeconds: 0 }) }, 'failed'],
  ] as [string, Partial<Script>, string][])('%s: the roles are given back', async (_why, script, outcome) => {
    const run = await startRun({ ...reset, ...script }, attended);
    await run.finish();
    expect(run.of('giveBackRoles')).toHaveLength(1);
    expect(endingOf(run).outcome).toBe(outcome);
  });

  it('roles that cannot be given back are told', async () => {
    const script = { resetGuest: () => broken('reset-refused'), giveBackRoles: () => broken('roles-not-returned') };
    const run = await startRun({ ...reset, ...script }, attended);
    await run.finish();
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'roles-not-returned', times: 1 });
  });

  it('out of time: the invitation is taken back without touching the account', async () => {
    const script: Partial<Script> = { readRedemption: () => done(pending) };
    const run = await startRun({ ...reset, ...script }, attended);
    await run.finish(40);
    expect(run.of('resetGuest').map(({ input }) => input.revoke)).toEqual([undefined, true]);
    expect(run.of('removeInvited')).toEqual([]);
    expect(endingOf(run).outcome).toBe('expired');
  });
});

describe('the old guest is kept until the new identity is proven', () => {
  const kept: Partial<SwitchInput> = { purgeAfterRedemption: true, ...attended };

  it('is purged after that, and before anything is restored', async () => {
    const run = await startRun({}, kept);
    await run.finish();
    const steps = run.calls.map(({ name }) => name);
    expect(steps.indexOf('inviteGuest')).toBeLessThan(steps.indexOf('purgeGuest'));
    expect(steps.indexOf('readRedemption')).toBeLessThan(steps.indexOf('claimPurge'));
    expect(steps.indexOf('purgeGuest')).toBeLessThan(steps.indexOf('restoreGrants'));
    expect(endingOf(run).outcome).toBe('completed');
  });

  it.each([
    ['out of time', 'expired', pending],
    ['cancelled', 'cancelled', { ...pending, wish: 'cancel' }],
    ['asked back', 'cancelled', { ...pending, wish: 'revert' }],
    ['stopped by an operator', 'cancelled', { ...pending, wish: 'stop' }],
  ] as [string, string, Reading][])(
    '%s: the old guest is back, and the new one goes',
    async (_why, outcome, reading) => {
      const run = await startRun({ readRedemption: () => done(reading) }, kept);
      await run.finish(40);
      expect(run.of('purgeGuest')).toEqual([]);
      expect(run.of('undeleteGuest')).toHaveLength(1);
      expect(run.of('removeInvited').map(({ input }) => input.evenAccepted)).toEqual([true]);
      expect(endingOf(run).outcome).toBe(outcome);
    },
  );

  it('a purge that took effect although its answer said no: the story goes on', async () => {
    const run = await startRun(
      { purgeGuest: () => broken('purge-refused'), undeleteGuest: () => done({ guest: 'gone' }) },
      kept,
    );
    await run.finish();
    expect(run.of('removeInvited')).toEqual([]);
    expect(endingOf(run).outcome).toBe('completed');
  });

  it('somebody else purged the old guest meanwhile: told, and the invited guest is left alone', async () => {
    const run = await startRun(
      { readRedemption: () => done(pending), undeleteGuest: () => done({ guest: 'gone' }) },
      kept,
    );
    await run.finish(40);
    expect(run.of('removeInvited')).toEqual([]);
    expect(endingOf(run)).toEqual({ outcome: 'failed', code: 'guest-vanished', times: 1 });
  });
});

describe('a migration that continues another', () => {
  const resumes: Partial<SwitchInput> = { resumes: true, ...attended };
  const left = (invited: { newId: string; state: 'pending' | 'accepted' } | null, back = false): Partial<Script> => ({
    continueMigration: () =>
      done({
        failedChecks: [],
        plan: {
          guestId: OLD_ID,
          snapshotHash: 'ab'.repeat(32),
          grants: 1,
          chunks: [{ wave: 0, from: 0, to: 1 }],
          strategy: 'recreate',
          back,
        },
        invited,
      }),
  });

  it('deletes nothing, invites, and goes on to the end', async () => {
    const run = await startRun(left(null), resumes);
    await run.finish();
    const steps = run.calls.map(({ name }) => name);
    expect(steps).not.toContain('captureAccess');
    expect(steps).not.toContain('softDeleteGuest');
    expect(steps).not.toContain('purgeGuest');
    expect(run.of('inviteGuest')).toHaveLength(1);
    expect(endingOf(run).outcome).toBe('completed');
  });

  it('restores at once when the guest has accepted with the right account', async () => {
    const run = await startRun(left({ newId: NEW_ID, state: 'accepted' }), resumes);
    await run.finish();
    expect(run.of('inviteGuest')).toEqual([]);
    expect(run.of('inviteAgain')).toEqual([]);
    expect(endingOf(run).outcome).toBe('completed');
  });

  it('invites the guest again who is still there, and numbers later repetitions after it', async () => {
    const guest = world();
    const run = await startRun({ ...guest.script, ...left({ newId: NEW_ID, state: 'pending' }) }, resumes);
    await tell(run, guest, { ...pending, wish: 'resend' });
    expect(agains(run)).toEqual(['resend 1', 'resend 2']);
    await tell(run, guest, accepted('personal'));
    await run.finish();
    expect(endingOf(run).outcome).toBe('completed');
  });

  it('ends as rejected when the directory is not as it must be', async () => {
    const run = await startRun(
      { continueMigration: () => done({ failedChecks: ['migration-resumable'], plan: null, invited: null }) },
      resumes,
    );
    await run.finish();
    expect(endingOf(run)).toEqual({ outcome: 'rejected', code: 'preflight-failed', times: 1 });
  });
});

it('the history of a wait grows by a few rows a day', async () => {
  const run = await attend(world(), { acceptWithinDays: 90 });
  await run.advance(DAY_MS);
  const before = run.history().length;
  for (let day = 0; day < 20; day += 1) await run.advance(DAY_MS);
  expect((run.history().length - before) / 20).toBeLessThanOrEqual(8);
});
