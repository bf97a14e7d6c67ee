import { readBreaker } from '../../activities/inviteBreaker';
import { isOpen } from '../../domain/inviteBreaker';
import { guests } from '../../local/tenant/seed/ids';
import { createFleet, type Fleet } from '../support/fleetInProcess';
import { inProcessSettings } from '../support/switchInProcess';
import { createTestApp } from '../support/testApp';
import { endpoints } from '../../functions/endpoints';
import { HttpRequest } from '@azure/functions';

const twin = (n: number): string => `90e50000-0000-4000-8000-00000000010${n}`;
const DAY = 24 * 60;

let fleet: Fleet;
afterEach(() => fleet.close());

/** Adds guests who are like Ines, each with an address of their own. */
async function addTwins(count: number): Promise<void> {
  await fleet.tenant.change((state) => {
    const ines = JSON.stringify(state.users.find(({ id }) => id === guests.ines));
    for (let n = 1; n <= count; n += 1) {
      state.users.push(JSON.parse(ines.replaceAll(guests.ines, twin(n)).replaceAll('ines.duarte', `twin${n}`)));
    }
  });
}

const later = (method: string, path: string, seconds: number) => ({
  method,
  path,
  kind: 'status',
  status: 429,
  headers: { 'Retry-After': String(seconds) },
  body: { error: { code: 'TooManyRequests', message: 'later' } },
});

async function closeAsOperator(): Promise<unknown> {
  const request = new HttpRequest({
    method: 'POST',
    url: 'https://switch.example/api/controls/invite-breaker/close',
    headers: { 'Content-Type': 'application/json' },
    body: { string: JSON.stringify({ by: 'Grace', comment: 'Microsoft lifted it' }) },
  });
  const { records, deps } = fleet;
  const answer = await endpoints.closeInviteBreaker(request, {
    ...createTestApp().services,
    records,
    clock: deps.clock,
  });
  return JSON.parse(answer.body as string);
}

const summary = (name: string) => {
  const { phase, outcome, error } = fleet.row(name);
  return [phase, outcome, error?.code ?? null];
};
const userIds = async () => (await fleet.tenant.state()).users.map(({ id }) => id);
const invitationsSent = async () =>
  (await fleet.tenant.requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/invitations'))
    .length;
const heldBack = (name: string) => fleet.row(name).checks.find(({ id }) => id === 'invitation-held-back')?.ok;

it('the breaker opens amid five migrations: no deletion starts, and those after the purge finish when it is over', async () => {
  fleet = createFleet(inProcessSettings);
  await addTwins(3);
  // Two are past the purge and about to invite, one is about to be purged, one to be deleted; the fifth comes later.
  await fleet.tenant.control('PUT', 'faults', [
    later('POST', '/invitations$', 60),
    later('POST', '/invitations$', 60),
    later('DELETE', `/directory/deletedItems/${twin(1)}`, 900),
    later('DELETE', `/users/${twin(2)}`, 900),
  ]);
  await fleet.start('tomas', guests.tomas);
  await fleet.start('ines', guests.ines);
  await fleet.start('purging', twin(1));
  await fleet.start('deleting', twin(2));
  expect(['tomas', 'ines', 'purging', 'deleting'].map((name) => fleet.row(name).phase)).toEqual([
    'inviting',
    'inviting',
    'purging',
    'deleting',
  ]);
  await fleet.tenant.control('PUT', 'settings', { invitationsBlocked: true });

  await fleet.minutes(2);
  expect(isOpen(await readBreaker(fleet.records))).toBe(true);
  await fleet.start('late', twin(3));
  await fleet.minutes(20);
  expect(summary('purging')).toEqual(['ended', 'rejected', 'invitations-blocked']);
  expect(summary('deleting')).toEqual(['ended', 'rejected', 'invitations-blocked']);
  expect(summary('late')).toEqual(['ended', 'rejected', 'preflight-failed']);
  expect(await userIds()).toEqual(expect.arrayContaining([twin(1), twin(2), twin(3)]));

  // Three days: both keep trying, say so, and share a try a quarter of an hour at the most.
  const before = await invitationsSent();
  await fleet.minutes(3 * DAY, 5);
  const sent = (await invitationsSent()) - before;
  expect(sent).toBeGreaterThan(24);
  expect(sent).toBeLessThanOrEqual(4 * 72);
  for (const name of ['tomas', 'ines']) {
    expect(summary(name)).toEqual(['inviting', null, null]);
    expect(heldBack(name)).toBe(false);
  }

  // The block ends: a try gets through, which closes nothing. Then an operator closes the breaker.
  await fleet.tenant.control('PUT', 'settings', { invitationsBlocked: false });
  await fleet.minutes(65, 5);
  expect(['tomas', 'ines'].map((name) => fleet.row(name).phase)).toContain('awaitingRedemption');
  expect(isOpen(await readBreaker(fleet.records))).toBe(true);
  expect(await closeAsOperator()).toMatchObject({ state: 'closed', closedBy: 'Grace' });
  await fleet.minutes(65, 5);
  for (const name of ['tomas', 'ines']) {
    const { phase, invitation } = fleet.row(name);
    expect([phase, heldBack(name)]).toEqual(['awaitingRedemption', true]);
    const days = (Date.parse(invitation?.expiresAt ?? '') - Date.parse(invitation?.sentAt ?? '')) / 86_400_000;
    expect(days).toBeCloseTo(30, 5);
    await fleet.accept(name);
  }
  await fleet.minutes(30);
  expect(summary('ines')).toEqual(['ended', 'completed', null]);
  expect(summary('tomas')).toEqual(['ended', expect.stringMatching(/^completed/), null]);
  expect(fleet.row('tomas').access).toMatchObject({ failed: 0 });

  await fleet.start('again', twin(3));
  await fleet.minutes(2);
  expect(summary('again')).toEqual(['awaitingRedemption', null, null]);
});

it('of five that run at once with a budget of three, three delete; the others end as rejected with nothing changed', async () => {
  fleet = createFleet({ ...inProcessSettings, dailyBudget: 3 });
  await addTwins(5);
  const names = [1, 2, 3, 4, 5].map((n) => `m${n}`);
  await Promise.all(names.map((name, n) => fleet.start(name, twin(n + 1))));
  await fleet.minutes(5);
  const ended = names.filter((name) => fleet.row(name).phase === 'ended');
  expect(ended).toHaveLength(2);
  for (const name of ended) {
    const { outcome, guest, checks } = fleet.row(name);
    expect([outcome, checks.find(({ id }) => id === 'daily-budget-left')?.ok]).toEqual(['rejected', false]);
    expect(await userIds()).toContain(guest.oldId);
  }
  expect(fleet.records.deletions.size).toBe(3);
});
