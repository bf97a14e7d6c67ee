import { dayOf, isUsedUp, secondsUntilTomorrow } from '../../../domain/dailyBudget';
import { mayTry, saysInvitationsAreBlocked, secondsUntilNextLook } from '../../../domain/inviteBreaker';
import { phaseSchema } from '../../../domain/phases';
import { newRecord, type MigrationRecord } from '../../../domain/record';
import { ServiceError } from '../../../domain/serviceError';
import { stuckFrom } from '../../../domain/stuck';
import { MOST_WAITS } from '../../../orchestrators/steps';
import { recordWith } from '../../support/testApp';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe("Graph's refusal of all invitations is recognised", () => {
  const said = (serviceMessage: string, status = 403) =>
    saysInvitationsAreBlocked(new ServiceError({ service: 'graph', status, code: 'Forbidden', serviceMessage }));

  it.each([
    'Invitations are blocked for this directory due to suspicious activity. Please contact Microsoft support for help.',
    'INVITATIONS ARE BLOCKED FOR THIS DIRECTORY',
    'Guest invitations have been temporarily blocked for your tenant.',
    'Sending an invite is blocked in the organisation because of suspicious activity',
  ])('%s', (message) => {
    expect(said(message)).toBe(true);
  });

  it.each([
    'This invitation is blocked by cross-tenant access settings. Admins in both your organization and the other must act.',
    'Guest invitations not allowed for your company. Contact your company administrator for more details.',
    'The domain of the user is currently blocked by your invitation policy.',
    'The invited user already exists in the directory, but the account is blocked from signing in.',
    'Insufficient privileges to complete the operation.',
    '',
  ])('not in: %s', (message) => {
    expect(said(message)).toBe(false);
  });

  it('not with another status', () => {
    expect(said('Invitations are blocked for this directory.', 400)).toBe(false);
  });
});

it('a held-back invitation is looked at every 15 minutes at first, more slowly later, and for a month', () => {
  expect(secondsUntilNextLook(0)).toBe(15 * 60);
  expect(secondsUntilNextLook(3 * DAY_MS)).toBe(60 * 60);
  let waitedMs = 0;
  for (let waits = 0; waits < MOST_WAITS; waits += 1) waitedMs += secondsUntilNextLook(waitedMs) * 1000;
  expect(waitedMs).toBeGreaterThan(30 * DAY_MS);
});

it('while the breaker is open the tenant has a try a quarter of an hour, whoever makes it', () => {
  const at = '2026-03-01T08:00:00.000Z';
  const breaker = { openedAt: at, migrationId: 'm', lastTriedAt: at };
  const after = (minutes: number) => new Date(Date.parse(at) + minutes * 60_000);
  expect(mayTry(breaker, after(10))).toBe(false);
  expect(mayTry(breaker, after(15))).toBe(true);
  expect(mayTry({ ...breaker, closedAt: at, closedBy: 'x' }, after(0))).toBe(true);
  expect(mayTry(undefined, after(0))).toBe(true);
});

describe('a day of the budget', () => {
  it('is a day in UTC', () => {
    expect(dayOf(new Date('2026-03-01T23:59:59.999Z'))).toBe('2026-03-01');
    expect(dayOf(new Date('2026-03-02T00:00:00.000Z'))).toBe('2026-03-02');
    expect(secondsUntilTomorrow(new Date('2026-03-01T23:59:59.999Z'))).toBe(1);
    expect(secondsUntilTomorrow(new Date('2026-03-01T00:00:00.000Z'))).toBe(86_400);
  });

  it('is used up at the limit, also at one that was lowered meanwhile', () => {
    expect([2, 3, 7].map((used) => isUsedUp({ used, limit: 3 }))).toEqual([false, true, true]);
  });
});

describe('how long a phase may stay as it is', () => {
  const updatedAt = '2026-03-01T08:00:00.000Z';
  const hours = (change: Partial<MigrationRecord>): number | null => {
    const from = stuckFrom(recordWith({ id: 'm', updatedAt, ...change }));
    return from === null ? null : (from - Date.parse(updatedAt)) / HOUR_MS;
  };

  it('is bounded in every phase but the last', () => {
    const never = phaseSchema.options.filter((phase) => hours({ phase }) === null);
    expect(never).toEqual(['ended']);
    const long = phaseSchema.options.filter((phase) => (hours({ phase }) ?? 0) > 2);
    expect(long).toEqual(['awaitingRedemption', 'needsOperator']);
  });

  it('in the wait is a day longer than the guest may take', () => {
    const expiresAt = '2026-03-31T08:00:00.000Z';
    const invitation = { sentAt: updatedAt, remindersSent: 0, expiresAt, rounds: 1 };
    expect(hours({ phase: 'awaitingRedemption', invitation })).toBe(31 * 24);
  });

  it('in the wait for an approval is an hour longer than that may take', () => {
    expect(hours({ phase: 'awaitingApproval', approvalHours: 72 })).toBe(73);
  });

  it('allows the slow tries of a held-back invitation', () => {
    const row = { id: 'invitation-held-back', ok: false, severity: 'warning', detail: '', fix: '' } as const;
    expect(hours({ phase: 'inviting', checks: [row] })).toBe(4);
    expect(hours({ phase: 'inviting', checks: [{ ...row, ok: true }] })).toBe(1);
  });

  it('begins with the row', () => {
    expect(newRecord({ ...recordWith({ id: 'm' }), id: 'm', guestId: null, now: updatedAt }).stuckAlertedAt).toBeNull();
  });
});
