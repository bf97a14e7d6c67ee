import {
  afterAttempt,
  callbackId,
  callbackOf,
  cloudEvent,
  invitationCallbackOf,
  tellsOfGuide,
  MOST_ATTEMPTS,
  type Callback,
} from '../../../domain/callbacks';
import { noAccess } from '../../../domain/grants';
import { phaseSchema } from '../../../domain/phases';
import { GUEST_ID, recordWith } from '../../support/testApp';

const START = Date.parse('2026-03-01T08:00:00.000Z');
const MINUTE = 60_000;
const refused = { taken: false, problem: 'status-500', gone: false } as const;
const request = { ...recordWith({ id: 'm-1' }).request, callbackUrl: 'https://hooks.example/secret-path' };
const pending: Callback = {
  migrationId: 'm-1',
  phase: 'capturing',
  sequence: 0,
  at: '2026-03-01T07:59:00.000Z',
  data: { status: 'Running', outcome: null, access: noAccess, error: null },
  state: 'pending',
  attempts: 0,
  firstTriedAt: null,
  problem: '',
};

/** Attempts until the event is settled, each as soon as it may be; minutes from the first one. */
function attemptsOf(answer: Parameters<typeof afterAttempt>[1]): { minutes: number[]; last: Callback } {
  const minutes: number[] = [];
  let [callback, nowMs] = [pending, START];
  while (callback.state === 'pending' && minutes.length < 100) {
    minutes.push((nowMs - START) / MINUTE);
    const after = afterAttempt(callback, answer, new Date(nowMs));
    callback = after.callback;
    nowMs += after.pauseSeconds * 1000;
  }
  return { minutes, last: callback };
}

it('is tried with growing pauses from a minute to six hours, twelve times within a day, then dead', () => {
  const { minutes, last } = attemptsOf(refused);
  expect(minutes).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 871, 1231]);
  expect(minutes).toHaveLength(MOST_ATTEMPTS);
  expect(last).toMatchObject({ state: 'dead', attempts: 12, problem: 'status-500' });
});

it('waits longer when the receiver asks for it, never more than six hours, and is dead after a day', () => {
  expect(attemptsOf({ ...refused, retryAfterSeconds: 600 }).minutes.slice(0, 3)).toEqual([0, 10, 20]);
  const { minutes, last } = attemptsOf({ ...refused, retryAfterSeconds: 1e9 });
  expect(minutes).toEqual([0, 360, 720, 1080, 1440]);
  expect(last.state).toBe('dead');
});

it('counts the day from the first attempt: waiting behind others does not use it up', () => {
  const late = new Date(START + 5 * 24 * 60 * MINUTE);
  expect(afterAttempt(pending, refused, late).callback).toMatchObject({ state: 'pending', attempts: 1 });
});

it('is dead at once when the receiver is gone, and delivered when it was taken, also after failures', () => {
  expect(attemptsOf({ ...refused, problem: 'status-410', gone: true }).minutes).toEqual([0]);
  const failedOnce = afterAttempt(pending, refused, new Date(START)).callback;
  expect(afterAttempt(failedOnce, { taken: true }, new Date(START + MINUTE))).toEqual({
    callback: { ...failedOnce, state: 'delivered', attempts: 2, problem: '' },
    pauseSeconds: 0,
  });
});

describe('what is told', () => {
  it('tells of the phases worth knowing and of the end, and of nothing when nobody asked', () => {
    const told = phaseSchema.options.filter(
      (phase) => callbackOf(recordWith({ id: 'm-1', phase, request }), new Date(START)) !== undefined,
    );
    expect(told).toEqual([
      'capturing',
      'awaitingApproval',
      'deleting',
      'purging',
      'inviting',
      'awaitingRedemption',
      'restoring',
      'undoing',
      'needsOperator',
      'ended',
    ]);
    expect(callbackOf(recordWith({ id: 'm-1', phase: 'ended' }), new Date(START))).toBeUndefined();
  });

  it('is a CloudEvent with words and counts, without names, addresses, object ids and texts', () => {
    const record = recordWith({
      id: 'm-1',
      status: 'Failed',
      phase: 'ended',
      outcome: 'failed',
      guest: { oldId: GUEST_ID, newId: null, displayName: 'Mara Lindqvist' },
      access: { captured: 3, restored: 1, alreadyPresent: 0, manual: 1, failed: 1 },
      error: { code: 'step-exhausted', detail: 'A detail that stays here.' },
      request: { ...request, inviteEmail: 'mara@outlook.example', reason: 'a reason' },
    });
    const event = callbackOf(record, new Date(START));
    const body = event && cloudEvent(event, 'https://switch.example/api/migrations');
    expect(JSON.parse(body ?? '')).toEqual({
      specversion: '1.0',
      id: 'm-1_ended',
      source: 'https://switch.example/api/migrations',
      type: 'entra-guest-switch.migration.ended',
      subject: 'm-1',
      time: '2026-03-01T08:00:00.000Z',
      datacontenttype: 'application/json',
      data: {
        migrationId: 'm-1',
        status: 'Failed',
        phase: 'ended',
        outcome: 'failed',
        access: { captured: 3, restored: 1, alreadyPresent: 0, manual: 1, failed: 1 },
        error: 'step-exhausted',
      },
    });
  });

  it('of an invitation says why, which one, with which account and where, under an id of its own', () => {
    const record = recordWith({ id: 'm-1', phase: 'verifyingIdentity', status: 'Running', request });
    const invitation = { why: 'wrongAccount', number: 2, account: 'personal' } as const;
    const event = invitationCallbackOf(record, invitation, new Date(START));
    if (event === undefined) throw new Error('There is no event.');
    expect(tellsOfGuide(event)).toBe(true);
    expect(
      JSON.parse(cloudEvent(event, 'https://switch.example/api/migrations', 'https://switch.example/g')),
    ).toMatchObject({
      id: 'm-1_invitation-wrongAccount-2-personal',
      type: 'entra-guest-switch.migration.invitation',
      data: { phase: 'awaitingRedemption', ...invitation, guide: 'https://switch.example/g' },
    });
    const back = invitationCallbackOf(record, { ...invitation, account: 'work' }, new Date(START));
    expect(back && callbackId(back)).not.toBe(callbackId(event));
    expect(invitationCallbackOf(recordWith({ id: 'm-1' }), invitation, new Date(START))).toBeUndefined();
  });

  it('has ids without a full stop, which the signature separates with', () => {
    expect(callbackId(pending)).toBe('m-1_capturing');
    expect(phaseSchema.options.filter((phase) => phase.includes('.'))).toEqual([]);
  });
});
